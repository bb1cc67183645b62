"""The gate, behind TFX's own statistics and validation: what passes, what stops, and what comes from the cache."""

import json

import pandas
import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import anomalies_pb2
from tfx.components import ExampleValidator, StatisticsGen

from components.data_checks.baseline import NODE_ID, latest_profile_that_passed
from components.data_gate import DataAnomalyError, DataChecks, DataGate, schema_anomalies
from components.data_profile.component import TextProfiler
from components.data_profile.settings import ProfileSettings
from components.example_gen import ParallelTextExampleGen
from components.schema_gen import TextSchemaGen, infer_text_schema
from components.statistics_options import text_statistics_options
from components.tables import RECORD_ATTRIBUTE
from tests.components.text_data import data_config, tsv
from tests.components.toy_pipeline import last_artifact, run, runs
from transform.config import TextConfig

pytestmark = pytest.mark.tfx


def gated_run(root, quality=None, drift=None, reviewed=None, text=None, **splits):
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
        quality=quality or {},
        drift=drift or {},
    )
    examples = ParallelTextExampleGen(data)
    statistics = StatisticsGen(examples=examples.outputs["examples"], stats_options=text_statistics_options())
    settings = ProfileSettings(
        source=TextConfig(unit="space", **(text or {})),
        target=TextConfig(unit="space"),
        shared_vocabulary=False,
        slice_keys=["kind"],
        near_empty_tokens=data.quality.near_empty_tokens,
        extreme_length_ratio=data.quality.extreme_length_ratio,
    )
    profile = TextProfiler(settings, examples=examples.outputs["examples"])
    schema = TextSchemaGen(statistics=statistics.outputs["statistics"], reviewed=reviewed)
    anomalies = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"])
    earlier = latest_profile_that_passed(profile.outputs["profile"])
    gate = DataGate(
        DataChecks(quality=data.quality, drift=data.drift, settings=settings),
        anomalies=anomalies.outputs["anomalies"],
        schema=schema.outputs["schema"],
        profile=profile.outputs["profile"],
        baseline_profile=earlier.outputs["profile"],
    )
    return run(root, [examples, statistics, profile, schema, anomalies, earlier, gate]).nodes


def rows(*kinds):
    return [(f"source {index}", f"target {index}", kind) for index, kind in enumerate(kinds)]


def test_data_without_anomalies_passes_and_comes_from_the_cache_and_anomalies_stop(tmp_path):
    good = {"train": rows("a", "b", "c"), "eval": rows("a"), "test": rows("b", "b")}
    assert set(gated_run(tmp_path, **good).values()) == {"completed"}
    assert last_artifact(tmp_path, "components.DataBlessing").uri.startswith(str(tmp_path))
    again = gated_run(tmp_path, **good)
    assert {node for node, state in again.items() if state != "cached"} <= {NODE_ID}

    bad = {**good, "eval": rows("a", "b", "a", "nie gehört"), "test": rows("b", "x\u2028y")}
    with pytest.raises(DataAnomalyError) as failure:
        gated_run(tmp_path, **bad)
    assert str(failure.value) == (
        "split eval, feature kind: Examples contain values missing from the schema: nie gehört (~25%).; "
        "split test, feature kind: Examples contain values missing from the schema: x\\u2028y (~50%)."
    )
    states = runs(tmp_path)[-1].nodes
    assert states["ExampleValidator"] == "completed"
    assert states["DataGate"] == "failed"


GOOD = {"train": rows(*"ab" * 20), "eval": [("eval source", "target", "a")], "test": [("test source", "target", "b")]}


def test_leakage_stops_at_its_limit_and_every_table_is_in_the_log(tmp_path, caplog):
    leaking = {**GOOD, "eval": [*GOOD["eval"], ("source 3", "other", "a")]}
    with caplog.at_level("INFO", logger="seq2seq"), pytest.raises(DataAnomalyError) as failure:
        gated_run(tmp_path, quality={"max_shared_sources": 0.4}, **leaking)
    assert str(failure.value) == (
        "split eval, sources that stand in train too: 1 examples, 50 %; data.quality.max_shared_sources allows 40 %:"
        ' "source 3"'
    )
    told = [record.message.splitlines()[0] for record in caplog.records if hasattr(record, RECORD_ATTRIBUTE)]
    assert told == ["Suspicious pairs", "Anomalies of the data"]
    assert gated_run(tmp_path, quality={"max_shared_sources": 0.5}, **leaking)["DataGate"] == "completed"
    [report] = (tmp_path / "artifacts" / "DataGate").rglob("report.json")
    assert json.loads(report.read_text(encoding="utf-8"))["quality"][0]["finding"]["count"] == 1


def test_new_data_is_compared_with_the_data_that_passed_last(tmp_path):
    drift = {"lengths": {"jensen_shannon": 0.3}, "min_examples": 1}
    longer = {**GOOD, "train": [(f"a much longer source {i}", "target", "ab"[i % 2]) for i in range(40)]}
    assert gated_run(tmp_path, drift=drift, **GOOD)["DataGate"] == "completed"
    for _ in range(2):  # what was stopped is not what the next run is compared with
        with pytest.raises(DataAnomalyError, match=r"split train, source lengths: Jensen-Shannon is 1, data\.drift"):
            gated_run(tmp_path, drift=drift, **longer)
    # Where texts become tokens in another way, there is nothing to compare with.
    assert gated_run(tmp_path, drift=drift, text={"lowercase": True}, **longer)["DataGate"] == "completed"
    with pytest.raises(DataAnomalyError):
        gated_run(tmp_path, drift=drift, **longer)
    # What passes all the same is what the next data is compared with.
    assert gated_run(tmp_path, drift={}, **longer)["DataGate"] == "completed"
    still_longer = {**longer, "train": longer["train"] + longer["train"][:3]}
    assert gated_run(tmp_path, drift=drift, **still_longer)["DataGate"] == "completed"


def test_a_reviewed_schema_holds_lengths_and_unknown_tokens_to_its_bounds(tmp_path):
    statistics = tfdv.generate_statistics_from_dataframe(
        pandas.DataFrame(
            {name: [text.encode()] * 3 for name, text in zip(("source", "target", "references"), "xyz", strict=True)}
        )
    )
    schema = infer_text_schema(statistics)
    schema.feature.add(name="kind", type="BYTES")
    bounds = schema.feature.add(name="source_tokens", type="BYTES", lifecycle_stage="VALIDATION_DERIVED")
    bounds.value_count.max = 2
    reviewed = text_format.MessageToString(schema)
    with pytest.raises(DataAnomalyError, match="split test, source_tokens: 1 texts are longer than the schema allows"):
        gated_run(tmp_path, reviewed=reviewed, **{**GOOD, "test": [("one too many", "x", "c")]})
    assert gated_run(tmp_path, reviewed=reviewed, **GOOD)["DataGate"] == "completed"


def test_anomalies_of_a_split_as_a_whole_and_endless_ones_are_told_too():
    anomalies = anomalies_pb2.Anomalies()
    anomalies.anomaly_info["b"].description = "x" * 5_000
    anomalies.anomaly_info["a"].short_description = "Column\ndropped"
    anomalies.dataset_anomaly_info.description = "Fewer examples than expected"
    first, second, third = map(str, schema_anomalies("eval", anomalies))
    assert first == "split eval, feature a: Column\\ndropped"
    assert len(second) < 700
    assert second.startswith("split eval, feature b: xxx")
    assert third == "split eval, all examples: Fewer examples than expected"
    assert list(schema_anomalies("eval", anomalies_pb2.Anomalies())) == []
