"""Where a pushed model comes from."""

import dataclasses
import datetime
import hashlib
import json
from pathlib import Path
from typing import Any

from pipeline.lineage.graph import DATA_BLESSING, ROLLED_BACK_TO, Artifact, Graph, Step
from pipeline.lineage.settings import code_version, recorded_config, unpacked

# What a step only compares with is named, but what that came of is not followed.
COMPARED_WITH = frozenset({"baseline_model", "baseline_profile"})
_MODEL = "Model"


class UnknownVersionError(ValueError):
    """No such version was pushed; the message names those that were."""


@dataclasses.dataclass(frozen=True)
class Lineage:
    """A pushed version, and all that led to it.

    Attributes:
      pushed: the model that was pushed.
      steps: what led to it, in the order in which it ran.
      artifacts: what these steps read and wrote, by their ids.
    """

    pushed: Artifact
    steps: tuple[Step, ...]
    artifacts: dict[int, Artifact]

    @property
    def version(self) -> str:
        """The number of the version."""
        return str(self.pushed.properties["pushed_version"])

    @property
    def run_id(self) -> str:
        """The run that pushed it."""
        return self.steps[-1].run_id

    def step(self, node: str) -> Step | None:
        """The last of the steps of a component."""
        return next((step for step in reversed(self.steps) if step.node == node), None)

    def artifact(self, node: str, key: str) -> Artifact | None:
        """What the last step of a component wrote under a name."""
        step = self.step(node)
        ids = step.outputs.get(key, ()) if step else ()
        return self.artifacts[ids[0]] if ids else None


@dataclasses.dataclass(frozen=True)
class DataFile:
    """A file that was read; `changed` is the time of its last change, in UTC."""

    path: str
    bytes: int
    changed: datetime.datetime


def find_push(graph: Graph, version: str | None = None) -> Artifact:
    """The push of a version, or the last one.

    Raises:
      UnknownVersionError: there is none.
    """
    pushes = graph.pushes()
    found = [push for push in pushes if version in (None, str(push.properties["pushed_version"]))]
    if not found:
        told = ", ".join(str(push.properties["pushed_version"]) for push in pushes) or "none"
        raise UnknownVersionError(f"version {version} was never pushed; pushed versions: {told}")
    return found[-1]


def trace(graph: Graph, pushed: Artifact) -> Lineage:
    """Follows a pushed model back to the files of the data, and to the gate that these passed."""
    steps: dict[int, Step] = {}
    waiting = [pushed.id]
    while waiting:
        step = graph.maker(waiting.pop())
        if step and step.id not in steps:
            steps[step.id] = step
            waiting += [each for key, ids in step.inputs.items() if key not in COMPARED_WITH for each in ids]
            if _kinds(graph, step) & {_MODEL}:
                waiting += _data_blessings(graph, step.run_id)
    ordered = tuple(steps[number] for number in sorted(steps))
    ids = {each for step in ordered for each in step.all_inputs | step.all_outputs}
    return Lineage(pushed, ordered, {number: graph.artifacts[number] for number in sorted(ids)})


def _data_blessings(graph: Graph, run_id: str) -> list[int]:
    """Training reads nothing of the gate, but waits for it."""
    written = {each for step in graph.of_run(run_id) for each in step.all_outputs}
    return [each for each in written if graph.artifacts[each].kind == DATA_BLESSING]


def _kinds(graph: Graph, step: Step) -> set[str]:
    return {graph.artifacts[each].kind for each in step.all_outputs}


def data_files(examples: Artifact) -> list[DataFile]:
    """The files that examples were read from, as they were then."""
    files = []
    for line in str(examples.properties.get("input_fingerprint", "")).splitlines():
        # Name of the pattern, path, bytes, seconds since 1970; a path may have spaces.
        path, size, seconds = line.partition(" ")[2].rsplit(" ", 2)
        changed = datetime.datetime.fromtimestamp(float(seconds), datetime.timezone.utc)
        files.append(DataFile(path, int(size), changed))
    return files


