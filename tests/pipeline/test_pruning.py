"""Which artifacts are needed, on graphs made by hand."""

import datetime
import pathlib

import pytest

from pipeline.config_file import load_config
from pipeline.lineage.graph import Artifact, Graph, Step
from pipeline.pruning import doomed
from pipeline.workspace import Workspace
from tests.pipeline.toy_task import write_task

DATA, TRAINED, BLESSING, PUSHED, PROFILE, DATA_BLESSING = "examples", "model", "blessing", "pushed", "profile", "passed"
KINDS = {
    DATA: "Examples",
    TRAINED: "Model",
    BLESSING: "ModelBlessing",
    PUSHED: "PushedModel",
    PROFILE: "components.TextProfile",
    DATA_BLESSING: "components.DataBlessing",
}


class Runs:
    """A graph under construction; artifacts are known as `model 1`, the model of the first run."""

    def __init__(self, folder):
        self.config = load_config(write_task(folder).config)
        self._steps, self._artifacts, self._names = [], [], {}

    def step(self, run, node, inputs=(), outputs=(), state="completed", properties=None):
        """Adds a step; inputs are pairs of a key and the name of an artifact, outputs are keys."""
        made = {}
        for key in outputs:
            name, number = f"{key} {run}", len(self._artifacts) + 1
            folder = Workspace.of(self.config).artifacts / node / key / str(number)
            folder.mkdir(parents=True)
            (folder / "file").write_text("content")
            self._artifacts.append(Artifact(number, KINDS[key], str(folder), True, properties or {}))
            self._names[name], made[key] = number, (number,)
        read = {key: (self._names[name],) for key, name in inputs}
        started = datetime.datetime.now(datetime.timezone.utc)
        self._steps.append(Step(len(self._steps) + 1, node, f"run {run}", state, started, {}, read, made))

    def number(self, name):
        """Id of an artifact."""
        return self._names[name]

    def train(self, run, base=None, baseline=None, blessed=1):
        """A run that reads data, trains, evaluates, and pushes what is blessed."""
        self.step(run, "ExampleGen", outputs=[DATA])
        start = [("base_model", base)] if base else []
        self.step(run, "Trainer", [("examples", f"{DATA} {run}"), *start], [TRAINED])
        model = f"{TRAINED} {run}"
        compared = [("baseline_model", baseline)] if baseline else []
        judged = {"blessed": blessed, "current_model_id": self.number(model)}
        self.step(run, "Evaluator", [("model", model), *compared], [BLESSING], properties=judged)
        if blessed:
            pushed = {"pushed": 1, "pushed_version": str(run), "pushed_model_id": self.number(model)}
            self.step(run, "AtomicPusher", [("model", model)], [PUSHED], properties=pushed)

    def doomed(self, keep):
        """Names of what would be deleted."""
        names = {number: name for name, number in self._names.items()}
        found = doomed(Graph(self._steps, self._artifacts), self.config, keep)
        assert all(each.bytes == len("content") for each in found)
        return {names[each.artifact.id] for each in found}


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_of_a_model_that_training_started_from_only_the_model_stays(runs):
    runs.train(1)
    runs.train(2, base="model 1", baseline="model 1")
    runs.train(3, base="model 2", baseline="model 2")
    gone = {"examples 1", "model 1", "blessing 1", "pushed 1"}
    assert runs.doomed(keep=3) == set()
    # Of the third run the second model is start and baseline, which is found by its blessing.
    assert runs.doomed(keep=1) == gone | {"examples 2", "pushed 2"}
    # A kept model's start stays; what it was compared with does not, unless by the newest run.
    assert runs.doomed(keep=2) == gone - {"model 1", "blessing 1"}


def test_the_newest_run_stays_whatever_came_of_it(runs):
    runs.train(1)
    runs.train(2, baseline="model 1", blessed=0)
    runs.train(3, baseline="model 1", blessed=0)
    assert runs.doomed(keep=1) == {"examples 2", "model 2", "blessing 2"}


def test_the_served_model_stays(runs, tmp_path):
    for run in (1, 2, 3):
        runs.train(run)
    Workspace.of(runs.config).served.joinpath("1").mkdir(parents=True)
    assert runs.doomed(keep=1) == {f"{key} 2" for key in (DATA, TRAINED, BLESSING, PUSHED)}


def test_the_data_that_passed_last_stays(runs):
    for run in (1, 2, 3):
        runs.step(run, "Profiler", outputs=[PROFILE])
        if run < 3:
            passed = {"profile_id": runs.number(f"profile {run}")}
            runs.step(run, "DataGate", [("profile", f"profile {run}")], [DATA_BLESSING], properties=passed)
    assert runs.doomed(keep=1) == {"profile 1", "passed 1"}


def test_what_lies_elsewhere_or_is_shared_stays(runs, tmp_path):
    runs.train(1)
    runs.train(2)
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    kept = runs._artifacts[runs.number("model 2") - 1].uri
    for name, uri in (("examples 1", str(outside)), ("model 1", kept)):
        number = runs.number(name)
        old = runs._artifacts[number - 1]
        runs._artifacts[number - 1] = Artifact(old.id, old.kind, uri, True, old.properties)
    assert runs.doomed(keep=1) == {"blessing 1", "pushed 1"}
    assert pathlib.Path(kept).exists()
