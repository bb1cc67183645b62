"""Waiting for new data, with real files; and one run of a task at a time."""

import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest

from pipeline.config_file import load_config
from pipeline.run_lock import BusyError, only_one
from pipeline.watching import Watcher
from pipeline.workspace import Workspace
from tests.components.text_data import data_config
from tests.pipeline.toy_task import seq2seq, write_pairs, write_task

ROOT = pathlib.Path(__file__).parents[2]
SEQ2SEQ = [sys.executable, "-W", "ignore", "-c", "from pipeline.cli.main import main; main()"]


class Runs:
    """What a watcher runs and tells: whether a run comes to an end is in `ends`, first come first served."""

    def __init__(self, base, record, ends=()):
        self.spans = []
        self.told = []
        self._base = base
        self._ends = list(ends)
        inputs = [
            {"pattern": "span-{SPAN}/train-*.tsv", "splits": {"train": 1}},
            {"pattern": "span-{SPAN}/eval.tsv", "splits": {"eval": 1}},
        ]
        self.watcher = Watcher(data_config(base, inputs=inputs), record, self._run, self.told.append)

    def _run(self):
        self.spans.append(max(path.name for path in self._base.iterdir()))
        return self._ends.pop(0) if self._ends else True


def add(base, span, *names):
    for name in names:
        path = base / f"span-{span}" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_pairs(path, 3, seed=span)


def test_a_span_is_run_once_when_all_of_its_files_have_come_to_rest(tmp_path):
    base, record = tmp_path / "data", tmp_path / "watched.txt"
    runs = Runs(base, record)
    assert not runs.watcher.look()  # there is nothing yet
    add(base, 1, "train-1.tsv", "eval.tsv")
    looks = [runs.watcher.look() for _ in range(4)]
    assert looks == [False, True, False, False], "the first look is at files that may still grow"

    add(base, 2, "train-1.tsv")  # the evaluation data has yet to come
    assert not any(runs.watcher.look() for _ in range(3))
    assert "the newest spans are 2 of span-{SPAN}/train-*.tsv, 1 of" in runs.told[-1]
    add(base, 2, "eval.tsv")
    for growing in range(3):
        with (base / "span-2" / "train-1.tsv").open("a", encoding="utf-8") as file:
            file.write(f"a\ta\tplain\t{growing}\n")
        assert not runs.watcher.look()
    add(base, 2, "train-2.tsv")
    assert [runs.watcher.look() for _ in range(3)] == [False, True, False]
    assert runs.spans == ["span-1", "span-2"]
    assert runs.told[-1] == "span 2 is complete"

    # A watch that is started again does not run it again, but what takes its place.
    again = Runs(base, record)
    assert not any(again.watcher.look() for _ in range(3))
    os.utime(base / "span-2" / "eval.tsv", (1, 1))
    assert [again.watcher.look() for _ in range(3)] == [False, True, False]


def test_a_run_that_was_cut_off_is_tried_again(tmp_path):
    add(tmp_path / "data", 1, "train-1.tsv", "eval.tsv")
    runs = Runs(tmp_path / "data", tmp_path / "watched.txt", ends=[False, True])
    assert [runs.watcher.look() for _ in range(4)] == [False, False, True, False]
    assert len(runs.spans) == 2


def test_a_lock_is_held_by_one_and_says_by_whom(tmp_path):
    path = tmp_path / "folder" / "run.lock"
    with only_one(path, "toy", "run"), pytest.raises(BusyError) as failure, only_one(path, "toy", "run"):
        pass
    assert str(failure.value).startswith(f"task toy is being run by process {os.getpid()} on ")
    with only_one(path, "toy", "watched"):
        pass


def test_a_run_and_a_second_watch_respect_the_locks(tmp_path):
    task = write_task(tmp_path)
    workspace = Workspace.of(load_config(task.config))
    for lock, doing, command in (
        (workspace.run_lock, "run", ["run"]),
        (workspace.run_lock, "run", ["schema", "infer"]),
        (workspace.watch_lock, "watched", ["watch", "--once"]),
    ):
        with only_one(lock, "toy", doing), pytest.raises(BusyError, match=f"task toy is being {doing} by process"):
            seq2seq(*command, task.config)


@pytest.mark.tfx
def test_a_watch_survives_a_run_that_fails_and_ends_at_a_signal(tmp_path):
    task = write_task(tmp_path)
    bad = tmp_path / "data" / "train.tsv"
    bad.write_text("no tab\n" + bad.read_text(encoding="utf-8"), encoding="utf-8")
    with subprocess.Popen(
        [*SEQ2SEQ, "watch", str(task.config), "--interval", "0.3"], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        shown = []
        for line in process.stdout:
            shown.append(line)
            if "waiting for the next data" in line:
                time.sleep(1.0)
                process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, shown
    text = "".join(shown)
    assert "the data is complete" in text
    assert "ParallelTextExampleGen failed" in text
    assert "train.tsv:1" in text
    assert text.count("a component failed") == 1, "what failed is not run again"
