"""Past runs of a task, read out of ML Metadata."""

import dataclasses
import datetime
from collections.abc import Iterable

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import Config
from pipeline.lineage.graph import ROLLED_BACK_TO
from pipeline.metadata_database import connection_of, database_errors, open_store

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
      schema_uri, profile_uri, data_blessing_uri, model_uri, evaluation_uri, blessing_uri, infra_blessing_uri,
        report_uri: folders of these artifacts; None where the run did not get there.
      blessed: whether the model passed its thresholds; None where it was not evaluated.
      infra_blessed: whether it passed on a server as well; None where it was not tried out.
      pushed_to, pushed_version: folder and version of the pushed model; None where nothing was pushed.
      rolled_back_to: the older version whose model was pushed again; None where the run is no roll-back.
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
    report_uri: str | None
    blessed: bool | None
    infra_blessed: bool | None
    pushed_to: str | None
    pushed_version: str | None
    rolled_back_to: str | None

    @property
    def state(self) -> str:
        """The run's own state: that of its least fortunate component."""
        states = set(self.nodes.values())
        return next((state for state in ("failed", "running") if state in states), "completed")


def read_runs(config: Config) -> list[Run]:
    """All runs of a task, oldest first; none before the first one.

    Raises:
      MetadataError: the database of ML Metadata cannot be reached.
    """
    store = open_store(config)
    if store is None:
        return []
    with database_errors(connection_of(config)):
        return runs_of(store, config.name)


def read_run(config: Config, run_id: str) -> Run:
    """One run of a task.

    Raises:
      KeyError: there is no such run.
      MetadataError: the database of ML Metadata cannot be reached.
    """
    store = open_store(config)
    with database_errors(connection_of(config)):
        found = runs_of(store, config.name, run_id) if store else []
    if not found:
        raise KeyError(f"task {config.name} has no run {run_id}")
    return found[0]


def runs_of(store: metadata_store.MetadataStore, pipeline: str, run_id: str | None = None) -> list[Run]:
    """Runs of a pipeline, oldest first: all, or that of an id. The store may hold those of others as well."""
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    if context is None:
        return []
    ours = {execution.id for execution in store.get_executions_by_context(context.id)}
    runs = []
    for run in sorted(store.get_contexts_by_type("pipeline_run"), key=lambda run: run.id):
        if run_id not in (None, run.name):
            continue
        executions = [each for each in store.get_executions_by_context(run.id) if each.id in ours]
        if executions:
            runs.append(_read(store, run, sorted(executions, key=lambda execution: execution.id)))
    return runs


def _read(
    store: metadata_store.MetadataStore,
    context: metadata_store_pb2.Context,
    executions: list[metadata_store_pb2.Execution],
) -> Run:
    outputs = _outputs(store, [execution.id for execution in executions])
    model, evaluation, blessing, infra_blessing, pushed = (
        outputs.get(kind) for kind in ("Model", "ModelEvaluation", "ModelBlessing", "InfraBlessing", "PushedModel")
    )
    schema, profile, data_blessing, report = (
        outputs.get(kind)
        for kind in ("Schema", "components.TextProfile", "components.DataBlessing", "components.RunReport")
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
        report_uri=report.uri if report else None,
        blessed=blessing.custom_properties["blessed"].int_value == 1 if blessing else None,
        infra_blessed=infra_blessing.custom_properties["blessed"].int_value == 1 if infra_blessing else None,
        pushed_to=pushed.custom_properties["pushed_destination"].string_value if was_pushed else None,
        pushed_version=pushed.custom_properties["pushed_version"].string_value if was_pushed else None,
        rolled_back_to=pushed.custom_properties[ROLLED_BACK_TO].string_value or None if was_pushed else None,
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
