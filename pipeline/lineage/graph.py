"""All steps and artifacts of a pipeline, and which step read and wrote which artifact."""

import dataclasses
import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf import json_format
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

PUSHED_MODEL = "PushedModel"
DATA_BLESSING = "components.DataBlessing"
# Property of a push that is a roll-back: the version whose model was pushed again.
ROLLED_BACK_TO = "rolled_back_to"

_STATES = {
    metadata_store_pb2.Execution.COMPLETE: "completed",
    metadata_store_pb2.Execution.CACHED: "cached",
    metadata_store_pb2.Execution.FAILED: "failed",
    metadata_store_pb2.Execution.RUNNING: "running",
}


@dataclasses.dataclass(frozen=True)
class Artifact:
    """Something that a step wrote.

    Attributes:
      id: its number in ML Metadata.
      kind: its type, as `Model`.
      uri: its folder.
      live: whether it is complete, and has not been deleted.
      properties: what is recorded of it.
    """

    id: int
    kind: str
    uri: str
    live: bool
    properties: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Step:
    """One execution of a component.

    Attributes:
      id: its number in ML Metadata.
      node: name of the component.
      run_id: the run that it was part of.
      state: completed, cached, failed, running (then it was killed, or is at work now), or unknown.
      started: in UTC.
      settings: its execution properties.
      inputs, outputs: ids of artifacts by the names that the component has for them.
    """

    id: int
    node: str
    run_id: str
    state: str
    started: datetime.datetime
    settings: Mapping[str, Any]
    inputs: Mapping[str, tuple[int, ...]]
    outputs: Mapping[str, tuple[int, ...]]

    @property
    def successful(self) -> bool:
        """Whether it came to its end, or was taken from the cache."""
        return self.state in ("completed", "cached")

    @property
    def all_inputs(self) -> set[int]:
        """Ids of all artifacts that it read."""
        return {each for ids in self.inputs.values() for each in ids}

    @property
    def all_outputs(self) -> set[int]:
        """Ids of all artifacts that it wrote, or took from the cache."""
        return {each for ids in self.outputs.values() for each in ids}


class Graph:
    """Steps and artifacts of a pipeline by their ids, in the order in which they came to be."""

    def __init__(self, steps: Iterable[Step], artifacts: Iterable[Artifact]):
        self.steps = {step.id: step for step in sorted(steps, key=lambda step: step.id)}
        self.artifacts = {artifact.id: artifact for artifact in sorted(artifacts, key=lambda artifact: artifact.id)}
        self._makers: dict[int, Step] = {}
        for step in self.steps.values():
            for artifact in step.all_outputs if step.successful else ():
                self._makers.setdefault(artifact, step)

    def maker(self, artifact: int) -> Step | None:
        """The step that wrote an artifact: the first of those that have it, the others took it from the cache."""
        return self._makers.get(artifact)

    def of_run(self, run_id: str) -> list[Step]:
        """Steps of a run, in their order."""
        return [step for step in self.steps.values() if step.run_id == run_id]

    def pushes(self) -> list[Artifact]:
        """Models that were pushed, the earliest first."""
        return [
            artifact
            for artifact in self.artifacts.values()
            if artifact.kind == PUSHED_MODEL and artifact.properties.get("pushed") == 1
        ]


def read_graph(store: metadata_store.MetadataStore, pipeline: str, run_id: str | None = None) -> Graph:
    """Reads what ML Metadata has of a pipeline, or of one of its runs; nothing where there is no such pipeline."""
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    executions = store.get_executions_by_context(context.id) if context else []
    runs = _contexts_of(store, "pipeline_run", {execution.id for execution in executions})
    executions = [execution for execution in executions if run_id in (None, runs.get(execution.id))]
    ids = [execution.id for execution in executions]
    nodes = _contexts_of(store, "node", set(ids))
    events = defaultdict(list)
    for event in store.get_events_by_execution_ids(ids) if ids else []:
        events[event.execution_id].append(event)
    artifacts = store.get_artifacts_by_id({event.artifact_id for found in events.values() for event in found})
    return Graph(
        [
            _step(
                each, nodes.get(each.id, each.type).removeprefix(f"{pipeline}."), runs.get(each.id, ""), events[each.id]
            )
            for each in executions
        ],
        [_artifact(each) for each in artifacts],
    )


def _contexts_of(store: metadata_store.MetadataStore, kind: str, executions: set[int]) -> dict[int, str]:
    """Names of the contexts of a kind, by the executions that are in them."""
    names = {}
    for context in store.get_contexts_by_type(kind):
        for execution in store.get_executions_by_context(context.id):
            if execution.id in executions:
                names[execution.id] = context.name
    return names


def _step(
    execution: metadata_store_pb2.Execution, node: str, run_id: str, events: list[metadata_store_pb2.Event]
) -> Step:
    inputs, outputs = defaultdict(list), defaultdict(list)
    for event in events:
        side = {metadata_store_pb2.Event.INPUT: inputs, metadata_store_pb2.Event.OUTPUT: outputs}.get(event.type)
        if side is not None:
            side[event.path.steps[0].key].append(event.artifact_id)
    return Step(
        id=execution.id,
        node=node,
        run_id=run_id,
        state=_STATES.get(execution.last_known_state, "unknown"),
        started=datetime.datetime.fromtimestamp(execution.create_time_since_epoch / 1000, datetime.timezone.utc),
        settings=_values(execution.custom_properties),
        inputs={key: tuple(ids) for key, ids in inputs.items()},
        outputs={key: tuple(ids) for key, ids in outputs.items()},
    )


def _artifact(artifact: metadata_store_pb2.Artifact) -> Artifact:
    return Artifact(
        id=artifact.id,
        kind=artifact.type,
        uri=artifact.uri,
        live=artifact.state == metadata_store_pb2.Artifact.LIVE,
        properties={**_values(artifact.properties), **_values(artifact.custom_properties)},
    )


def _values(properties: Mapping[str, metadata_store_pb2.Value]) -> dict[str, Any]:
    return {name: _value(value) for name, value in sorted(properties.items())}


def _value(value: metadata_store_pb2.Value) -> Any:
    kind = value.WhichOneof("value")
    content = getattr(value, kind)
    return json_format.MessageToDict(content) if kind in ("struct_value", "proto_value") else content
