"""The gate, behind TFX's own statistics and validation: what passes, what stops, and what comes from the cache."""

import pytest
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx import v1 as tfx

from components.data_gate import DataAnomalyError, DataGate, describe
from components.example_gen import ParallelTextExampleGen
from components.schema_gen import TextSchemaGen
from pipeline.history import read_runs
from tests.components.text_data import data_config, tsv
from tests.components.toy_pipeline import last_artifact, run

pytestmark = pytest.mark.tfx


def gated_run(root, **splits):
    """States of the nodes after a run over these splits: rows of source, target and kind."""
    base = root / "data"
    base.mkdir(exist_ok=True)
    for split, rows in splits.items():
        content = tsv(rows)
        path = base / f"{split}.tsv"
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
    data = data_config(
        base,
        columns=["source", "target", "kind"],
        slice_keys=["kind"],
        inputs=[{"pattern": f"{split}.tsv", "splits": {split: 1}} for split in splits],
    )
    examples = ParallelTextExampleGen(data)
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = TextSchemaGen(statistics=statistics.outputs["statistics"])
    anomalies = tfx.components.ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    gate = DataGate(anomalies=anomalies.outputs["anomalies"])
    return run(root, [examples, statistics, schema, anomalies, gate]).nodes


def rows(*kinds):
    return [(f"source {index}", f"target {index}", kind) for index, kind in enumerate(kinds)]


def test_data_without_anomalies_passes_and_comes_from_the_cache_and_anomalies_stop(tmp_path):
    good = {"train": rows("a", "b", "c"), "eval": rows("a"), "test": rows("b", "b")}
    assert set(gated_run(tmp_path, **good).values()) == {"completed"}
    assert last_artifact(tmp_path, "components.DataBlessing").uri.startswith(str(tmp_path))
    assert set(gated_run(tmp_path, **good).values()) == {"cached"}

    bad = {**good, "eval": rows("a", "b", "a", "nie gehört"), "test": rows("b", "x\u2028y")}
    with pytest.raises(DataAnomalyError) as failure:
        gated_run(tmp_path, **bad)
    assert str(failure.value) == (
        "split eval, feature kind: Examples contain values missing from the schema: nie gehört (~25%).; "
        "split test, feature kind: Examples contain values missing from the schema: x\\u2028y (~50%)."
    )
    states = read_runs(tmp_path / "metadata.sqlite")[-1].nodes
    assert states["ExampleValidator"] == "completed"
    assert states["DataGate"] == "failed"


def test_anomalies_of_a_split_as_a_whole_and_endless_ones_are_told_too():
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["b"].description = "x" * 5_000
    anomalies.anomaly_info["a"].short_description = "Column\ndropped"
    anomalies.dataset_anomaly_info.description = "Fewer examples than expected"
    first, second, third = describe("eval", anomalies)
    assert first == "split eval, feature a: Column\\ndropped"
    assert len(second) < 700
    assert second.startswith("split eval, feature b: xxx")
    assert third == "split eval: Fewer examples than expected"
    assert list(describe("eval", anomalies_pb2.Anomalies())) == []
