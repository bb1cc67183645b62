"""A training that is killed goes on, and ends as if nothing had happened."""

import os
import pathlib
import random
import signal
import subprocess
import sys

import numpy as np
import pytest

from tests.trainer.transformed_files import write_pairs

ROOT = pathlib.Path(__file__).parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pairs to train on, and what an uninterrupted training makes of them."""
    folder = tmp_path_factory.mktemp("resumed")
    generator = random.Random(3)
    pairs = []
    for _ in range(460):
        source = [generator.randrange(4, 12) for _ in range(generator.randrange(1, 6))]
        pairs.append((source, source[::-1]))
    write_pairs(folder / "train" / "part.gz", pairs[:400], 6)
    write_pairs(folder / "eval" / "part.gz", pairs[400:], 6)
    assert run(folder, "uninterrupted")[0] == 0
    return folder


def run(folder, name, stop_at=None, number=None):
    """Trains in a process that gets a signal at a step; its exit status, the steps it took, and what it said."""
    command = [sys.executable, "-m", "tests.trainer.learning.resumed_training", str(folder), name]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    steps = []
    for line in process.stdout:
        steps.append(int(line))
        if steps[-1] == stop_at:
            process.send_signal(number)
            stop_at = None
    said = process.stderr.read()
    return process.wait(), steps, said


def test_killed_interrupted_and_damaged_it_ends_with_the_same_weights_bit_for_bit(folder):
    with np.load(folder / "uninterrupted.npz") as expected:
        last = int(expected["history"][-1][0])
    # Far from the end, since a signal may come some steps late.
    *kills, interrupt = sorted(random.Random(5).sample(range(5, last - 10), 3))
    for kill in kills:
        status, killed, _ = run(folder, "killed", kill, signal.SIGKILL)
        assert status == -signal.SIGKILL
        assert killed[-1] >= kill

    status, steps, said = run(folder, "killed", interrupt, signal.SIGTERM)
    assert status == -signal.SIGTERM
    # It did not begin anew, and lost but the steps since the last checkpoint.
    assert killed[-1] - 3 <= steps[0] <= killed[-1] + 1
    assert f"going on from step {steps[0] - 1}, epoch" in said
    assert f"interrupted by SIGTERM: saved at step {steps[-1]}" in said

    newest = max((folder / "checkpoints" / "killed").glob("checkpoint-*"))
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    status, resumed, said = run(folder, "killed")
    assert status == 0
    assert f"{newest} is damaged and is left out: BadZipFile" in said
    assert steps[-1] - 3 <= resumed[0] <= steps[-1] + 1

    with np.load(folder / "uninterrupted.npz") as expected, np.load(folder / "killed.npz") as found:
        assert sorted(expected.files) == sorted(found.files)
        for part in expected.files:
            np.testing.assert_array_equal(expected[part], found[part], err_msg=part)
