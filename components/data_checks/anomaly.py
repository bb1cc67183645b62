"""What is wrong with data, for people."""

import dataclasses
from collections.abc import Sequence

from components.tables import Table

# Of what is told at once, in characters.
_LONGEST = 600


@dataclasses.dataclass(frozen=True)
class Anomaly:
    """One thing that stops a run.

    Attributes:
      split: where it is.
      subject: what it is about: a feature, or a property of the pairs.
      problem: what was found, and what is allowed.
      examples: offending values or texts.
    """

    split: str
    subject: str
    problem: str
    examples: Sequence[str] = ()

    def __str__(self) -> str:
        """All of it on one line, not without end."""
        shown = f": {quoted(self.examples)}" if self.examples else ""
        return shorten(f"split {self.split}, {self.subject}: {self.problem}{shown}")


def anomaly_table(anomalies: Sequence[Anomaly]) -> Table:
    """All of them, a row each."""
    return Table(
        "Anomalies of the data",
        ("split", "what", "found", "examples"),
        [(each.split, each.subject, shorten(each.problem), quoted(each.examples)) for each in anomalies],
    )


def quoted(texts: Sequence[str]) -> str:
    """Texts side by side."""
    return ", ".join(f'"{printable(text)}"' for text in texts)


def printable(text: str) -> str:
    """The text with whatever would break or disturb a line escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def shorten(text: str) -> str:
    """The text, escaped, and not without end."""
    shown = printable(text.strip())
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]} …"


def percent(share: float) -> str:
    """A share in per cent, with as many digits as it takes to tell small ones."""
    return f"{100 * share:.3g} %"