def content_hash(path: Path) -> str | None:
    """SHA-256 of a file as hex; None where it is gone."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def vocabulary_files(transform_graph: Artifact) -> list[Path]:
    """The files of the vocabularies, as Transform wrote them; none where they are gone."""
    return sorted(Path(transform_graph.uri).glob("transform_fn/assets/*"))


def summary(lineage: Lineage) -> dict[str, Any]:
    """The lineage as plain values, for JSON and tables; what is unknown is None."""
    examples = lineage.artifact("ParallelTextExampleGen", "examples")
    schema = lineage.artifact("TextSchemaGen", "schema")
    transform_graph = lineage.artifact("Transform", "transform_graph")
    return {
        "version": lineage.version,
        "folder": lineage.pushed.properties["pushed_destination"],
        "pushed": lineage.steps[-1].started.isoformat(timespec="seconds"),
        "run": lineage.run_id,
        "rolled_back_to": lineage.pushed.properties.get(ROLLED_BACK_TO),
        "model": _of_model(lineage),
        "evaluation": _of_evaluation(lineage),
        "data": _of_data(lineage, examples) if examples else None,
        "schema": _of_schema(lineage, schema) if schema else None,
        "vocabulary": [
            {"file": str(path), "sha256": content_hash(path)}
            for path in (vocabulary_files(transform_graph) if transform_graph else [])
        ],
        "code": {step.node: version for step in lineage.steps if (version := code_version(step))},
        "config": recorded_config(lineage.steps),
    }


def _of_model(lineage: Lineage) -> dict[str, Any] | None:
    model, trainer = lineage.artifact("Trainer", "model"), lineage.step("Trainer")
    if model is None:
        return None
    bases = [lineage.artifacts[number].uri for number in trainer.inputs.get("base_model", ())]
    return {
        "uri": model.uri,
        "trained": trainer.started.isoformat(timespec="seconds"),
        "run": trainer.run_id,
        "warm_start_from": bases[0] if bases else None,
    }


def _of_evaluation(lineage: Lineage) -> dict[str, Any] | None:
    evaluation, blessing = lineage.artifact("Evaluator", "evaluation"), lineage.artifact("Evaluator", "blessing")
    if blessing is None:
        return None
    on_server = lineage.artifact("ServingValidator", "blessing")
    baselines = [lineage.artifacts[each].uri for each in lineage.step("Evaluator").inputs.get("baseline_model", ())]
    return {
        "uri": evaluation.uri if evaluation else None,
        "run": lineage.step("Evaluator").run_id,
        "blessed": blessing.properties.get("blessed") == 1,
        "compared_with": baselines[0] if baselines else None,
        "blessed_on_server": on_server.properties.get("blessed") == 1 if on_server else None,
    }


def _of_data(lineage: Lineage, examples: Artifact) -> dict[str, Any]:
    settings = unpacked(lineage.step("ParallelTextExampleGen"))
    passed = lineage.artifact("DataGate", "blessing")
    return {
        "uri": examples.uri,
        "run": lineage.step("ParallelTextExampleGen").run_id,
        "passed_gate": passed.uri if passed else None,
        "folder": settings["input_base"],
        "span": examples.properties.get("span"),
        "version": examples.properties.get("version"),
        "splits": json.loads(examples.properties["split_names"]),
        "inputs": settings["custom_config"]["custom_config"]["value"]["data"]["inputs"],
        "files": [
            {"path": file.path, "bytes": file.bytes, "changed": file.changed.isoformat(timespec="seconds")}
            for file in data_files(examples)
        ],
    }


def _of_schema(lineage: Lineage, schema: Artifact) -> dict[str, Any]:
    return {
        "uri": schema.uri,
        "reviewed": bool(lineage.step("TextSchemaGen").settings.get("reviewed")),
        "sha256": content_hash(Path(schema.uri, "schema.pbtxt")),
    }
