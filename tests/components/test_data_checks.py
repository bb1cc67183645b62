"""Each limit on data, with a profile that keeps it and one that does not."""

import math
import random

import numpy as np
import pytest
from google.protobuf import text_format
from scipy.spatial import distance
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_checks.anomaly import Anomaly, anomaly_table
from components.data_checks.bounds import add_bounds, bounds_anomalies
from components.data_checks.config import DriftConfig, QualityConfig
from components.data_checks.distances import jensen_shannon, l_infinity
from components.data_checks.drift import Drift, drift_anomalies, drift_table
from components.data_checks.quality import measure_quality, quality_anomalies, quality_table
from components.data_profile.profile import Counts, Finding, Profile, SideProfile, SplitProfile
from components.data_profile.settings import ProfileSettings
from transform.config import TextConfig


def side(lengths=None, tokens=None, unknown=None, total=None):
    """One side: counts of lengths and tokens, and of those that are unknown."""
    tokens = tokens or {"a": 100}
    unknown = unknown or {}
    return SideProfile(
        lengths=lengths or {3: 100},
        shortest="short",
        longest="long",
        tokens=Counts(
            total=total or sum(tokens.values()),
            distinct=len(tokens),
            most_common=list(tokens.items()),
            unknown=sum(unknown.values()),
            unknown_most_common=list(unknown.items()),
        ),
    )


def split(examples=100, source=None, target=None, **figures):
    return SplitProfile(examples=examples, sides={"source": source or side(), "target": target or side()}, **figures)


FINDING = Finding(count=5, examples=["a → b\u2028", "c → d"])


class TestQuality:
    @pytest.mark.parametrize(
        ("key", "figures", "cause"),
        [
            ("max_identical_pairs", {"identical_pairs": FINDING}, "identical pairs"),
            ("max_shared_sources", {"shared_sources": {"train": FINDING}}, "sources that stand in train too"),
            ("max_near_empty", {"near_empty": FINDING}, "near-empty pairs"),
            ("max_extreme_length_ratio", {"extreme_length_ratio": FINDING}, "extreme length ratio"),
        ],
    )
    def test_more_than_the_limit_is_an_anomaly_that_names_cause_limit_and_examples(self, key, figures, cause):
        profile = Profile(text_settings="", splits={"train": split(), "eval": split(**figures)})
        measured = measure_quality(profile, QualityConfig())
        assert [each.subject for each in measured] == [cause]
        assert quality_anomalies(measured) == []
        assert quality_anomalies(measure_quality(profile, QualityConfig(**{key: 0.05}))) == []
        [anomaly] = quality_anomalies(measure_quality(profile, QualityConfig(**{key: 0.049})))
        assert str(anomaly) == (
            f'split eval, {cause}: 5 examples, 5 %; data.quality.{key} allows 4.9 %: "a → b\\u2028", "c → d"'
        )

    def test_the_training_split_is_not_held_to_what_other_splits_share_with_it(self):
        profile = Profile(text_settings="", splits={"train": split(shared_sources={"eval": FINDING})})
        measured = measure_quality(profile, QualityConfig(max_shared_sources=0.0))
        assert quality_anomalies(measured) == []
        assert "5 %" in quality_table(measured).plain()

    def test_clean_pairs_are_not_told_of(self):
        assert (
            measure_quality(Profile(text_settings="", splits={"train": split()}), QualityConfig(max_near_empty=0.0))
            == []
        )


class TestBounds:
    PROFILE = Profile(
        text_settings="",
        splits={
            "train": split(source=side(lengths={2: 1, 9: 1})),
            "eval": split(source=side(lengths={3: 1}, tokens={"a": 97, "日": 3}, unknown={"日": 3})),
        },
    )

    @pytest.fixture
    def schema(self):
        schema = schema_pb2.Schema()
        add_bounds(schema, self.PROFILE)
        # As the file keeps it.
        return text_format.Parse(text_format.MessageToString(schema), schema_pb2.Schema())

    def test_data_keeps_the_bounds_that_it_gives(self, schema):
        assert list(bounds_anomalies(self.PROFILE, schema)) == []

    @pytest.mark.parametrize(
        ("source", "problem"),
        [
            (
                side(lengths={1: 4, 2: 1}),
                '4 texts are shorter than the schema allows: 1 tokens, 2 is the least: "short"',
            ),
            (
                side(lengths={9: 1, 10: 2, 12: 1}),
                '3 texts are longer than the schema allows: 12 tokens, 9 is the most: "long"',
            ),
            (
                side(lengths={2: 1}, tokens={"a": 93, "é": 7}, unknown={"é": 7}),
                '7 % of the tokens are unknown, the schema allows 6 %: "é"',
            ),
        ],
    )
    def test_other_data_does_not(self, schema, source, problem):
        [anomaly] = bounds_anomalies(Profile(text_settings="", splits={"test": split(source=source)}), schema)
        assert str(anomaly) == f"split test, source_tokens: {problem}"

    def test_a_schema_without_bounds_bounds_nothing(self):
        assert list(bounds_anomalies(self.PROFILE, schema_pb2.Schema())) == []


def counts(seed, size=20):
    draw = random.Random(seed)
    return {letter: draw.randint(0, 50) for letter in "abcdefghijklmnopqrst"[:size]}


