"""Several devices, in one process or in several, train as one does."""

import json
import os
import pathlib
import random
import socket
import subprocess
import sys

import numpy as np
import pydantic
import pytest
import tensorflow as tf

from tests.trainer.distribution.train import LONGEST, VOCABULARY, train
from tests.trainer.transformed_files import write_pairs
from trainer.config.distribution import DistributionConfig
from trainer.distribution.strategy import create_strategy

MODEL = {"cell": "gru", "embedding_size": 8, "encoder_units": 8, "decoder_units": 16}
MIRRORED = {"strategy": "mirrored", "devices": ["CPU:0", "CPU:1"]}
WORKERS = {"strategy": "multi_worker_mirrored"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sequences to be reversed, to train and to evaluate on; their number is odd, so that devices get unlike shares."""
    folder = tmp_path_factory.mktemp("reverse")
    draw = random.Random(1)
    pairs = []
    for _ in range(331):
        source = [draw.randrange(4, VOCABULARY) for _ in range(draw.randrange(1, LONGEST))]
        pairs.append((source, source[::-1]))
    write_pairs(folder / "train" / "part.gz", pairs[:270], LONGEST)
    write_pairs(folder / "eval" / "part.gz", pairs[270:], LONGEST)
    return folder


def call_of(folder, name, distribution, model=None, **settings):
    return {
        "folder": str(folder),
        "output": str(folder / f"{name}.json"),
        "devices": len(distribution.get("devices", [0])),
        "model": {**MODEL, **(model or {})},
        "settings": {"epochs": 2, "batch_tokens": 256, "distribution": distribution, **settings},
    }


def train_alone(folder, **settings):
    """Trains on one device, in this process."""
    call = call_of(folder, "alone", {}, **settings)
    train(call)
    return result_of(call)


def train_together(folder, name, distribution, model=None, workers=1, **settings):
    """Trains in as many processes as there are workers; gives what each of them says."""
    cluster = {"worker": [f"localhost:{_free_port()}" for _ in range(workers)]}
    calls = [call_of(folder, f"{name}-{index}", distribution, model, **settings) for index in range(workers)]
    processes = []
    for index, call in enumerate(calls):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "CUDA_VISIBLE_DEVICES": ""}
        if workers > 1:
            environment["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        command = [sys.executable, "-m", "tests.trainer.distribution.train", json.dumps(call)]
        processes.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        errors = [process.communicate(timeout=600)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, error in zip(processes, errors, strict=True):
        assert process.returncode == 0, error[-3000:]
    return [result_of(call) for call in calls]


def result_of(call):
    return json.loads(pathlib.Path(call["output"]).read_text(encoding="utf-8"))


def _free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]


def assert_alike(one, other):
    np.testing.assert_allclose(one["losses"], other["losses"], rtol=2e-5)
    for first, second in zip(one["weights"], other["weights"], strict=True):
        np.testing.assert_allclose(first, second, atol=2e-4)


def test_two_devices_train_as_one(folder):
    settings = {
        "optimizer": {"name": "adamw", "weight_decay": 0.1, "clip_norm": 0.5, "accumulate_batches": 2},
        "averaging": {"ema_decay": 0.9},
        "objective": {"label_smoothing": 0.1},
    }
    alone = train_alone(folder, **settings)
    [result] = train_together(folder, "mirrored", MIRRORED, **settings)
    assert (alone["replicas"], result["replicas"]) == (1, 2)
    assert_alike(result, alone)


def test_two_workers_train_as_one(folder):
    alone = train_alone(folder)
    results = train_together(folder, "workers", WORKERS, workers=2)
    for result in results:
        assert result["replicas"] == 2
        assert_alike(result, alone)
    assert results[0]["weights"] == results[1]["weights"]


def test_devices_drop_out_other_values(folder):
    [result] = train_together(folder, "dropout", MIRRORED, {"dropout": 0.3}, max_steps=2)
    for (seed, count), (other_seed, other_count) in result["seeds"]:
        assert seed != other_seed
        assert count == other_count
    assert any(count for (_, count), _ in result["seeds"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"strategy": "none", "devices": ["GPU:0"]}, "devices are .*GPU:0.*, but strategy is 'none'"),
        ({"strategy": "mirrored", "communication": "ring"}, "communication is 'ring', but strategy is 'mirrored'"),
        ({"strategy": "parameter_server"}, "Input should be 'none'"),
    ],
)
def test_settings_that_do_not_belong_together_are_refused(settings, message):
    with pytest.raises(pydantic.ValidationError, match=message):
        DistributionConfig(**settings)


def test_a_device_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"training\.distribution\.devices has 'GPU:7': this machine has CPU:0"):
        create_strategy(DistributionConfig(strategy="mirrored", devices=["GPU:7"]))


def test_workers_need_to_know_of_each_other(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="the environment variable TF_CONFIG, which names the workers, is not set"):
        create_strategy(DistributionConfig(strategy="multi_worker_mirrored"))


def test_workers_need_a_process_of_their_own(monkeypatch):
    tf.constant(1)
    cluster = {"worker": ["localhost:1", "localhost:2"]}
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 0}}))
    with pytest.raises(RuntimeError, match="needs a process in which TensorFlow has not yet been at work"):
        create_strategy(DistributionConfig(strategy="multi_worker_mirrored"))
