"""The dates task: dates as people write them in many locales, paired with ISO 8601."""

import array
import bisect
import datetime
import itertools
import os
import random
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.examples.date_forms import Form, make_forms, reading_key
from pipeline.examples.date_parts import FIRST_YEAR, LAST_YEAR

FEWEST = 1000  # pairs of all splits together: with fewer, evaluation has no pair of some locales
MOST_PER_DATE = 64  # different texts of one date that are sure to be found within a few attempts each

# Never written to any file, so that they can be shown to a trained model: the demo asks for them.
HELD_OUT = frozenset(
    {
        datetime.date(1989, 3, 3),
        datetime.date(1999, 10, 7),
        datetime.date(2027, 11, 30),
        datetime.date(2031, 2, 14),
        datetime.date(2042, 12, 25),
    }
)

_EVALUATION_SHARE = 22  # one pair of so many goes to eval, and one to test
_HEADER = "source\ttarget\tlocale\n"


def write_dates(output: Path, count: int, seed: int) -> dict[Path, int]:
    """Writes train.tsv, eval.tsv and test.tsv, each with a header and the columns source, target and locale.

    Each date of the years 1900 to 2099 belongs to one split, so that what evaluation asks for was never seen in
    training, in whatever form. No text occurs twice, nor does one that differs in case or white space alone.

    Args:
      output: folder to write to; made if it is missing. Files are replaced, each when it is complete.
      count: pairs to make, all splits together; a 22nd part each goes to eval and test.
      seed: the same seed (and release of Babel, whose CLDR the forms come from) gives the same files, byte by byte.

    Returns:
      The number of pairs in each file.

    Raises:
      ValueError: `count` is too small or too large.
      OSError: the folder cannot be written to.
    """
    dates = [date for date in _all_dates() if date not in HELD_OUT]
    if not FEWEST <= count <= MOST_PER_DATE * len(dates):
        raise ValueError(f"{count:,} pairs: from {FEWEST:,} to {MOST_PER_DATE * len(dates):,} can be made")
    draw = random.Random(seed)
    draw.shuffle(dates)
    forms = make_forms()
    evaluated = len(dates) // _EVALUATION_SHARE
    pairs = count // _EVALUATION_SHARE
    splits = {
        "test": (dates[:evaluated], pairs),
        "eval": (dates[evaluated : 2 * evaluated], pairs),
        "train": (dates[2 * evaluated :], count - 2 * pairs),
    }
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output, prefix=".unfinished-") as unfinished:
            for split, (own_dates, own_pairs) in splits.items():
                with open(Path(unfinished, f"{split}.tsv"), "w", encoding="utf-8", newline="\n") as file:
                    file.write(_HEADER)
                    file.writelines(_lines(own_dates, own_pairs, forms, draw))
            for split in splits:  # train last: where it stands, the others do
                os.replace(Path(unfinished, f"{split}.tsv"), output / f"{split}.tsv")
    except OSError as error:
        raise OSError(f"{output}: cannot be written to: {error}") from error
    return {output / f"{split}.tsv": own_pairs for split, (_, own_pairs) in reversed(splits.items())}


def _all_dates() -> Iterable[datetime.date]:
    first, last = datetime.date(FIRST_YEAR, 1, 1), datetime.date(LAST_YEAR, 12, 31)
    return map(datetime.date.fromordinal, range(first.toordinal(), last.toordinal() + 1))


def _lines(dates: Sequence[datetime.date], pairs: int, forms: Sequence[Form], draw: random.Random) -> Iterable[str]:
    """Lines of a file in random order; the dates get the same number of pairs each, give or take one."""
    each, rest = divmod(pairs, len(dates))
    chosen = array.array("q")  # eight bytes a pair: numbers of date and form, side by side
    cumulative = list(itertools.accumulate(form.weight for form in forms))
    for number, date in enumerate(dates):
        for form in _draw_forms(date, each + (number < rest), forms, cumulative, draw):
            chosen.append(number * len(forms) + form)
    draw.shuffle(chosen)
    for pair in chosen:
        number, form = divmod(pair, len(forms))
        date = dates[number]
        yield f"{forms[form].write(date)}\t{date.isoformat()}\t{forms[form].locale}\n"


def _draw_forms(
    date: datetime.date, wanted: int, forms: Sequence[Form], cumulative: Sequence[float], draw: random.Random
) -> list[int]:
    """Numbers of forms that write the date differently. What they write is nothing that another date's forms write."""
    found: dict[str, int] = {}
    while len(found) < wanted:
        form = min(bisect.bisect(cumulative, draw.random() * cumulative[-1]), len(forms) - 1)
        text = forms[form].write(date)
        if text is not None:
            found.setdefault(reading_key(text), form)
    return list(found.values())
