"""Past runs of a task, read out of ML Metadata."""

import dataclasses
import datetime
from collections.abc import Iterable
from pathlib import Path

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

_STATES = {
    metadata_store_pb2.Execution.COMPLETE: "completed",
    metadata_store_pb2.Execution.CACHED: "cached",
    metadata_store_pb2.Execution.FAILED: "failed",
    metadata_store_pb2.Execution.RUNNING: "running",
}


@dataclasses.dataclass(frozen=True)
class Run:
    """One run of a pipeline, and what it left.

    Attributes:
      run_id: name of the run.
      started: when it began, in UTC.
      nodes: state of each component that was reached: completed, cached, failed, or running (then it was killed, or
        is at work now).
      schema_uri, profile_uri, data_blessing_uri, model_uri, evaluation_uri, blessing_uri, infra_blessing_uri: folders
        of these artifacts; None where the run did not get there.
      blessed: whether the model passed its thresholds; None where it was not evaluated.
      infra_blessed: whether it passed on a server as well; None where it was not tried out.
      pushed_to, pushed_version: folder and version of the pushed model; None where nothing was pushed.
    """

    run_id: str
    started: datetime.datetime
    nodes: dict[str, str]
    schema_uri: str | None
    profile_uri: str | None
    data_blessing_uri: str | None
    model_uri: str | None
    evaluation_uri: str | None
    blessing_uri: str | None
    infra_blessing_uri: str | None
    blessed: bool | None
    infra_blessed: bool | None
    pushed_to: str | None
    pushed_version: str | None

    @property
    def state(self) -> str:
        """The run's own state: that of its least fortunate component."""
        states = set(self.nodes.values())
        return next((state for state in ("failed", "running") if state in states), "completed")


def read_runs(metadata_path: Path) -> list[Run]:
    """All runs of a task, oldest first.

    Args:
      metadata_path: SQLite file of ML Metadata; where there is none there were no runs.
    """
    if not metadata_path.exists():
        return []
    store = _open(metadata_path)
    contexts = store.get_contexts_by_type("pipeline_run")
    return [_read(store, context) for context in sorted(contexts, key=lambda context: context.id)]


def read_run(metadata_path: Path, run_id: str) -> Run:
    """One run.

    Raises:
      KeyError: there is no such run.
    """
    store = _open(metadata_path)
    context = store.get_context_by_type_and_name("pipeline_run", run_id)
    if context is None:
        raise KeyError(f"{metadata_path} knows no run {run_id}")
    return _read(store, context)


def _open(metadata_path: Path) -> metadata_store.MetadataStore:
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(metadata_path)
    config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE
    return metadata_store.MetadataStore(config)


def _read(store: metadata_store.MetadataStore, context: metadata_store_pb2.Context) -> Run:
    executions = sorted(store.get_executions_by_context(context.id), key=lambda execution: execution.id)
    outputs = _outputs(store, [execution.id for execution in executions])
    model, evaluation, blessing, infra_blessing, pushed = (
        outputs.get(kind) for kind in ("Model", "ModelEvaluation", "ModelBlessing", "InfraBlessing", "PushedModel")
    )
    schema, profile, data_blessing = (
        outputs.get(kind) for kind in ("Schema", "components.TextProfile", "components.DataBlessing")
    )
    was_pushed = pushed is not None and pushed.custom_properties["pushed"].int_value == 1
    return Run(
        run_id=context.name,
        started=datetime.datetime.fromtimestamp(context.create_time_since_epoch / 1000, datetime.timezone.utc),
        nodes={
            _node_name(store, execution): _STATES.get(execution.last_known_state, "unknown") for execution in executions
        },
        schema_uri=schema.uri if schema else None,
        profile_uri=profile.uri if profile else None,
        data_blessing_uri=data_blessing.uri if data_blessing else None,
        model_uri=model.uri if model else None,
        evaluation_uri=evaluation.uri if evaluation else None,
        blessing_uri=blessing.uri if blessing else None,
        infra_blessing_uri=infra_blessing.uri if infra_blessing else None,
        blessed=blessing.custom_properties["blessed"].int_value == 1 if blessing else None,
        infra_blessed=infra_blessing.custom_properties["blessed"].int_value == 1 if infra_blessing else None,
        pushed_to=pushed.custom_properties["pushed_destination"].string_value if was_pushed else None,
        pushed_version=pushed.custom_properties["pushed_version"].string_value if was_pushed else None,
    )


def _outputs(
    store: metadata_store.MetadataStore, execution_ids: Iterable[int]
) -> dict[str, metadata_store_pb2.Artifact]:
    """The last artifact of each type that the executions wrote or took from the cache; a Resolver's are inputs."""
    written = {
        event.artifact_id
        for event in store.get_events_by_execution_ids(execution_ids)
        if event.type == metadata_store_pb2.Event.OUTPUT
    }
    artifacts = sorted(store.get_artifacts_by_id(written), key=lambda artifact: artifact.id)
    return {artifact.type: artifact for artifact in artifacts}


def _node_name(store: metadata_store.MetadataStore, execution: metadata_store_pb2.Execution) -> str:
    contexts = store.get_contexts_by_execution(execution.id)
    name = next(context.name for context in contexts if context.type == "node")
    return name.rpartition(".")[2]
