"""Versions for a model server appear whole, above all others, and nothing is left of those that did not make it."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from components.model_versions import add_version, newest_version

FILES = ("saved_model.pb", "fingerprint.pb", "assets/vocabulary.txt", "variables/variables.data-00000-of-00001")


@pytest.fixture
def model(tmp_path):
    folder = tmp_path / "model"
    for name in FILES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {name}", encoding="utf-8")
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_version_is_the_time_and_holds_the_model_for_others_to_read(model, tmp_path):
    served = tmp_path / "a" / "served"
    before = int(time.time())
    version = add_version(model, served)
    assert before <= int(version.name) <= time.time()
    assert version.parent == served
    assert contents(version) == contents(model)
    assert names(served) == [version.name]
    assert newest_version(served) == int(version.name)
    assert version.stat().st_mode & 0o777 == model.stat().st_mode & 0o777


def test_versions_rise_within_a_second_and_when_the_clock_was_set_back(model, tmp_path):
    future = int(time.time()) + 100_000
    (tmp_path / "served" / str(future)).mkdir(parents=True)
    versions = [int(add_version(model, tmp_path / "served").name) for _ in range(3)]
    assert versions == [future + 1, future + 2, future + 3]


def test_names_that_are_no_versions_do_not_count(tmp_path):
    assert newest_version(tmp_path / "nowhere") is None
    assert newest_version(tmp_path) is None
    for name in ("7", "12", "temporary", "13.bak", "-14", "٩٩", "²", ".15", "99999999999999999999"):
        (tmp_path / name).mkdir()
    assert newest_version(tmp_path) == 12


def test_above_the_highest_version_there_is_no_other(model, tmp_path):
    (tmp_path / "served" / str(2**63 - 1)).mkdir(parents=True)
    with pytest.raises(ValueError, match=r"served has version 9223372036854775807, the highest"):
        add_version(model, tmp_path / "served")
    assert names(tmp_path / "served") == [str(2**63 - 1)]


def test_a_model_that_cannot_be_read_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        add_version(tmp_path / "nowhere", tmp_path / "served")
    assert names(tmp_path / "served") == []


def test_whoever_watches_never_sees_half_a_model(model, tmp_path):
    served = tmp_path / "served"
    served.mkdir()
    for index in range(200):
        (model / f"asset-{index}").write_text("x", encoding="utf-8")
    expected = contents(model)
    done, seen = threading.Event(), []

    def watch():
        while not done.is_set():
            seen.extend(contents(path) for path in list(served.iterdir()) if path.name.isdigit())

    watcher = threading.Thread(target=watch)
    watcher.start()
    for _ in range(5):
        add_version(model, served)
    done.set()
    watcher.join()
    assert seen
    assert all(content == expected for content in seen)


def test_pushes_at_the_same_time_get_versions_of_their_own(model, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        versions = list(pool.map(lambda _: add_version(model, tmp_path / "served"), range(24)))
    assert len(set(versions)) == 24
    assert sorted(names(tmp_path / "served")) == sorted(version.name for version in versions)
    assert all(contents(version) == contents(model) for version in versions)


# The second file takes long to copy: Python tells of each copy before it begins.
PUSH_SLOWLY = """
import pathlib, sys, time
from components.model_versions import add_version
copied = []
def slow(event, arguments):
    if event == "shutil.copyfile":
        copied.append(arguments)
        time.sleep(60 if len(copied) == 2 else 0)
sys.addaudithook(slow)
add_version(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
"""


def stopped_while_copying(model, served, stop):
    """Pushes in a process of its own, and stops it when it has copied a part of the model."""
    process = subprocess.Popen(
        [sys.executable, "-c", PUSH_SLOWLY, str(model), str(served)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.DEVNULL,
    )
    while not (served.is_dir() and any(any(path.iterdir()) for path in served.iterdir())):
        assert process.poll() is None
        time.sleep(0.002)
    process.send_signal(stop)
    assert process.wait() != 0


def test_ctrl_c_leaves_nothing(model, tmp_path):
    stopped_while_copying(model, tmp_path / "served", signal.SIGINT)
    assert names(tmp_path / "served") == []


def test_what_a_killed_push_leaves_is_hidden_and_removed_by_the_next_one(model, tmp_path):
    stopped_while_copying(model, tmp_path / "served", signal.SIGKILL)
    [left] = names(tmp_path / "served")
    assert left.startswith(".")
    assert newest_version(tmp_path / "served") is None
    version = add_version(model, tmp_path / "served")
    assert names(tmp_path / "served") == [version.name]


def test_what_others_are_writing_is_left_alone(model, tmp_path):
    served, now = tmp_path / "served", int(time.time())
    host, parent = socket.gethostname(), os.getppid()
    at_work = [f".pushing-{now}-{parent}-{host}-a1b2", f".pushing-{now}-1-another-machine-a1b2", ".pushing-by-hand"]
    abandoned = [f".pushing-{now - 90_000}-{parent}-{host}-a1b2", f".pushing-{now - 90_000}-1-another-machine-a1b2"]
    for name in (*at_work, *abandoned):
        (served / name).mkdir(parents=True)
    version = add_version(model, served)
    assert names(served) == sorted([*at_work, version.name])
