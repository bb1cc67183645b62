"""Lengths and unknown tokens, held to a schema.

A schema of tensorflow_metadata has no words for texts that are yet to be split. So a side is described by a feature
`source_tokens` or `target_tokens`, which the examples do not have and which Transform does not read (its stage of life
is VALIDATION_DERIVED): `value_count` bounds the tokens of a text, `natural_language_domain.coverage.min_coverage` says
which share of a split's tokens the vocabulary of the training split must know.
"""

import math
from collections.abc import Iterator

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_checks.anomaly import Anomaly, percent
from components.data_profile.profile import Profile, SideProfile

SIDES = ("source", "target")
_SUFFIX = "_tokens"

# What may be unknown at the least, and how many times what is unknown now.
_LEAST_UNKNOWN, _UNKNOWN_FACTOR = 0.01, 2


def add_bounds(schema: schema_pb2.Schema, profile: Profile) -> None:
    """Adds bounds that all splits of a profile keep: its own lengths, and twice its share of unknown tokens."""
    for name in SIDES:
        sides = [split.sides[name] for split in profile.splits.values()]
        feature = schema.feature.add(
            name=f"{name}{_SUFFIX}", type=schema_pb2.BYTES, lifecycle_stage=schema_pb2.VALIDATION_DERIVED
        )
        feature.value_count.min = min(min(side.lengths) for side in sides)
        feature.value_count.max = max(max(side.lengths) for side in sides)
        unknown = max(_LEAST_UNKNOWN, _UNKNOWN_FACTOR * max(side.tokens.unknown_share for side in sides))
        feature.natural_language_domain.coverage.min_coverage = max(0.0, math.floor((1 - unknown) * 1000) / 1000)


def is_bounds(feature: schema_pb2.Feature) -> bool:
    """Whether a feature of a schema describes the tokens of a side."""
    return feature.lifecycle_stage == schema_pb2.VALIDATION_DERIVED


def bounds_anomalies(profile: Profile, schema: schema_pb2.Schema) -> Iterator[Anomaly]:
    """Where a profile does not keep the bounds; none where the schema has no bounds."""
    for feature in filter(is_bounds, schema.feature):
        for split, figures in profile.splits.items():
            side = figures.sides.get(feature.name.removesuffix(_SUFFIX))
            if side:
                yield from _side_anomalies(split, side, feature)


def _side_anomalies(split: str, side: SideProfile, feature: schema_pb2.Feature) -> Iterator[Anomaly]:
    count = feature.value_count
    shortest, longest = min(side.lengths), max(side.lengths)
    if count.HasField("min") and shortest < count.min:
        few = sum(texts for length, texts in side.lengths.items() if length < count.min)
        problem = f"{few:,} texts are shorter than the schema allows: {shortest:,} tokens, {count.min:,} is the least"
        yield Anomaly(split, feature.name, problem, [side.shortest])
    if count.HasField("max") and longest > count.max:
        many = sum(texts for length, texts in side.lengths.items() if length > count.max)
        problem = f"{many:,} texts are longer than the schema allows: {longest:,} tokens, {count.max:,} is the most"
        yield Anomaly(split, feature.name, problem, [side.longest])
    allowed = 1 - feature.natural_language_domain.coverage.min_coverage
    has_coverage = feature.natural_language_domain.coverage.HasField("min_coverage")
    if has_coverage and side.tokens.unknown_share > allowed + 1e-6:
        problem = (
            f"{percent(side.tokens.unknown_share)} of the tokens are unknown, the schema allows {percent(allowed)}"
        )
        yield Anomaly(split, feature.name, problem, [token for token, _ in side.tokens.unknown_most_common[:10]])
