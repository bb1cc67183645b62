"""Which engine runs the Beam pipelines where: on this machine, on Kubeflow Pipelines, or on Vertex AI."""

from typing import Literal

from pipeline.beam_arguments import EngineError, beam_arguments
from pipeline.beam_config import BEAM_COMPONENTS, BeamConfig, DataflowConfig, EngineConfig
from pipeline.config import Config
from pipeline.deploy_config import VertexConfig

Place = Literal["local", "kubeflow", "vertex"]


def arguments_by_component(config: Config, place: Place, wheel: str | None = None) -> dict[str, list[str]]:
    """Beam's pipeline options of every component that runs Beam.

    Args:
      config: the task.
      place: where the components run.
      wheel: path of the package's wheel; None: there is none.

    Raises:
      EngineError: an engine cannot be used there; the message names the key.
    """
    key, beam = _section(config, place)
    arguments = {}
    for component in BEAM_COMPONENTS:
        engine = beam.engine_of(component)
        try:
            if place == "vertex":
                engine = _with_defaults(engine, config.deploy.vertex)
            if place == "local" and engine.engine == "dataflow":
                raise EngineError(
                    f"engine is 'dataflow', whose workers do not see {config.workspace}: for Vertex AI set it in"
                    " deploy.vertex.beam"
                )
            arguments[component] = beam_arguments(engine, wheel)
        except EngineError as error:
            own = f".per_component.{component}" if component in beam.per_component else ""
            raise EngineError(f"{key}{own}: {error}") from None
    return arguments


def _section(config: Config, place: Place) -> tuple[str, BeamConfig]:
    cluster = getattr(config.deploy, place) if place != "local" else None
    if cluster is None or cluster.beam is None:
        return "beam", config.beam
    return f"deploy.{place}.beam", cluster.beam


def _with_defaults(engine: EngineConfig, vertex: VertexConfig) -> EngineConfig:
    """Dataflow in the project, region and image of Vertex AI, where it is not told others."""
    if engine.engine != "dataflow":
        return engine
    dataflow = engine.dataflow or DataflowConfig()
    defaults = {
        "project": vertex.project,
        "region": vertex.region,
        "temp_location": f"{vertex.pipeline_root.rstrip('/')}/dataflow",
        "image": vertex.image,
        "service_account": vertex.service_account,
    }
    missing = {key: value for key, value in defaults.items() if getattr(dataflow, key) is None}
    labels = {**vertex.labels, **dataflow.labels}
    return engine.model_copy(update={"dataflow": dataflow.model_copy(update={**missing, "labels": labels})})
