"""The containers of the compiled pipeline, run as processes that have the wheel alone, do what the local run does."""

import copy
import json
import subprocess

import numpy as np
import pytest
import tensorflow as tf
import yaml

from tests.pipeline.container_runs import ContainerFailedError, ContainerRun
from tests.pipeline.toy_task import seq2seq, write_pairs

pytestmark = pytest.mark.tfx

TEXTS = ["abc", "ÉDcba", "a", "", "bb bb", "xyz", "abcdéabcdé"]


@pytest.fixture(scope="module")
def spec(finished, tmp_path_factory):
    """The toy task, compiled for Kubeflow."""
    output = tmp_path_factory.mktemp("compiled") / "pipeline.yaml"
    compiled = seq2seq(
        *("compile", finished[1].config, "--target", "kubeflow", "--output", output),
        *("--set", "deploy.kubeflow.image=seq2seq:1", "--set", "serving.validation.max_start_seconds=900"),
    )
    assert compiled.exit_code == 0, compiled.output
    return yaml.safe_load(output.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def run(finished, spec, variables, tmp_path_factory):
    """All containers, run once."""
    folder = tmp_path_factory.mktemp("cluster")
    data = str(finished[1].config.parent / "data")
    run = ContainerRun(spec, folder / "root", variables, {"data": data, "push_to": str(folder / "served")})
    run.run()
    return run


def test_the_containers_have_the_code_of_the_wheel_and_not_that_of_the_checkout(variables, tmp_path):
    program = "import components, pipeline, serving, trainer, transform as t, sys; print(components.__file__)"
    found = subprocess.run(
        ["python", "-c", program], env=variables, cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert found.stdout.startswith(str(variables["PATH"].partition(":")[0].removesuffix("/bin")))
    # A dependency has a package of the name `tests` too.
    missing = subprocess.run(["python", "-c", "import tests.wheel"], env=variables, cwd=tmp_path, capture_output=True)
    assert missing.returncode != 0


def test_the_pushed_model_translates_exactly_like_that_of_the_local_run(run, finished):
    pushed = run.artifact("AtomicPusher", "pushed_model")
    [version] = [path for path in (run.root.parent / "served").iterdir() if path.is_dir()]
    told = run.outputs["AtomicPusher"]["artifacts"]["pushed_model"]["artifacts"][0]["metadata"]
    assert (told["pushed"], told["pushed_destination"]) == (1, str(version))
    assert (pushed / "saved_model.pb").exists()
    assert (version / "assets.extra" / "tf_serving_warmup_requests").exists()
    local = answers(finished[1].served / str(finished[1].versions()[0]))
    for name, answer in answers(version).items():
        np.testing.assert_array_equal(answer, local[name], err_msg=name)


def answers(version):
    return {
        name: tensor.numpy()
        for name, tensor in tf.saved_model.load(str(version)).signatures["serving_default"](tf.constant(TEXTS)).items()
    }


def test_there_was_no_model_to_beat(run):
    blessing = run.outputs["Evaluator"]["artifacts"]["blessing"]["artifacts"][0]["metadata"]
    assert blessing["blessed"] == 1
    assert blessing["current_model_id"] == "Trainer/model"
    assert "baseline_model_id" not in blessing
    assert not list(run.root.glob("ModelToBeat/model/**/saved_model.pb"))


def again(run, folder, kept, **parameters):
    """A run that takes the outputs of some steps from an earlier one."""
    outputs = {name: copy.deepcopy(run.outputs[name]) for name in kept}
    return ContainerRun(run.spec, folder, run.variables, {**run.parameters, **parameters}, outputs)


def test_a_model_that_was_not_blessed_is_not_pushed(run, tmp_path):
    kept = set(run.outputs) - {"AtomicPusher"}
    repeated = again(run, tmp_path / "root", kept, push_to=str(tmp_path / "served"))
    repeated.outputs["Evaluator"]["artifacts"]["blessing"]["artifacts"][0]["metadata"]["blessed"] = 0
    repeated.run()
    [pushed] = repeated.outputs["AtomicPusher"]["artifacts"]["pushed_model"]["artifacts"]
    assert pushed["metadata"]["pushed"] == 0
    assert not (tmp_path / "served").exists()


def test_an_anomaly_in_new_data_stops_the_run_at_the_gate(run, tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    write_pairs(data / "train.tsv", 60, seed=1)
    write_pairs(data / "eval.tsv", 60, seed=2, kinds=("plain", "unheard-of"))
    repeated = again(run, tmp_path / "root", {"InputState", "TextSchemaGen"}, data=str(data))
    with pytest.raises(ContainerFailedError, match="unheard-of") as stopped:
        repeated.run()
    assert stopped.value.task == "DataGate"
    assert not {"DataGate", "Transform"} & set(repeated.outputs)


def test_every_step_was_told_what_to_do_in_one_argument(spec):
    for executor in spec["deploymentSpec"]["executors"].values():
        arguments = executor["container"]["args"]
        assert arguments.count("{{$}}") == 1
        assert len(json.dumps(arguments)) < 128 * 1024
