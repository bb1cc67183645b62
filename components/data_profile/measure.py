"""The Beam part: from pairs of every split to one profile. No more than the vocabulary is held by any one worker."""

import collections
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
from tensorflow.core.example import example_pb2

from components.config.data import TRAIN_SPLIT
from components.data_profile.batch import PAIRS, SOURCES, TALLIES, VALUES, MeasureBatch
from components.data_profile.combiners import CountsCombineFn, FindingCombineFn, add_occurrences
from components.data_profile.profile import Counts, Finding, Profile, SplitProfile
from components.data_profile.settings import MIN_VALUES_KEPT, ProfileSettings
from components.data_profile.tally import Pair, SplitTally, add_tallies
from transform.features import SOURCE, TARGET

# Bytes of text that are segmented at once.
_MIN_BATCH_BYTES, _MAX_BATCH_BYTES = 1 << 13, 1 << 18

_SHARED = "shared"


def measure(splits: dict[str, beam.PCollection], settings: ProfileSettings) -> beam.PCollection:
    """Profiles pairs.

    Args:
      splits: Pairs by the names of their splits.
      settings: how they become tokens, and what is suspicious of them.

    Returns:
      A single Profile.
    """
    measured = [
        pairs
        | f"Batch[{split}]" >> beam.BatchElements(_MIN_BATCH_BYTES, _MAX_BATCH_BYTES, element_size_fn=_bytes_of)
        | f"Measure[{split}]" >> beam.ParDo(MeasureBatch(split, settings)).with_outputs(TALLIES, VALUES, SOURCES, PAIRS)
        for split, pairs in splits.items()
    ]
    tallies, values, sources, pairs = (
        [outputs[tag] for outputs in measured] | f"All[{tag}]" >> beam.Flatten()
        for tag in (TALLIES, VALUES, SOURCES, PAIRS)
    )
    parts = (
        tallies | "AddTallies" >> beam.CombinePerKey(add_tallies) | "TallyParts" >> beam.MapTuple(_tally_part),
        values | "AddValues" >> beam.CombinePerKey(sum) | "Distributions" >> _Distributions(settings),
        sources | "SharedSources" >> _SharedSources(),
        pairs | "IdenticalPairs" >> _IdenticalPairs(),
    )
    return parts | "AllParts" >> beam.Flatten() | "Assemble" >> beam.CombineGlobally(_Assemble(settings.of_text()))


def pair_of(example: bytes, slice_keys: Iterable[str]) -> Pair:
    """The pair in a serialized tf.Example as ExampleGen writes it."""
    features = example_pb2.Example.FromString(example).features.feature
    first = {name: features[name].bytes_list.value[0] for name in (SOURCE, TARGET)}
    slices = {key: features[key].bytes_list.value[0] for key in slice_keys}
    return Pair(first[SOURCE], first[TARGET], slices)


# What is known of a split: (split, what, of what within the split, the figures). Figures are a SplitTally, Counts or a
# Finding: of a union of them, newer releases of Beam would try to make one type of rows, and fail.
_Part = tuple[str, str, str, Any]


def _bytes_of(pair: Pair) -> int:
    return sum(map(len, pair.texts.values())) + 1


def _tally_part(split: str, tally: SplitTally) -> _Part:
    return split, "tally", "", tally


class _Distributions(beam.PTransform):
    """Counts of tokens and slice keys, with the tokens told apart that the training split's vocabulary lacks."""

    def __init__(self, settings: ProfileSettings):
        super().__init__()
        self._settings = settings

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        vocabularies = beam.pvalue.AsDict(counted | "Vocabularies" >> _Vocabularies(self._settings))
        judged = counted | "Judge" >> beam.Map(self._judge, vocabularies)
        outputs = []
        for feature, kept in self._features().items():
            outputs.append(
                judged
                | f"Of[{feature}]" >> beam.Filter(lambda entry, feature=feature: entry[0][1] == feature)
                | f"Count[{feature}]" >> beam.CombinePerKey(CountsCombineFn(kept))
                | f"Part[{feature}]" >> beam.MapTuple(lambda key, counts: (key[0], "counts", key[1], counts))
            )
        return outputs | beam.Flatten()

    def _features(self) -> dict[str, int]:
        tokens = {f"{side}_tokens": self._settings.values_kept(side) for side in ("source", "target")}
        return tokens | {f"slice {key}": MIN_VALUES_KEPT for key in self._settings.slice_keys}

    def _judge(self, counted: tuple[tuple[str, str, bytes], int], vocabularies: dict[str, frozenset[bytes]]):
        (split, feature, value), count = counted
        vocabulary = vocabularies.get(_vocabulary_of(feature, self._settings), frozenset())
        known = feature.startswith("slice ") or value in vocabulary
        return (split, feature), (count, value, known)


