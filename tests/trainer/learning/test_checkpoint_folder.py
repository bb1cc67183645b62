"""Checkpoints on disk, what makes them stale, and signals."""

import logging
import os
import signal
import threading

import numpy as np
import pytest

from trainer.learning.checkpoint_folder import Checkpoint, CheckpointFolder
from trainer.learning.interruption import Interruption, InterruptionError
from trainer.learning.training_key import training_key


def checkpoint(number):
    return Checkpoint({"a/0": np.full([2, 3], number, np.float32), "b": np.uint32(number)}, {"loss": 0.1 + 0.2})


def test_the_newest_ones_are_kept_and_come_back_to_the_bit(tmp_path):
    folder = CheckpointFolder(str(tmp_path / "deep" / "down"), keep=2)
    assert folder.newest() is None
    for number in range(1, 5):
        folder.write(checkpoint(number))
    assert sorted(os.listdir(folder.path)) == ["checkpoint-00000003.npz", "checkpoint-00000004.npz"]

    later = CheckpointFolder(folder.path, keep=2)
    found = later.newest()
    assert found.facts == {"loss": 0.1 + 0.2}
    np.testing.assert_array_equal(found.arrays["a/0"], np.full([2, 3], 4, np.float32))
    assert found.arrays["b"].dtype == np.uint32
    later.write(checkpoint(5))
    assert sorted(os.listdir(folder.path)) == ["checkpoint-00000004.npz", "checkpoint-00000005.npz"]

    CheckpointFolder(folder.path, keep=1, writes=False).remove()
    assert later.newest().arrays["b"] == 5
    later.remove()
    assert not (tmp_path / "deep" / "down").exists()


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "other"])
def test_a_damaged_one_is_told_and_the_one_before_is_used(tmp_path, caplog, damage):
    folder = CheckpointFolder(str(tmp_path), keep=3)
    for number in (1, 2):
        folder.write(checkpoint(number))
    file = tmp_path / "checkpoint-00000002.npz"
    content = file.read_bytes()
    flipped = bytearray(content)
    flipped[content.index(np.float32(2).tobytes())] ^= 1
    file.write_bytes({"empty": b"", "cut": content[:-100], "flipped": bytes(flipped), "other": b"text"}[damage])

    with caplog.at_level(logging.WARNING, "seq2seq.trainer"):
        assert folder.newest().arrays["b"] == 1
    assert f"{file} is damaged and is left out" in caplog.text
    folder.write(checkpoint(7))
    assert CheckpointFolder(str(tmp_path), keep=3).newest().arrays["b"] == 7


def test_what_was_not_finished_is_never_read(tmp_path):
    (tmp_path / "unfinished").write_bytes(b"half")
    (tmp_path / "checkpoint-1.npz").write_bytes(b"of another program")
    assert CheckpointFolder(str(tmp_path), keep=3).newest() is None


def test_the_key_changes_with_settings_and_contents_alone(tmp_path):
    paths = []
    for name in ("here/part-1.gz", "here/part-2.gz", "there/part-1.gz", "there/part-2.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(name[-4:].encode() * 1000)
        paths.append(str(path))
    key = training_key({"a": 1, "b": [2.5]}, {"train": paths[:2]})
    assert len(key) == 64
    assert training_key({"b": [2.5], "a": 1}, {"train": [paths[3], paths[2]]}) == key
    others = [
        training_key({"a": 2, "b": [2.5]}, {"train": paths[:2]}),
        training_key({"a": 1, "b": [2.5]}, {"eval": paths[:2]}),
        training_key({"a": 1, "b": [2.5]}, {"train": paths[:1]}),
    ]
    (tmp_path / "here" / "part-1.gz").write_bytes(b"1" * 4000)
    others.append(training_key({"a": 1, "b": [2.5]}, {"train": paths[:2]}))
    assert len({key, *others}) == 5


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_check_and_a_second_one_does_not(number):
    came = []
    before = signal.signal(number, lambda *_: came.append(number))
    try:
        with Interruption() as interruption:
            interruption.check()
            signal.raise_signal(number)
            assert came == []
            with pytest.raises(InterruptionError, match=signal.Signals(number).name):
                interruption.check()
            interruption.deliver()
            assert came == [number]
        with Interruption():
            signal.raise_signal(number)
            signal.raise_signal(number)
            assert came == [number] * 2
    finally:
        signal.signal(number, before)


def test_an_ignored_signal_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            signal.raise_signal(signal.SIGINT)
            interruption.check()
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_nothing_is_caught():
    def enter():
        with Interruption() as interruption:
            interruption.check()
            entered.append(signal.getsignal(signal.SIGTERM))

    entered = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert entered == [signal.getsignal(signal.SIGTERM)]
