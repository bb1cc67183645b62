"""The damages of benchmarks/damaged_span.py, on made-up words: which check of the data stops each, with which words.

Targets that are shuffled pass here, as data must; test_evaluator.py shows what stops them.
"""

import pathlib
import random

import apache_beam as beam
import pytest

from benchmarks import damaged_span
from components.data_checks.drift import Drift, drift_anomalies
from components.data_checks.quality import measure_quality, quality_anomalies
from components.data_profile.examples import source_of_examples
from components.data_profile.files import read_profile, write_profile
from components.data_profile.measure import measure
from components.example_gen.inputs import find_inputs
from components.example_gen.pairs import read_pairs
from components.example_gen.rows import DataError
from components.example_gen.sink import ExampleSink
from components.example_gen.tally import Tally
from components.example_gen.verdict import check
from pipeline.config_file import load_config
from pipeline.generation import direct_runner_arguments
from pipeline.ingestion import profile_settings

TRAIN, EVAL = 1800, 100


def words(seed):
    """Words of three to eleven letters, no two alike, which are spelled as their own phonemes."""
    draw = random.Random(seed)
    kinds = {"S": "s", "A": "vowel", "T": "consonant"}
    found = {}
    while len(found) < TRAIN + EVAL:
        word = "".join(draw.choices("BDGKLMNPRT", k=draw.randint(2, 10))) + draw.choice("SAT")
        found[word] = (word, " ".join(word.lower()), kinds[word[-1]])
    rows = list(found.values())
    return rows[:TRAIN], rows[TRAIN:]


def take_in(config, span):
    """Reads a span, as ParallelTextExampleGen does, and gives its profile, as TextProfiler does."""
    folder = f"{config.data.base}/span-{span}"
    patterns = [[entry.pattern.replace("{SPAN}", str(span))] for entry in config.data.inputs]
    with beam.Pipeline(argv=direct_runner_arguments()) as pipeline:
        examples, tally = read_pairs(pipeline, config.data, find_inputs(config.data.base, patterns))
        tally | beam.Map(Tally.to_json) | beam.io.WriteToText(f"{folder}/tally", shard_name_template="")
        for split, files in examples.items():
            [of_split] = files.values()
            of_split | f"Write[{split}]" >> beam.io.Write(ExampleSink(f"{folder}/{split}/pairs"))
    with open(f"{folder}/tally", encoding="utf-8") as file:
        check(Tally.from_json(file.read()), config.data)
    splits = {split: source_of_examples(f"{folder}/{split}", config.data.slice_keys) for split in examples}
    with beam.Pipeline(argv=direct_runner_arguments()) as pipeline:
        write_profile(measure(pipeline, splits, profile_settings(config), f"{folder}/parts"), folder)
    return read_profile(folder)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The task, and the profile of its first span."""
    folder = tmp_path_factory.mktemp("spans")
    damaged_span.write_span(folder / "data" / "span-1", *words(seed=1))
    config = load_config(damaged_span.write_config(folder))
    return config, take_in(config, 1)


@pytest.fixture
def anomalies(first):
    """What DataGate says of a second span with a damage."""
    config, before = first

    def found(damage):
        damaged_span.write_span(pathlib.Path(config.data.base, "span-2"), *damage(*words(seed=2)))
        now = take_in(config, 2)
        drift = Drift(config.data.drift, profile_settings(config))
        distances = [
            distance
            for split in now.splits
            for distance in drift.distances(split, now.splits[split], before.splits[split], before.splits["train"])
        ]
        return [*quality_anomalies(measure_quality(now, config.data.quality)), *drift_anomalies(distances)]

    return found


def test_shifted_lengths_are_drift(anomalies):
    told = list(map(str, anomalies(damaged_span.shifted_lengths)))
    assert [each.partition(":")[0] for each in told] == ["split train, source lengths", "split train, target lengths"]
    assert all("data.drift.lengths.jensen_shannon allows 0.05" in each for each in told)


def test_leakage_is_told_as_such(anomalies):
    [anomaly] = anomalies(damaged_span.leakage)
    assert str(anomaly).startswith(
        "split eval, sources that stand in train too: 5 examples, 5 %; data.quality.max_shared_sources allows 1 %: "
    )


def test_broken_rows_are_counted_and_named(anomalies):
    with pytest.raises(DataError) as refusal:
        anomalies(damaged_span.broken_rows)
    said = "54 of 1,900 rows are bad (54 missing column), data.max_bad_fraction allows 0.01 of them; first "
    assert str(refusal.value).startswith(said)
    assert "span-2/train.tsv:1: column 'target' is missing" in str(refusal.value)


def test_shuffled_targets_look_as_before(anomalies):
    assert anomalies(damaged_span.shuffled_targets) == []
