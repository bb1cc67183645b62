"""Compiles a task's pipeline for Kubeflow Pipelines, version 2."""

from typing import Any

from pipeline.config import Config
from pipeline.create import create_pipeline
from pipeline.deploy_config import KubeflowConfig
from pipeline.placement import OnCluster, parameters_of
from pipeline.runners.cluster_errors import ClusterError
from pipeline.runners.cluster_limits import check_kubernetes_labels, check_spec, check_spec_size
from pipeline.runners.cluster_spec import beam_on_cluster, compile_job, containers, set_parameters, set_resources

_KEY = "deploy.kubeflow"


def compile_for_kubeflow(config: Config) -> list[dict[str, Any]]:
    """Compiles a task's pipeline.

    Returns:
      The documents of the YAML file that Kubeflow takes: the pipeline's specification, of schema 2.1; and, where
      `deploy.kubeflow` has labels or volumes, what Kubernetes does with its pods.

    Raises:
      ClusterError: the configuration has no `deploy.kubeflow`, or a limit of the target is passed.
    """
    kubeflow = config.deploy.kubeflow
    if kubeflow is None:
        raise ClusterError(f"{_KEY}: this section is needed, with at least {_KEY}.image")
    check_kubernetes_labels(kubeflow.labels, f"{_KEY}.labels")
    parameters = parameters_of(config, kubeflow.data, kubeflow.push_to)
    place = OnCluster(parameters, kubeflow.pipeline_root or "", config, beam_on_cluster(config, "kubeflow"))
    spec = compile_job(create_pipeline(config, place), kubeflow.image)["pipelineSpec"]
    set_parameters(spec, parameters)
    set_resources(spec, kubeflow.resources, f"{_KEY}.resources")
    if kubeflow.pipeline_root is not None:
        spec["defaultPipelineRoot"] = kubeflow.pipeline_root
    check_spec(spec)
    check_spec_size(spec)
    platform = _platform(spec, kubeflow)
    return [spec, platform] if platform else [spec]


def _platform(spec: dict[str, Any], kubeflow: KubeflowConfig) -> dict[str, Any] | None:
    """The PlatformSpec of Kubernetes; None where there is nothing to say."""
    pod: dict[str, Any] = {}
    if kubeflow.labels:
        pod["podMetadata"] = {"labels": dict(kubeflow.labels)}
    if kubeflow.volumes:
        pod["pvcMount"] = [{"constant": volume.claim, "mountPath": volume.mount_path} for volume in kubeflow.volumes]
    if not pod:
        return None
    labels = [spec["components"][name]["executorLabel"] for name in containers(spec)]
    return {"platforms": {"kubernetes": {"deploymentSpec": {"executors": dict.fromkeys(labels, pod)}}}}
