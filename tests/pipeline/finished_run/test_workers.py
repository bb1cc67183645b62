"""Two workers of one training, as a cluster runs the Trainer in two containers."""

import json
import os
import socket
import subprocess
import sys

import pytest
import tensorflow as tf

from pipeline.config_file import load_config

pytestmark = pytest.mark.tfx


def test_one_worker_exports_for_all_and_the_other_waits_for_it(finished, tmp_path):
    _, task = finished
    config = load_config(task.config, ["training.distribution.strategy=multi_worker_mirrored", "training.max_steps=3"])
    [transform] = (task.config.parent / "runs" / "toy" / "artifacts" / "Transform").glob("transform_graph/*")
    [examples] = (task.config.parent / "runs" / "toy" / "artifacts" / "Transform").glob("transformed_examples/*")
    fn_args = {
        "custom_config": json.loads(config.model_dump_json()),
        "hyperparameters": None,
        "base_model": None,
        "transform_graph_path": str(transform),
        "train_files": [f"{examples}/Split-train/*"],
        "eval_files": [f"{examples}/Split-eval/*"],
        "model_run_dir": str(tmp_path / "run"),
        "serving_model_dir": str(tmp_path / "model"),
    }
    ports = [_free_port(), _free_port()]
    cluster = {"worker": [f"localhost:{port}" for port in ports]}
    command = [sys.executable, "-m", "tests.trainer.distribution.run_worker", json.dumps(fn_args)]
    workers = []
    for index in range(2):
        members = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2", "TF_CONFIG": members}
        workers.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    try:
        _, error = workers[1].communicate(timeout=600)
        assert workers[1].returncode == 0, error[-3000:]
        assert (tmp_path / "model" / "assets.extra" / "training").is_dir(), "it did not wait for the export"
        _, error = workers[0].communicate(timeout=60)
        assert workers[0].returncode == 0, error[-3000:]
    finally:
        for worker in workers:
            worker.kill()

    assert json.loads((tmp_path / "run" / "training.json").read_text(encoding="utf-8"))["history"][0]["step"] == 3
    assert len(list((tmp_path / "run").glob("events.out.tfevents.*"))) == 1
    answer = tf.saved_model.load(str(tmp_path / "model")).signatures["serving_default"](text=tf.constant(["abc"]))
    assert answer["translation"].shape == [1]


def _free_port():
    with socket.socket() as server:
        server.bind(("localhost", 0))
        return server.getsockname()[1]
