"""An older pushed model becomes the served one again: under a new version, and recorded as an execution of its own."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.model_versions import PUSHED_MODEL_ID, add_version, newest_version
from pipeline.config import Config
from pipeline.lineage.graph import PUSHED_MODEL, ROLLED_BACK_TO, Artifact, Graph
from pipeline.run_id import new_run_id
from pipeline.workspace import Workspace

NODE = "RollBack"

_SAVED_MODEL = "saved_model.pb"
_KEY = "pushed_model"


class RollBackError(ValueError):
    """A version cannot be served again; the message says why, and which can."""


class Pushed(NamedTuple):
    """A new version, and the run under which it is recorded."""

    folder: Path
    run_id: str


def roll_back(store: metadata_store.MetadataStore, graph: Graph, config: Config, version: str) -> Pushed:
    """Adds the model of an older version as the newest one.

    Args:
      store: where the graph was read from, and the roll-back is recorded.
      graph: of the task.
      config: the task.
      version: number of a version that was pushed.

    Raises:
      RollBackError: the version was never pushed, is served already, or its model is gone.
      OSError: it cannot be copied; then nothing has changed.
    """
    workspace = Workspace.of(config)
    old = _find(graph, workspace.served, version)
    run_id = new_run_id()
    with _recorded(store, config.name, run_id, old) as execution:
        # As in a run, the copy for the records comes first: once the version is there, nothing is left to fail.
        record = workspace.artifacts / NODE / _KEY / str(execution.id)
        try:
            shutil.copytree(old.uri, record)
            folder = add_version(record, workspace.served)
        except BaseException:  # Ctrl-C too
            shutil.rmtree(record, ignore_errors=True)
            raise
        _publish(store, config.name, run_id, execution, _artifact(store, old, record, folder))
    return Pushed(folder, run_id)


def _find(graph: Graph, served: Path, version: str) -> Artifact:
    pushes = {str(push.properties["pushed_version"]): push for push in graph.pushes()}
    newest = pushes.get(str(newest_version(served)))
    usable = {
        number: push
        for number, push in pushes.items()
        if push.live
        and Path(push.uri, _SAVED_MODEL).is_file()
        and (newest is None or push.properties.get(PUSHED_MODEL_ID) != newest.properties.get(PUSHED_MODEL_ID))
    }
    if version in usable:
        return usable[version]
    if version not in pushes:
        why = f"version {version} is none that was blessed and pushed"
    elif newest and pushes[version].properties.get(PUSHED_MODEL_ID) == newest.properties.get(PUSHED_MODEL_ID):
        why = f"the model of version {version} is served already, as version {newest.properties['pushed_version']}"
    else:
        why = f"the model of version {version} is gone"
    raise RollBackError(f"{why}; versions that can be pushed again: {', '.join(usable) or 'none'}")


@contextlib.contextmanager
def _recorded(
    store: metadata_store.MetadataStore, pipeline: str, run_id: str, old: Artifact
) -> Iterator[metadata_store_pb2.Execution]:
    """An execution that is running while the block is, and has failed where the block does."""
    kind = metadata_store_pb2.ExecutionType(name="pipeline.roll_back.RollBack")
    execution = metadata_store_pb2.Execution(
        type_id=store.put_execution_type(kind), last_known_state=metadata_store_pb2.Execution.RUNNING
    )
    execution.custom_properties["version"].string_value = str(old.properties["pushed_version"])
    [stored] = store.get_artifacts_by_id([old.id])
    execution.id, _, _ = store.put_execution(
        execution, [(stored, _event(metadata_store_pb2.Event.INPUT))], _contexts(store, pipeline, run_id)
    )
    try:
        yield execution
    except BaseException:  # Ctrl-C too
        execution.last_known_state = metadata_store_pb2.Execution.FAILED
        store.put_executions([execution])
        raise


def _publish(
    store: metadata_store.MetadataStore,
    pipeline: str,
    run_id: str,
    execution: metadata_store_pb2.Execution,
    pushed: metadata_store_pb2.Artifact,
) -> None:
    execution.last_known_state = metadata_store_pb2.Execution.COMPLETE
    store.put_execution(
        execution, [(pushed, _event(metadata_store_pb2.Event.OUTPUT))], _contexts(store, pipeline, run_id)
    )


def _artifact(
    store: metadata_store.MetadataStore, old: Artifact, record: Path, folder: Path
) -> metadata_store_pb2.Artifact:
    artifact = metadata_store_pb2.Artifact(
        type_id=store.get_artifact_type(PUSHED_MODEL).id, uri=str(record), state=metadata_store_pb2.Artifact.LIVE
    )
    properties = artifact.custom_properties
    properties["pushed"].int_value = 1
    properties["pushed_destination"].string_value = str(folder)
    properties["pushed_version"].string_value = folder.name
    properties[PUSHED_MODEL_ID].int_value = old.properties[PUSHED_MODEL_ID]
    properties[ROLLED_BACK_TO].string_value = str(old.properties["pushed_version"])
    return artifact


def _event(kind: metadata_store_pb2.Event.Type) -> metadata_store_pb2.Event:
    event = metadata_store_pb2.Event(type=kind)
    event.path.steps.add(key=_KEY)
    event.path.steps.add(index=0)
    return event


def _contexts(store: metadata_store.MetadataStore, pipeline: str, run_id: str) -> list[metadata_store_pb2.Context]:
    """Those that TFX puts an execution in: pipeline, run and node."""
    contexts = []
    for kind, name in (("pipeline", pipeline), ("pipeline_run", run_id), ("node", f"{pipeline}.{NODE}")):
        known = store.get_context_by_type_and_name(kind, name)
        contexts.append(known or metadata_store_pb2.Context(type_id=store.get_context_type(kind).id, name=name))
    return contexts
