"""Which artifacts nothing needs any more, and how they are deleted."""

import dataclasses
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.model_versions import PUSHED_MODEL_ID, newest_version
from pipeline.config import Config
from pipeline.lineage.graph import DATA_BLESSING, Artifact, Graph, Step
from pipeline.lineage.trace import COMPARED_WITH
from pipeline.roll_back import NODE as ROLL_BACK
from pipeline.workspace import Workspace

_JUDGED = "current_model_id"
# Kept, but not what it came of: a finished model needs the data of those before it no more.
_BASE_MODEL = "base_model"
_NOT_FOLLOWED = COMPARED_WITH | {_BASE_MODEL}


@dataclasses.dataclass(frozen=True)
class Doomed:
    """An artifact that goes: what made it, and how many bytes its folder has."""

    artifact: Artifact
    node: str
    run_id: str
    bytes: int


def doomed(graph: Graph, config: Config, keep: int) -> list[Doomed]:
    """What can be deleted, the oldest first.

    Kept is all that was read or written by the runs that trained, judged or pushed the models to keep, and by the
    newest run, and all that this came of. Models to keep are the newest that were blessed, the newest that were pushed,
    and the one that is served.

    Args:
      graph: of the task.
      config: the task.
      keep: how many blessed models, and how many pushed ones, are kept; at least 1.
    """
    workspace = Workspace.of(config)
    needed = _needed(graph, workspace.served, keep)
    in_use = {graph.artifacts[number].uri for number in needed}
    found = []
    for artifact in graph.artifacts.values():
        folder = Path(artifact.uri)
        # Files elsewhere are not the task's own.
        if workspace.artifacts not in folder.parents or not folder.exists():
            continue
        # What is not live, but still there, an interrupted call has left.
        if not artifact.live or (artifact.id not in needed and artifact.uri not in in_use):
            maker = graph.maker(artifact.id)
            found.append(
                Doomed(artifact, maker.node if maker else "", maker.run_id if maker else "", folder_bytes(folder))
            )
    return found


def delete(store: metadata_store.MetadataStore, artifacts: Iterable[Artifact]) -> Iterator[Artifact]:
    """Deletes folders of artifacts, and records that they are deleted.

    All are marked first, in one transaction: from then on no run takes any of them, whole or half-deleted, from the
    cache. What an interrupted call has left is found by `doomed` again.

    Yields:
      Each artifact when it is gone.
    """
    artifacts = list(artifacts)
    _set_state(store, artifacts, metadata_store_pb2.Artifact.MARKED_FOR_DELETION)
    for artifact in artifacts:
        folder = Path(artifact.uri)
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        _set_state(store, [artifact], metadata_store_pb2.Artifact.DELETED)
        yield artifact


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder."""
    files = [folder] if folder.is_file() else folder.rglob("*")
    return sum(path.lstat().st_size for path in files if path.is_file() or path.is_symlink())


def _set_state(
    store: metadata_store.MetadataStore, artifacts: list[Artifact], state: metadata_store_pb2.Artifact.State
) -> None:
    stored = store.get_artifacts_by_id([artifact.id for artifact in artifacts])
    for each in stored:
        each.state = state
    store.put_artifacts(stored)


def _needed(graph: Graph, served: Path, keep: int) -> set[int]:
    """Ids of all artifacts to keep."""
    models = _models_to_keep(graph, served, keep)
    steps = list(graph.steps.values())
    newest = {step.run_id for step in [step for step in steps if step.node != ROLL_BACK][-1:]}
    runs = {step.run_id for step in steps if _made_or_judged(step, models)} | newest
    waiting = models | {push.id for push in graph.pushes() if push.properties.get(PUSHED_MODEL_ID) in models}
    leaves = _last_data_that_passed(graph)
    for step in steps:
        if step.run_id in runs:
            waiting |= step.all_outputs | _followed(step)
        if step.run_id in newest:
            leaves |= step.all_inputs
    needed: set[int] = set()
    while waiting:
        number = waiting.pop()
        needed.add(number)
        maker = graph.maker(number)
        if maker:
            # The cache wants all outputs of a step, or none.
            waiting |= (maker.all_outputs | _followed(maker)) - needed
            leaves |= set(maker.inputs.get(_BASE_MODEL, ()))
    # A model to compare with is found by its blessing.
    return needed | leaves | {each.id for each in _blessings(graph) if each.properties.get(_JUDGED) in leaves}


def _followed(step: Step) -> set[int]:
    return {each for key, ids in step.inputs.items() if key not in _NOT_FOLLOWED for each in ids}


def _made_or_judged(step: Step, models: set[int]) -> bool:
    """Whether a step made or read, as its model, one of these, and was not taken from the cache."""
    return step.state != "cached" and bool(models & (step.all_outputs | set(step.inputs.get("model", ()))))


def _models_to_keep(graph: Graph, served: Path, keep: int) -> set[int]:
    """Ids of models."""
    blessed = [blessing.properties.get(_JUDGED, 0) for blessing in _blessings(graph)]
    pushes = graph.pushes()
    pushed = [push.properties.get(PUSHED_MODEL_ID, 0) for push in pushes]
    newest = str(newest_version(served))
    is_served = [
        push.properties.get(PUSHED_MODEL_ID, 0) for push in pushes if str(push.properties["pushed_version"]) == newest
    ]
    return ({*_newest(blessed, keep), *_newest(pushed, keep), *is_served} & graph.artifacts.keys()) - {0}


def _blessings(graph: Graph) -> list[Artifact]:
    """Of models that passed."""
    blessings = [artifact for artifact in graph.artifacts.values() if artifact.kind == "ModelBlessing"]
    return [blessing for blessing in blessings if blessing.properties.get("blessed") == 1]


def _newest(models: list[int], keep: int) -> list[int]:
    """The last different ones; a model that was pushed or blessed again counts where it was so last."""
    return list(dict.fromkeys(reversed(models)))[:keep]


def _last_data_that_passed(graph: Graph) -> set[int]:
    """The last data blessing and its profile, which the next run's data is compared with."""
    blessings = [artifact for artifact in graph.artifacts.values() if artifact.kind == DATA_BLESSING]
    return {blessings[-1].id, blessings[-1].properties["profile_id"]} if blessings else set()