class TestDistances:
    @pytest.mark.parametrize("seed", range(5))
    def test_they_equal_scipys(self, seed):
        ours, theirs = counts(seed), counts(seed + 100, size=12)
        p, q = (np.array([each.get(value, 0) for value in ours]) for each in (ours, theirs))
        assert jensen_shannon(ours, theirs) == pytest.approx(distance.jensenshannon(p, q, base=2) ** 2, abs=1e-12)
        value, where = l_infinity(ours, theirs)
        assert value == pytest.approx(distance.chebyshev(p / p.sum(), q / q.sum()))
        assert abs(ours[where] / p.sum() - theirs.get(where, 0) / q.sum()) == pytest.approx(value)

    def test_extremes(self):
        assert jensen_shannon({"a": 1}, {"a": 7}) == 0
        assert jensen_shannon({"a": 1}, {"b": 7}) == 1
        assert l_infinity({"a": 1}, {"b": 7}) == (1.0, "a")
        assert l_infinity({}, {"b": 7}) == (0.0, None)
        assert jensen_shannon({}, {"b": 7}) == 0


SETTINGS = ProfileSettings(
    source=TextConfig(min_count=2, vocabulary_size=2),
    target=TextConfig(),
    shared_vocabulary=False,
    slice_keys=["kind"],
    near_empty_tokens=1,
    extreme_length_ratio=9.0,
)
OLD = split(
    source=side(lengths={3: 50, 4: 50}, tokens={"a": 80, "b": 19, "c": 1}),
    slices={"kind": Counts(total=100, distinct=2, most_common=[("x", 50), ("y", 50)])},
)


class TestDrift:
    def anomalies(self, new, old=OLD, **limits):
        drift = Drift(DriftConfig(**{"min_examples": 100, **limits}), SETTINGS)
        return drift_anomalies(drift.distances("train", new, old, old))

    LIMITS = {
        "lengths": {"l_infinity": 0.1, "jensen_shannon": 0.1},
        "tokens": {"l_infinity": 0.1, "jensen_shannon": 0.1},
        "slices": {"l_infinity": 0.1, "jensen_shannon": 0.1},
        "max_unknown_increase": 0.05,
    }

    def test_equal_data_does_not_drift_whatever_the_limits(self):
        zero = {"l_infinity": 0.0, "jensen_shannon": 0.0}
        assert self.anomalies(OLD, lengths=zero, tokens=zero, slices=zero, max_unknown_increase=0.0) == []

    @pytest.mark.parametrize(
        ("change", "subject", "keys"),
        [
            (
                {"sides": {"source": side(lengths={5: 100}, tokens={"a": 80, "b": 20})}},
                "source lengths",
                ["lengths.l_infinity", "lengths.jensen_shannon"],
            ),
            (
                {"sides": {"source": side(lengths={3: 50, 4: 50}, tokens={"a": 20, "b": 80})}},
                "source tokens",
                ["tokens.l_infinity", "tokens.jensen_shannon"],
            ),
            (
                {"slices": {"kind": Counts(total=100, distinct=1, most_common=[("x", 100)])}},
                "slice key kind",
                ["slices.l_infinity", "slices.jensen_shannon"],
            ),
            (
                {"sides": {"source": side(lengths={3: 50, 4: 50}, tokens={"a": 75, "b": 17, "c": 3, "日": 5})}},
                "source tokens",
                ["max_unknown_increase"],
            ),
        ],
    )
    def test_each_kind_of_change_goes_beyond_its_own_limits(self, change, subject, keys):
        new = OLD.model_copy(update=change)
        found = self.anomalies(new, **self.LIMITS)
        assert {anomaly.subject for anomaly in found} == {subject}
        assert all(f"data.drift.{key} allows" in str(anomaly) for key, anomaly in zip(keys, found, strict=True))
        assert self.anomalies(new) == []

    def test_the_message_says_what_changed(self):
        new = OLD.model_copy(update={"slices": {"kind": Counts(total=4, distinct=2, most_common=[("x", 1), ("y", 3)])}})
        [anomaly] = self.anomalies(new, slices={"l_infinity": 0.2})
        assert str(anomaly) == (
            "split train, slice key kind: L-infinity is 0.25, data.drift.slices.l_infinity allows 0.2: "
            '"x: 50 % before, 25 % now"'
        )

    def test_few_examples_stop_nothing(self):
        new = split(examples=99, source=side(lengths={5: 99}))
        assert self.anomalies(new, **self.LIMITS) == []
        drift = Drift(DriftConfig(min_examples=100, **self.LIMITS), SETTINGS)
        assert "too few examples" in drift_table("Drift", drift.distances("eval", new, OLD, OLD)).plain()

    def test_values_that_were_not_kept_stand_together(self):
        # Of 100 tokens 40 were too rare to be kept; c and d may have been among them.
        old = split(source=side(tokens={"a": 60}, total=100))
        new = split(source=side(tokens={"a": 60, "c": 30, "d": 10}))
        assert self.anomalies(new, old, tokens={"l_infinity": 0.0, "jensen_shannon": 0.0}) == []

    def test_served_sources_are_compared_alone(self):
        served = SplitProfile(examples=100, sides={"source": side(tokens={"日": 1})})
        distances = Drift(DriftConfig(), SETTINGS).distances("served", served, OLD, OLD)
        assert {distance.subject for distance in distances} == {"source lengths", "source tokens"}
        [unknown] = [distance for distance in distances if distance.key == "max_unknown_increase"]
        assert math.isclose(unknown.value, 0.99)


def test_an_anomaly_is_told_on_one_line_that_ends():
    told = str(Anomaly("eval", "feature x", "a\nb" + "x" * 5000))
    assert told.startswith("split eval, feature x: a\\nbxxx")
    assert len(told) < 700


def test_tables_are_aligned_whatever_is_in_them():
    table = anomaly_table([Anomaly("train", "日本", "x", ["é"]), Anomaly("e", "feature kind", "y")])
    assert table.plain().splitlines() == [
        "Anomalies of the data",
        "split  what          found  examples",
        'train  日本          x      "é"',
        "e      feature kind  y",
    ]
