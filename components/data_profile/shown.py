"""The texts that are shown of findings: looked for anew among the pairs, so that nobody keeps the texts of all."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import apache_beam as beam
import numpy as np

from components.data_profile.batch import PairSource, batches, text_hashes
from components.data_profile.keys import SHARED_SOURCES
from components.data_profile.profile import Finding, excerpt
from components.data_profile.tally import FindingTally, Pair

# A text that is wanted: split, kind of finding, and hash.
_Wanted = tuple[str, str, int]


class ShowFindings(beam.PTransform):
    """From ((split, kind, other split or ""), FindingTally with hashes) to (split, kind, other split, Finding)."""

    def __init__(self, splits: dict[str, PairSource]):
        super().__init__()
        self._splits = splits

    def expand(self, tallies: beam.PCollection) -> beam.PCollection:
        wanted = beam.pvalue.AsList(tallies | "Wanted" >> beam.FlatMapTuple(_wanted))
        found = [
            tallies.pipeline
            | f"Places[{split}]" >> beam.Create(source.places)
            | f"Find[{split}]" >> beam.ParDo(_Find(split, source.read), wanted)
            for split, source in self._splits.items()
        ]
        texts = beam.pvalue.AsDict(found | beam.Flatten() | "One" >> beam.CombinePerKey(min))
        return tallies | "Show" >> beam.Map(_show, texts)


def _wanted(finding: tuple[str, str, str], tally: FindingTally) -> Iterator[_Wanted]:
    split, kind, _ = finding
    for _, text in tally.sample:
        yield split, kind, text


class _Find(beam.DoFn):
    """Gives out the texts of one place that are wanted; where none of the split is, nothing is read."""

    def __init__(self, split: str, read: Callable[[Any], Iterable[Pair]]):
        self._split = split
        self._read = read

    def process(self, place: Any, wanted: list[_Wanted]) -> Iterator[tuple[_Wanted, str]]:
        hashes: dict[str, list[int]] = {}
        for split, kind, text in wanted:
            if split == self._split:
                hashes.setdefault(kind, []).append(text)
        if not hashes:
            return
        # Once for the place, however many of its pairs are alike.
        found: dict[_Wanted, str] = {}
        for pairs in batches(self._read(place)):
            for kind, texts in hashes.items():
                of_pairs = text_hashes(kind, pairs)
                for row in np.flatnonzero(np.isin(of_pairs, texts)).tolist():
                    text = self._split, kind, int(of_pairs[row])
                    if text not in found:
                        found[text] = excerpt(pairs[row].source) if kind == SHARED_SOURCES else pairs[row].excerpt()
        yield from found.items()


def _show(
    element: tuple[tuple[str, str, str], FindingTally], texts: dict[_Wanted, str]
) -> tuple[str, str, str, Finding]:
    (split, kind, other), tally = element
    shown = [texts[split, kind, text] for _, text in tally.sample]
    return split, kind, other, Finding(count=tally.count, examples=shown)
