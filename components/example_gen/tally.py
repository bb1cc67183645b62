"""What reading came to: pairs of each split, bad rows of each reason, and what stands in the way."""

import collections
import dataclasses
import json
from collections.abc import Iterable

from components.example_gen.rows import BadRow

# Its name beside the examples.
TALLY_FILE = "tally.json"

# How many bad rows are told by line; where they stop the run, no file is read further than that.
BAD_ROWS_TOLD = 5


@dataclasses.dataclass
class Tally:
    """Counts over rows that were read; tallies of files add up to that of all.

    Attributes:
      rows: rows read, good and bad.
      pairs: pairs of a source and one reference, by split.
      weightless: those of them whose weight is 0.
      bad_rows: bad rows, by reason.
      first_bad_rows: the first few, as number of the file, line, and what is wrong where.
      digests: of each file with examples to train on, the number of its part and the SHA-256 of these in their order,
        where they are kept apart by part.
      unreadable: files that could not be read to their end, as number of the file and why.
    """

    rows: int = 0
    pairs: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    weightless: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    bad_rows: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    first_bad_rows: list[tuple[int, int, str]] = dataclasses.field(default_factory=list)
    digests: list[tuple[int, str]] = dataclasses.field(default_factory=list)
    unreadable: list[tuple[int, str]] = dataclasses.field(default_factory=list)

    def add_bad_row(self, order: int, path: str, row: BadRow) -> None:
        """Counts a bad row of the file with this number."""
        self.bad_rows[row.reason.value] += 1
        if len(self.first_bad_rows) < BAD_ROWS_TOLD:
            self.first_bad_rows.append((order, row.line, f"{path}:{row.line}: {row.detail}"))

    def to_json(self) -> str:
        """The tally as JSON; `from_json` reads it back."""
        return json.dumps(vars(self), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Tally":
        """Reads what `to_json` wrote."""
        fields = json.loads(text)
        return cls(
            rows=fields["rows"],
            pairs=collections.Counter(fields["pairs"]),
            weightless=collections.Counter(fields["weightless"]),
            bad_rows=collections.Counter(fields["bad_rows"]),
            first_bad_rows=[tuple(row) for row in fields["first_bad_rows"]],
            digests=[tuple(file) for file in fields["digests"]],
            unreadable=[tuple(file) for file in fields["unreadable"]],
        )


def add_tallies(tallies: Iterable[Tally]) -> Tally:
    """The sum of tallies, in any order."""
    total = Tally()
    for tally in tallies:
        total.rows += tally.rows
        total.pairs.update(tally.pairs)
        total.weightless.update(tally.weightless)
        total.bad_rows.update(tally.bad_rows)
        total.first_bad_rows = sorted(total.first_bad_rows + tally.first_bad_rows)[:BAD_ROWS_TOLD]
        total.digests += tally.digests
        total.unreadable = sorted(total.unreadable + tally.unreadable)
    total.digests.sort()
    return total
