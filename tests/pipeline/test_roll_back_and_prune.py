"""An older model is served again, and what no model needs is deleted; with real runs, but a stand-in for training."""

import json
import pathlib

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from components.baseline import latest_blessed_model_other_than
from components.pusher import AtomicPusher
from pipeline.config_file import load_config
from pipeline.lineage.graph import read_graph
from pipeline.metadata_database import connection_of
from pipeline.pruning import delete, doomed
from tests.components.test_pusher import answer
from tests.components.toy_pipeline import Bless, Data, Train, run
from tests.pipeline.toy_task import seq2seq, write_task

pytestmark = pytest.mark.tfx


@pytest.fixture(autouse=True, scope="module")
def wide_terminal():
    """No table breaks its lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "300")
        yield


class Task:
    """A task whose runs train nothing."""

    def __init__(self, folder):
        self.task = write_task(folder)
        self.config = load_config(self.task.config)
        self.root = folder / "runs" / "toy"
        self.root.mkdir(parents=True)

    def run(self, right, blessed=1):
        """A run whose model has so many rows right."""
        data, model = Data(), Train(right=right)
        baseline = latest_blessed_model_other_than(model.outputs["model"])
        bless = Bless(blessed=blessed, model=model.outputs["model"], baseline_model=baseline.outputs["model"])
        pusher = AtomicPusher(
            model=model.outputs["model"], model_blessing=bless.outputs["blessing"], push_to=str(self.task.served)
        )
        return run(self.root, [data, model, baseline, bless, pusher])

    def call(self, command, *arguments):
        """The command line on this task; the outcome has `exit_code` and `output`."""
        return seq2seq(command, self.task.config, *arguments)

    @property
    def store(self):
        return metadata_store.MetadataStore(connection_of(self.config))

    def states(self, kind):
        """States of all artifacts of a type, the earliest first."""
        artifacts = sorted(self.store.get_artifacts_by_type(kind), key=lambda artifact: artifact.id)
        return [metadata_store_pb2.Artifact.State.Name(artifact.state) for artifact in artifacts]


@pytest.fixture(scope="module")
def rolled_back(tmp_path_factory):
    """Two pushed models and one that was not blessed; then the first is pushed again."""
    task = Task(tmp_path_factory.mktemp("task"))
    runs = [task.run(1), task.run(2), task.run(3, blessed=0)]
    outcome = task.call("push", "--version", runs[0].pushed_version)
    return task, runs, outcome


def test_an_older_model_becomes_the_newest_version(rolled_back):
    task, (first, second, _), outcome = rolled_back
    assert outcome.exit_code == 0, outcome.output
    newest = task.task.versions()[-1]
    assert newest > int(second.pushed_version)
    assert f"Pushed the model of version {first.pushed_version} as version {newest}" in outcome.output
    # Of ten rows the first model has the first one right, and the second model two.
    assert answer(task.task.served / str(newest)) == "right 0"
    graph = read_graph(task.store, "toy")
    assert [step.node for step in graph.of_run(list(graph.steps.values())[-1].run_id)] == ["RollBack"]


def test_the_roll_back_is_in_status_and_its_lineage_leads_to_the_old_model(rolled_back):
    task, (first, second, _), _ = rolled_back
    shown = " ".join(task.call("status").output.split())
    assert f"roll-back to {first.pushed_version}" in shown
    newest = str(task.task.versions()[-1])
    found = json.loads(task.call("lineage", "--format", "json").output)
    assert (found["version"], found["rolled_back_to"]) == (newest, first.pushed_version)
    dot = task.call("lineage", newest, "--format", "dot").output
    for node in (f"RollBack\\nrun {found['run']}", f"Train\\nrun {first.run_id}", f"version {first.pushed_version}"):
        assert node in dot
    assert second.run_id not in dot


def test_a_version_that_cannot_be_served_is_refused_with_what_is_allowed(rolled_back):
    task, (first, second, _), _ = rolled_back
    before = task.task.versions()
    for version, why in (
        (
            "1",
            f"1 is none that was blessed and pushed; versions that can be pushed again: {second.pushed_version}",
        ),
        (
            first.pushed_version,
            f"the model of version {first.pushed_version} is served already, as version {before[-1]}",
        ),
    ):
        refused = task.call("push", "--version", version)
        assert refused.exit_code == 2
        assert why in refused.output
    assert task.task.versions() == before


def test_a_copy_that_fails_changes_nothing_and_is_recorded(rolled_back):
    task, (_, second, _), _ = rolled_back
    before = task.task.versions()
    task.task.served.rename(task.task.served.with_name("aside"))
    task.task.served.write_text("a file, where the folder should be", encoding="utf-8")
    try:
        failed = task.call("push", "--version", second.pushed_version)
    finally:
        task.task.served.unlink()
        task.task.served.with_name("aside").rename(task.task.served)
    assert failed.exit_code == 1
    assert "cannot be pushed" in failed.output
    assert task.task.versions() == before
    assert "failed (RollBack)" in " ".join(task.call("status").output.split())


@pytest.fixture(scope="module")
def pruned(tmp_path_factory):
    """Four pushed models, of which two are kept."""
    task = Task(tmp_path_factory.mktemp("task"))
    runs = [task.run(right) for right in (1, 2, 3, 4)]
    dry = task.call("prune", "--keep", "2")
    kept = [pathlib.Path(found.model_uri).exists() for found in runs]
    outcome = task.call("prune", "--keep", "2", "--yes")
    return task, runs, dry, kept, outcome


def test_nothing_is_deleted_before_it_is_said(pruned):
    _, runs, dry, kept, _ = pruned
    assert dry.exit_code == 0
    assert kept == [True, True, True, True]
    shown = "".join(dry.output.split())
    assert [found.run_id in shown for found in runs] == [True, True, False, False]
    assert "6artifacts" in shown


def test_what_no_kept_model_needs_is_gone_and_recorded_as_deleted(pruned):
    task, runs, _, _, outcome = pruned
    assert outcome.exit_code == 0, outcome.output
    assert [pathlib.Path(found.model_uri).exists() for found in runs] == [False, False, True, True]
    for kind in ("Model", "ModelBlessing", "PushedModel"):
        assert task.states(kind) == ["DELETED", "DELETED", "LIVE", "LIVE"]
    assert task.states("Examples") == ["LIVE"]
    assert len(task.task.versions()) == 4
    assert "Nothing to delete." in task.call("prune", "--keep", "2", "--yes").output
    refused = task.call("push", "--version", runs[0].pushed_version)
    assert f"the model of version {runs[0].pushed_version} is gone" in refused.output


def test_later_runs_work_and_take_no_deleted_artifact_from_the_cache(pruned):
    task, runs, _, _, _ = pruned
    same = task.run(4)
    assert {node: state for node, state in same.nodes.items() if state != "cached"} == {
        "latest_blessed_model": "completed"
    }
    assert same.model_uri == runs[3].model_uri
    again = task.run(1)
    assert (again.nodes["Data"], again.nodes["Train"]) == ("cached", "completed")
    assert again.model_uri != runs[0].model_uri
    assert answer(again.pushed_to) == "right 0"


def test_the_served_model_stays_and_what_an_interrupted_call_left_goes(tmp_path):
    task = Task(tmp_path)
    runs = [task.run(right) for right in (1, 2, 3, 4)]
    assert task.call("push", "--version", runs[0].pushed_version).exit_code == 0
    # The first model is served and was pushed last, the fourth was blessed last, and was compared with the third.
    found = doomed(read_graph(task.store, "toy"), task.config, keep=1)
    assert [(each.artifact.kind, each.run_id) for each in found] == [
        *((kind, runs[1].run_id) for kind in ("Model", "ModelBlessing", "PushedModel")),
        ("PushedModel", runs[2].run_id),
    ]
    deletion = delete(task.store, [each.artifact for each in found])
    first = next(deletion)
    assert not pathlib.Path(first.uri).exists()
    states = {artifact.id: artifact.state for artifact in task.store.get_artifacts()}
    assert states[first.id] == metadata_store_pb2.Artifact.DELETED
    assert {states[each.artifact.id] for each in found[1:]} == {metadata_store_pb2.Artifact.MARKED_FOR_DELETION}
    assert task.run(2).nodes["Train"] == "completed", "a marked artifact was taken from the cache"
    assert task.call("prune", "--keep", "9", "--yes").exit_code == 0
    for each in found:
        assert not pathlib.Path(each.artifact.uri).exists()
    assert task.states("Model") == ["LIVE", "DELETED", "LIVE", "LIVE", "LIVE"]
