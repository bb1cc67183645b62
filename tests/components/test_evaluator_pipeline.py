"""Evaluation, baseline and push as nodes of one pipeline, from the first run on."""

import pytest

from components.baseline import NODE_ID, latest_blessed_model_other_than
from components.config.evaluation import EvaluationConfig
from components.evaluator import create_evaluator
from components.pusher import AtomicPusher
from components.verdict import read_verdict
from tests.components.toy_pipeline import Data, Train, run
from transform.config import TextConfig

pytestmark = pytest.mark.tfx

CONFIG = EvaluationConfig(
    metrics=["exact_match"],
    slice_by=["kind"],
    thresholds=[{"metric": "exact_match", "max_regression": 0.1}],
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("pipeline")


@pytest.fixture(scope="module")
def run_with(folder):
    """Runs the pipeline with a model that has so many of ten rows right; gives the run and the verdict."""

    def run_once(right, code_version="1"):
        data, model = Data(), Train(right=right)
        baseline = latest_blessed_model_other_than(model.outputs["model"])
        evaluator = create_evaluator(
            CONFIG,
            target=TextConfig(),
            examples=data.outputs["examples"],
            schema=data.outputs["schema"],
            model=model.outputs["model"],
            baseline_model=baseline.outputs["model"],
            code_version=code_version,
        )
        pusher = AtomicPusher(
            model=model.outputs["model"],
            model_blessing=evaluator.outputs["blessing"],
            push_to=str(folder / "served"),
        )
        finished = run(folder, [data, model, baseline, evaluator, pusher])
        return finished, read_verdict(finished.evaluation_uri, finished.blessing_uri)

    return run_once


@pytest.fixture(scope="module")
def first(run_with):
    return run_with(right=5)


def test_the_first_model_is_pushed(first):
    finished, verdict = first
    assert verdict.blessed
    assert verdict.metrics == {
        "overall": {"exact_match": 0.5},
        "kind:loud": {"exact_match": 0.5},
        "source_length:1-10": {"exact_match": 0.5},
    }
    assert verdict.baseline_metrics == {}
    assert finished.pushed_to


@pytest.mark.usefixtures("first")
def test_the_same_again_comes_from_the_cache(run_with):
    finished, _ = run_with(right=5)
    assert {node for node, state in finished.nodes.items() if state != "cached"} == {NODE_ID}


@pytest.mark.usefixtures("first")
def test_new_code_is_run(run_with):
    finished, verdict = run_with(right=5, code_version="2")
    assert finished.nodes["Evaluator"] == "completed"
    assert verdict.baseline_metrics == {}, "the model was compared with itself"


def test_a_worse_model_is_not_pushed_and_both_figures_are_told(run_with, first):
    finished, verdict = run_with(right=3)
    assert not verdict.blessed
    assert verdict.failures == [
        "exact_match (overall) is 0.3, and that of the latest blessed model 0.5: it must be no more than 0.1 worse"
    ]
    assert verdict.baseline_metrics == first[1].metrics
    assert finished.pushed_to is None


@pytest.mark.usefixtures("first")
def test_a_model_that_is_worse_by_no_more_than_allowed_is_pushed(run_with):
    # 0.4 - 0.5 is -0.09999999999999998, and 0.3 - 0.4 is -0.10000000000000003.
    finished, _ = run_with(right=4)
    assert finished.pushed_to
    finished, verdict = run_with(right=3)
    assert verdict.failures == []
    assert finished.pushed_to
