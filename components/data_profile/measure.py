"""The Beam part: from pairs of every split to one profile.

No more than the vocabulary is held by any one worker, nor by an engine that keeps in memory what it groups.
"""

import collections
from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from components.config.data import TRAIN_SPLIT
from components.data_profile.batch import KEYS, TALLIES, VALUES, MeasurePlace, PairSource
from components.data_profile.combiners import CountsCombineFn, FindingCombineFn
from components.data_profile.keys import IDENTICAL_PAIRS, SHARED_SOURCES, findings
from components.data_profile.parts import ReadParts
from components.data_profile.profile import Counts, Finding, Profile, SplitProfile
from components.data_profile.settings import MIN_VALUES_KEPT, ProfileSettings
from components.data_profile.shown import ShowFindings
from components.data_profile.tally import SplitTally, add_tallies
from components.data_profile.values import add_values

_SHARED = "shared"


def measure(
    pipeline: beam.Pipeline, splits: dict[str, PairSource], settings: ProfileSettings, folder: str
) -> beam.PCollection:
    """Profiles pairs.

    Args:
      pipeline: what does it.
      splits: where the pairs are, by the names of their splits.
      settings: how they become tokens, and what is suspicious of them.
      folder: where all workers write and read files that are of no use afterwards; whoever calls deletes them.

    Returns:
      A single Profile.
    """
    measured = {
        split: pipeline
        | f"Places[{split}]" >> beam.Create(source.places)
        | f"Measure[{split}]"
        >> beam.ParDo(MeasurePlace(split, source.read, settings, folder)).with_outputs(TALLIES, VALUES, KEYS)
        for split, source in splits.items()
    }
    # What a split adds is summed before all splits are put together: a runner may hold what is put together as it is.
    tallies = [
        outputs[TALLIES] | f"AddTallies[{split}]" >> beam.CombinePerKey(add_tallies)
        for split, outputs in measured.items()
    ]
    parts = (
        tallies | "AllTallies" >> beam.Flatten() | "TallyParts" >> beam.MapTuple(_tally_part),
        [outputs[VALUES] for outputs in measured.values()]
        | "AllValues" >> beam.Flatten()
        | "AddValues" >> ReadParts(add_values)
        | "Distributions" >> _Distributions(settings),
        [outputs[KEYS] for outputs in measured.values()]
        | "AllKeys" >> beam.Flatten()
        | "Findings" >> ReadParts(findings)
        | "AddFindings" >> beam.CombinePerKey(FindingCombineFn())
        | "ShowFindings" >> ShowFindings(splits),
    )
    return parts | "AllParts" >> beam.Flatten() | "Assemble" >> beam.CombineGlobally(_Assemble(settings.of_text()))


# What is known of a split: (split, what, of what within the split, the figures). Figures are a SplitTally, Counts or a
# Finding: of a union of them, newer releases of Beam would try to make one type of rows, and fail.
_Part = tuple[str, str, str, Any]


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
            "identical_pairs": parts.get((IDENTICAL_PAIRS, ""), Finding()),
            "shared_sources": {
                of_what: figures for (what, of_what), figures in sorted(parts.items()) if what == SHARED_SOURCES
            },
        }
    )
