"""Past runs of a task, read out of ML Metadata."""

import dataclasses
import datetime

from ml_metadata.metadata_store import metadata_store

from pipeline.config import Config
from pipeline.lineage.graph import DATA_BLESSING, PUSHED_MODEL, ROLLED_BACK_TO, Graph, Step, read_graph
from pipeline.metadata_database import connection_of, database_errors, open_store


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
    graph = read_graph(store, pipeline, run_id)
    # In the order in which they began.
    found = list(dict.fromkeys(step.run_id for step in graph.steps.values()))
    return [_read(graph, name, graph.of_run(name)) for name in found]


def _read(graph: Graph, run_id: str, steps: list[Step]) -> Run:
    # Of each kind the one that was written last, or taken from the cache; what a Resolver finds counts as read.
    written = {artifact for step in steps for artifact in step.all_outputs}
    outputs = {artifact.kind: artifact for artifact in graph.artifacts.values() if artifact.id in written}
    model, evaluation, blessing, infra_blessing, pushed = (
        outputs.get(kind) for kind in ("Model", "ModelEvaluation", "ModelBlessing", "InfraBlessing", PUSHED_MODEL)
    )
    schema, profile, data_blessing, report = (
        outputs.get(kind) for kind in ("Schema", "components.TextProfile", DATA_BLESSING, "components.RunReport")
    )
    was_pushed = pushed is not None and pushed.properties.get("pushed") == 1
    return Run(
        run_id=run_id,
        started=steps[0].started,
        nodes={step.node: step.state for step in steps},
        schema_uri=schema.uri if schema else None,
        profile_uri=profile.uri if profile else None,
        data_blessing_uri=data_blessing.uri if data_blessing else None,
        model_uri=model.uri if model else None,
        evaluation_uri=evaluation.uri if evaluation else None,
        blessing_uri=blessing.uri if blessing else None,
        infra_blessing_uri=infra_blessing.uri if infra_blessing else None,
        report_uri=report.uri if report else None,
        blessed=blessing.properties.get("blessed") == 1 if blessing else None,
        infra_blessed=infra_blessing.properties.get("blessed") == 1 if infra_blessing else None,
        pushed_to=pushed.properties["pushed_destination"] if was_pushed else None,
        pushed_version=pushed.properties["pushed_version"] if was_pushed else None,
        rolled_back_to=pushed.properties.get(ROLLED_BACK_TO) if was_pushed else None,
    )
