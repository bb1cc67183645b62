"""Combiners of what batches give out; all may be cut and merged in any order."""

import heapq
from collections.abc import Iterable

import apache_beam as beam

from components.data_profile.profile import Counts
from components.data_profile.tally import FindingTally

_UNKNOWN_SHOWN = 20


class CountsCombineFn(beam.CombineFn):
    """Counts of (count, value, known) of distinct values; keeps the most frequent ones."""

    def __init__(self, kept: int):
        self._kept = kept

    def create_accumulator(self) -> dict[str, int | list]:
        return {"total": 0, "distinct": 0, "unknown": 0, "values": [], "unknown_values": []}

    def add_input(self, accumulator, element: tuple[int, bytes, bool]):
        count, value, known = element
        accumulator["total"] += count
        accumulator["distinct"] += 1
        _keep(accumulator["values"], (count, value), self._kept)
        if not known:
            accumulator["unknown"] += count
            _keep(accumulator["unknown_values"], (count, value), _UNKNOWN_SHOWN)
        return accumulator

    def merge_accumulators(self, accumulators):
        total = self.create_accumulator()
        for accumulator in accumulators:
            for name in ("total", "distinct", "unknown"):
                total[name] += accumulator[name]
            for name, kept in (("values", self._kept), ("unknown_values", _UNKNOWN_SHOWN)):
                for entry in accumulator[name]:
                    _keep(total[name], entry, kept)
        return total

    def extract_output(self, accumulator) -> Counts:
        return Counts(
            total=accumulator["total"],
            distinct=accumulator["distinct"],
            most_common=_shown(accumulator["values"]),
            unknown=accumulator["unknown"],
            unknown_most_common=_shown(accumulator["unknown_values"]),
        )


class FindingCombineFn(beam.CombineFn):
    """The sum of FindingTallies."""

    def create_accumulator(self) -> FindingTally:
        return FindingTally()

    def add_input(self, accumulator: FindingTally, element: FindingTally) -> FindingTally:
        accumulator.merge(element)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[FindingTally]) -> FindingTally:
        total = FindingTally()
        for accumulator in accumulators:
            total.merge(accumulator)
        return total

    def extract_output(self, accumulator: FindingTally) -> FindingTally:
        return accumulator


def _keep(heap: list, entry: tuple[int, bytes], kept: int) -> None:
    if len(heap) < kept:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)


def _shown(heap: list) -> list[tuple[str, int]]:
    ordered = sorted(heap, key=lambda entry: (-entry[0], entry[1]))
    return [(value.decode("utf-8", errors="replace"), count) for count, value in ordered]
