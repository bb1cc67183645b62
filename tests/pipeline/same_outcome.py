"""Whether two engines have made the same of a task."""

import json

import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import statistics_pb2

from components.data_profile.files import read_profile
from components.verdict import read_verdict
from pipeline.beam_places import arguments_by_component
from pipeline.config_file import load_config
from pipeline.history import read_runs
from tests.components.evaluation_run import evaluate


def artifact(task, component, key):
    """The folder of an artifact of which there is one."""
    [folder] = (task.config.parent / "runs" / "toy" / "artifacts" / component / key).iterdir()
    return folder


def assert_same_data(task, other):
    """The artifacts up to training are the same; of examples the order may be another."""
    for component, key in (("ParallelTextExampleGen", "examples"), ("Transform", "transformed_examples")):
        for split in ("Split-train", "Split-eval"):
            ours, theirs = (_records(artifact(each, component, key) / split) for each in (task, other))
            assert ours == theirs, (component, split)
            assert ours
    for split in ("Split-train", "Split-eval"):
        ours, theirs = (_statistics(artifact(each, "StatisticsGen", "statistics") / split) for each in (task, other))
        assert ours == theirs
    ours, theirs = (read_profile(str(artifact(each, "TextProfiler", "profile"))) for each in (task, other))
    assert ours == theirs
    ours, theirs = (_assets(artifact(each, "Transform", "transform_graph")) for each in (task, other))
    assert ours == theirs
    assert set(ours) == {"source_vocabulary", "target_vocabulary"}


def _records(folder):
    records = tf.data.TFRecordDataset(sorted(map(str, folder.glob("*.gz"))), compression_type="GZIP")
    examples = map(tf.train.Example.FromString, records.as_numpy_iterator())
    # Transform writes the features of an example in whatever order.
    return sorted(example.SerializeToString(deterministic=True) for example in examples)


def _statistics(folder):
    statistics = statistics_pb2.DatasetFeatureStatisticsList.FromString((folder / "FeatureStats.pb").read_bytes())
    # TFDV writes the features in whatever order.
    statistics.datasets[0].features.sort(key=lambda feature: tuple(feature.path.step))
    return statistics


def _assets(folder):
    return {path.name: path.read_bytes() for path in (folder / "transform_fn" / "assets").iterdir()}


def assert_same_evaluation(folder, engine, task):
    """The shared model has the figures that it had in the run of its task."""
    config = load_config(task.config, [f"beam={json.dumps(engine)}"])
    run = next(run for run in read_runs(config) if run.evaluation_uri)
    evaluated = evaluate(
        folder,
        config.evaluation,
        examples=artifact(task, "ParallelTextExampleGen", "examples"),
        schema=artifact(task, "TextSchemaGen", "schema"),
        model=run.model_uri,
        target=config.target,
        beam_arguments=arguments_by_component(config, "local")["Evaluator"],
    )
    expected = read_verdict(run.evaluation_uri, run.blessing_uri)
    assert list(evaluated.verdict.metrics) == list(expected.metrics)
    for name, figures in expected.metrics.items():
        assert evaluated.verdict.metrics[name] == pytest.approx(figures, rel=1e-6), name
    for ours, theirs in zip(_intervals(evaluated.verdict), _intervals(expected), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-6)
    assert evaluated.verdict.blessed == expected.blessed


def _intervals(verdict):
    """Of each metric in each slice; the metrics' sums differ in the last digits with the batches of the examples."""
    slices = sorted(verdict.sureness)
    metrics = [each for name in slices for _, each in sorted(verdict.sureness[name].items())]
    return [each.model_dump(exclude_none=True) for each in metrics]