class _Vocabularies(beam.PTransform):
    """The vocabularies that the training split gives, as (name, set of tokens)."""

    def __init__(self, settings: ProfileSettings):
        super().__init__()
        self._settings = settings

    def expand(self, counted: beam.PCollection) -> beam.PCollection:
        # Sides that share a vocabulary agree on its size and the least count.
        sides = {
            _vocabulary_of(f"{side}_tokens", self._settings): self._settings.side(side) for side in ("source", "target")
        }
        tokens = (
            counted
            | beam.Filter(lambda entry: entry[0][0] == TRAIN_SPLIT and not entry[0][1].startswith("slice "))
            | beam.MapTuple(lambda key, count: ((_vocabulary_of(key[1], self._settings), key[2]), count))
            | beam.CombinePerKey(sum)
        )
        vocabularies = []
        for name, config in sides.items():
            vocabularies.append(
                tokens
                | f"In[{name}]"
                >> beam.Filter(lambda e, name=name, least=config.min_count: e[0][0] == name and e[1] >= least)
                | f"Turn[{name}]" >> beam.MapTuple(lambda key, count: (key[0], (count, key[1])))
                | f"Top[{name}]" >> beam.combiners.Top.LargestPerKey(config.vocabulary_size)
                | f"Set[{name}]" >> beam.MapTuple(lambda name, top: (name, frozenset(token for _, token in top)))
            )
        return vocabularies | beam.Flatten()


def _vocabulary_of(feature: str, settings: ProfileSettings) -> str:
    return _SHARED if settings.shared_vocabulary else feature


class _SharedSources(beam.PTransform):
    """From (hash of a source, (split, text to show)) to the examples of each split whose source another one has."""

    def expand(self, sources: beam.PCollection) -> beam.PCollection:
        return (
            sources
            | beam.MapTuple(lambda key, place: (key, (collections.Counter([place[0]]), place[1])))
            | beam.CombinePerKey(add_occurrences)
            | beam.FlatMapTuple(self._shared)
            | beam.CombinePerKey(FindingCombineFn())
            | beam.MapTuple(lambda splits, finding: (splits[0], "shared_sources", splits[1], finding))
        )

    @staticmethod
    def _shared(key: bytes, occurrences) -> Iterator[tuple[tuple[str, str], tuple[int, bytes, str]]]:
        counts, shown = occurrences
        for split, count in counts.items():
            for other in counts:
                if other != split:
                    yield (split, other), (count, key, shown)


class _IdenticalPairs(beam.PTransform):
    """From ((split, hash of a pair), text to show) to how many examples repeat an earlier one."""

    def expand(self, pairs: beam.PCollection) -> beam.PCollection:
        return (
            pairs
            | beam.MapTuple(lambda key, shown: (key, (collections.Counter([key[0]]), shown)))
            | beam.CombinePerKey(add_occurrences)
            | beam.FlatMapTuple(self._repeated)
            | beam.CombinePerKey(FindingCombineFn())
            | beam.MapTuple(lambda split, finding: (split, "identical_pairs", "", finding))
        )

    @staticmethod
    def _repeated(key: tuple[str, bytes], occurrences) -> Iterator[tuple[str, tuple[int, bytes, str]]]:
        split, pair_hash = key
        counts, shown = occurrences
        if counts[split] > 1:
            yield split, (counts[split] - 1, pair_hash, shown)


class _Assemble(beam.CombineFn):
    """One Profile of all parts."""

    def __init__(self, text_settings: str):
        self._text_settings = text_settings

    def create_accumulator(self) -> list[_Part]:
        return []

    def add_input(self, accumulator: list[_Part], element: _Part) -> list[_Part]:
        accumulator.append(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[_Part]]) -> list[_Part]:
        return [part for accumulator in accumulators for part in accumulator]

    def extract_output(self, accumulator: list[_Part]) -> Profile:
        parts: dict[str, dict[tuple[str, str], Any]] = collections.defaultdict(dict)
        for split, what, of_what, figures in accumulator:
            parts[split][what, of_what] = figures
        splits = {split: _split_profile(parts[split]) for split in sorted(parts)}
        return Profile(text_settings=self._text_settings, splits=splits)


def _split_profile(parts: dict[tuple[str, str], Any]) -> SplitProfile:
    profile = parts["tally", ""].profile()
    sides = {
        name: side.model_copy(update={"tokens": parts.get(("counts", f"{name}_tokens"), Counts())})
        for name, side in profile.sides.items()
    }
    counts = {of_what: figures for (what, of_what), figures in parts.items() if what == "counts"}
    return profile.model_copy(
        update={
            "sides": sides,
            "slices": {
                feature.removeprefix("slice "): figures
                for feature, figures in sorted(counts.items())
                if feature.startswith("slice ")
            },
            "identical_pairs": parts.get(("identical_pairs", ""), Finding()),
            "shared_sources": {
                of_what: figures for (what, of_what), figures in sorted(parts.items()) if what == "shared_sources"
            },
        }
    )
