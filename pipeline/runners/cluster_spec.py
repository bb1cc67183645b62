"""The specification of a pipeline in the form of Kubeflow Pipelines v2, as Kubeflow and Vertex AI take it.

TFX compiles it; what TFX cannot say, or says so that the target does not understand it, is filled in here.
"""

from collections.abc import Mapping
from typing import Any, Literal

from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.kubeflow.v2 import kubeflow_v2_dag_runner

from components.example_gen.input_state import InputState
from components.pushed_model import NewestPushedModel
from components.pusher import AtomicPusher
from pipeline.beam_arguments import EngineError
from pipeline.beam_places import arguments_by_component
from pipeline.config import Config
from pipeline.deploy_config import ResourcesConfig
from pipeline.placement import ParameterDefault
from pipeline.runners.cluster_errors import ClusterError

# What these find changes without any of their inputs changing.
_NEVER_CACHED = (InputState, NewestPushedModel, AtomicPusher)

# All steps that have no entry of their own.
DEFAULT_STEP = "default"

_TYPES = {str: "STRING", int: "NUMBER_INTEGER"}


def beam_on_cluster(config: Config, cluster: Literal["kubeflow", "vertex"]) -> dict[str, list[str]]:
    """Beam's pipeline options of the components.

    Raises:
      ClusterError: an engine cannot be used there; the message names the key.
    """
    try:
        return arguments_by_component(config, cluster)
    except EngineError as error:
        raise ClusterError(str(error)) from error


def compile_job(pipeline: tfx_pipeline.Pipeline, image: str) -> dict[str, Any]:
    """Compiles a pipeline to a PipelineJob, in the form of its JSON.

    Args:
      pipeline: what `create_pipeline` made for a cluster.
      image: of the containers.
    """
    runner = kubeflow_v2_dag_runner.KubeflowV2DagRunner(
        kubeflow_v2_dag_runner.KubeflowV2DagRunnerConfig(default_image=image, use_pipeline_spec_2_1=True)
    )
    job = runner.run(pipeline, write_out=False)
    tasks = job["pipelineSpec"]["root"]["dag"]["tasks"]
    _name_producers(tasks)
    for component in pipeline.components:
        if isinstance(component, _NEVER_CACHED):
            tasks[component.id].pop("cachingOptions", None)
    return job


def set_parameters(spec: dict[str, Any], parameters: Mapping[str, ParameterDefault]) -> None:
    """Tells the parameters' defaults and what they mean, which TFX leaves out."""
    for name, parameter in parameters.items():
        definition = spec["root"]["inputDefinitions"]["parameters"][name]
        if definition["parameterType"] != _TYPES[parameter.kind]:
            raise ClusterError(f"parameter {name} was compiled to {definition['parameterType']}")
        definition["description"] = parameter.description
        if parameter.default is not None:
            definition["defaultValue"] = parameter.default


def set_resources(spec: dict[str, Any], resources: list[ResourcesConfig], key: str) -> None:
    """Gives the steps what the configuration says of CPU, memory and accelerators.

    Args:
      spec: the pipeline's.
      resources: one entry per step, and perhaps one for all others.
      key: of the resources in the configuration.

    Raises:
      ClusterError: there is no such step.
    """
    steps = spec["root"]["dag"]["tasks"]
    by_step = {entry.component: entry for entry in resources}
    for index, entry in enumerate(resources):
        if entry.component not in (*steps, DEFAULT_STEP):
            raise ClusterError(
                f"{key}.{index}.component is {entry.component!r}; the steps are {DEFAULT_STEP}, {', '.join(steps)}"
            )
    for name, container in containers(spec).items():
        entry = by_step.get(name, by_step.get(DEFAULT_STEP))
        if entry is not None and (limits := _limits(entry)):
            container["resources"] = limits


def containers(spec: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The containers of all steps, by the steps' names."""
    executors = spec["deploymentSpec"]["executors"]
    labels = {
        name: spec["components"][task["componentRef"]["name"]]["executorLabel"]
        for name, task in spec["root"]["dag"]["tasks"].items()
    }
    return {name: executors[label]["container"] for name, label in labels.items()}


def _limits(entry: ResourcesConfig) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if entry.cpu is not None:
        limits["cpuLimit"] = entry.cpu
    if entry.memory_gb is not None:
        limits["memoryLimit"] = entry.memory_gb
    if entry.accelerator is not None:
        limits["accelerator"] = {"type": entry.accelerator, "count": str(entry.accelerator_count)}
    return limits


def _name_producers(tasks: dict[str, Any]) -> None:
    """Lets parameters that come from another task name that task, and wait for it.

    TFX 1.16 names it with a `_task` at the end, as no task is called.
    """
    for task in tasks.values():
        for parameter in task.get("inputs", {}).get("parameters", {}).values():
            source = parameter.get("taskOutputParameter")
            if source is None:
                continue
            source["producerTask"] = source["producerTask"].removesuffix("_task")
            waits_for = {*task.get("dependentTasks", []), source["producerTask"]}
            task["dependentTasks"] = sorted(waits_for)
