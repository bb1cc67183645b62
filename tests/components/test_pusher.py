"""A blessed model is pushed as the newest version, another one is not, and the cache does not hide what is served."""

import pathlib
import shutil

import pytest
import tensorflow as tf

from components.batching_parameters import BATCHING_FILE
from components.pusher import AtomicPusher
from tests.components.toy_pipeline import Bless, Evaluate, Train, Validate, last_artifact, run

pytestmark = pytest.mark.tfx


@pytest.fixture
def push(tmp_path):
    """Runs the pipeline: training, a blessing, perhaps one on a server too, and the push."""

    def run_once(right, blessed=1, validated=None, calibration=None):
        model = Train(right=right)
        bless = Bless(blessed=blessed, model=model.outputs["model"])
        validate = [] if validated is None else [Validate(blessed=validated, model=model.outputs["model"])]
        evaluate = [] if calibration is None else [Evaluate(calibration=calibration, model=model.outputs["model"])]
        pusher = AtomicPusher(
            model=model.outputs["model"],
            model_blessing=bless.outputs["blessing"],
            infra_blessing=validate[0].outputs["blessing"] if validate else None,
            evaluation=evaluate[0].outputs["evaluation"] if evaluate else None,
            push_to=str(tmp_path / "served"),
        )
        return run(tmp_path, [model, bless, *validate, *evaluate, pusher])

    return run_once


def versions(served):
    names = [path.name for path in served.iterdir()] if served.is_dir() else []
    return sorted(int(name) for name in names if name.isdecimal())


def answer(version):
    model = tf.saved_model.load(str(version))
    source = tf.train.Feature(bytes_list=tf.train.BytesList(value=[b"source 0"]))
    example = tf.train.Example(features=tf.train.Features(feature={"source": source})).SerializeToString()
    return model.signatures["serving_examples"](examples=tf.constant([example]))["translation"].numpy()[0].decode()


def test_a_blessed_model_becomes_the_newest_version_and_the_record_says_where(push, tmp_path):
    finished = push(right=1)
    assert finished.nodes["AtomicPusher"] == "completed"
    [version] = versions(tmp_path / "served")
    assert finished.pushed_version == str(version)
    assert finished.pushed_to == str(tmp_path / "served" / str(version))
    assert answer(finished.pushed_to) == "right 0"
    pushed = last_artifact(tmp_path, "PushedModel")
    assert pushed.custom_properties["pushed"].int_value == 1
    assert answer(pushed.uri) == "right 0"


def test_a_model_that_was_not_blessed_is_not_pushed(push, tmp_path):
    finished = push(right=1, blessed=0)
    assert finished.nodes["AtomicPusher"] == "completed"
    assert finished.pushed_to is None
    assert last_artifact(tmp_path, "PushedModel").custom_properties["pushed"].int_value == 0
    assert not (tmp_path / "served").exists()


def test_an_unchanged_run_pushes_nothing_and_names_the_version_that_is_served(push, tmp_path):
    first = push(right=1)
    second = push(right=1)
    assert second.nodes["AtomicPusher"] == "cached"
    assert second.pushed_version == first.pushed_version
    assert versions(tmp_path / "served") == [int(first.pushed_version)]


def test_a_model_that_is_no_longer_the_newest_version_is_pushed_again(push, tmp_path):
    first, other = push(right=1), push(right=2)
    again = push(right=1)
    assert again.nodes["AtomicPusher"] == "completed"
    assert int(first.pushed_version) < int(other.pushed_version) < int(again.pushed_version)
    repeated = push(right=1)
    assert repeated.nodes["AtomicPusher"] == "cached"
    assert repeated.pushed_version == again.pushed_version


def test_a_version_that_was_deleted_is_pushed_again(push, tmp_path):
    first = push(right=1)
    shutil.rmtree(first.pushed_to)
    second = push(right=1)
    assert second.nodes["AtomicPusher"] == "completed"
    assert versions(tmp_path / "served") == [int(second.pushed_version)]
    assert push(right=1).nodes["AtomicPusher"] == "cached"


def test_a_push_that_fails_leaves_no_version_and_fails_the_run(push, tmp_path):
    (tmp_path / "served").write_text("a file, where the folder should be", encoding="utf-8")
    with pytest.raises(OSError, match="served"):
        push(right=1)


def test_the_copy_that_was_warmed_up_is_pushed_and_can_be_pushed_again(push, tmp_path):
    first = push(right=1, validated=1)
    [version] = versions(tmp_path / "served")
    warmup = tmp_path / "served" / str(version) / "assets.extra" / "tf_serving_warmup_requests"
    assert warmup.exists()
    assert answer(first.pushed_to) == "right 0"
    assert push(right=1, validated=1).nodes["AtomicPusher"] == "cached"
    shutil.rmtree(first.pushed_to)
    assert push(right=1, validated=1).nodes["AtomicPusher"] == "completed"
    assert len(versions(tmp_path / "served")) == 1


def test_the_calibration_lies_in_the_version_and_a_new_one_is_pushed(push):
    first = push(right=1, validated=1, calibration='{"examples": 1}')
    assert calibration_of(first) == '{"examples": 1}'
    assert answer(first.pushed_to) == "right 0"
    second = push(right=1, validated=1, calibration='{"examples": 2}')
    assert calibration_of(second) == '{"examples": 2}'
    assert int(second.pushed_version) > int(first.pushed_version)


def calibration_of(finished):
    return pathlib.Path(finished.pushed_to, "assets.extra", "calibration.json").read_text(encoding="utf-8")


def test_a_model_that_failed_on_the_server_is_not_pushed(push, tmp_path):
    finished = push(right=1, validated=0)
    assert finished.nodes["AtomicPusher"] == "completed"
    assert finished.pushed_to is None
    assert (finished.blessed, finished.infra_blessed) == (True, False)
    assert not (tmp_path / "served").exists()


def test_batching_parameters_lie_beside_the_versions(push, tmp_path):
    push(right=1)
    assert (tmp_path / "served" / BATCHING_FILE).is_file()
