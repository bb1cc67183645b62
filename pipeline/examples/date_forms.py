"""The forms that people write dates in, locale by locale, made from CLDR's patterns.

Each form writes every date, and what it writes can be read in one way only: two-digit years are left out, and where
forms differ in nothing but the order of day and month (4/3/2021), they write only dates that cannot be mistaken.
"""

import collections
import dataclasses
import datetime
import unicodedata
from collections.abc import Iterator

from babel import Locale
from babel.dates import DateTimeFormat, tokenize_pattern

from pipeline.examples.date_habits import HABITS
from pipeline.examples.date_parts import DAY, FIRST_YEAR, LAST_YEAR, MONTH, WEEKDAY, YEAR, Field, Parts

# Patterns, in CLDR's notation, that people write beside those that CLDR has for their locale.
_FURTHER_PATTERNS = {
    "ar_EG": ("d MMMM، y", "d-M-y", "y/M/d"),
    "de": ("EEEE, 'den' d. MMMM y", "E d. MMMM y", "d.MMMM y"),
    "el": ("EEEE, d MMMM y", "dd-MM-y"),
    "en_GB": ("EEEE d MMMM y", "dd-MMM-y", "d MMMM, y"),
    "en_US": ("E MMM d y", "MMM d y", "y-MM-dd"),
    "es": ("EEEE d 'de' MMMM 'de' y", "d 'de' MMMM 'del' y", "dd-MM-y"),
    "fr": ("'le' d MMMM y", "'le' EEEE d MMMM y", "dd-MM-y"),
    "he": ("d MMMM y", "EEEE d בMMMM y", "d/M/y"),
    "hi": ("d MMMM, y", "EEEE d MMMM y", "dd-MM-y"),
    "it": ("EEEE, d MMMM y", "dd-MM-y", "d.M.y"),
    "ja": ("y年 M月 d日", "y-MM-dd", "y.M.d"),
    "ko": ("y년M월d일", "y.M.d", "y-MM-dd"),
    "nl": ("EEEE d MMM y", "EEEE, d MMMM y", "dd/MM/y"),
    "pl": ("d MMMM y 'r'.", "EEEE d MMMM y", "dd.MM.y 'r'."),
    "pt_BR": ("EEEE, d MMMM y", "dd.MM.y", "dd-MM-y"),
    "ru": ("d MMMM y", "d MMMM y 'года'", "d MMM y"),
    "sv": ("'den' d MMMM y", "EEEE 'den' d MMMM y", "d/M y"),
    "tr": ("d MMMM y, EEEE", "EEEE, d MMMM y", "dd/MM/y"),
    "zh": ("y年M月d号", "y年M月d日 EEEE", "y-MM-dd", "y.M.d"),
}
LOCALES = tuple(_FURTHER_PATTERNS)

_LENGTHS = ("full", "long", "medium", "short")
_SKELETONS = ("yMd", "yMEd", "yMMMd", "yMMMEd", "yMMMMd", "yMMMMEd")

# Digits that people use beside those that CLDR has as the locale's own.
_FURTHER_DIGITS = {"ar_EG": ("latn",), "hi": ("deva",)}
_ZERO = {"latn": "0", "arab": "٠", "deva": "०"}

_PLAIN_SHARE = 0.6  # of the dates in a pattern are written as CLDR has it, the others with some habit

_COMPONENTS = {"y": YEAR, "M": MONTH, "L": MONTH, "d": DAY, "E": WEEKDAY, "c": WEEKDAY}
_SAMPLES = {
    YEAR: tuple(datetime.date(year, 1, 1) for year in range(FIRST_YEAR, LAST_YEAR + 1)),
    MONTH: tuple(datetime.date(2001, month, 1) for month in range(1, 13)),
    DAY: tuple(datetime.date(2001, 1, day) for day in range(1, 32)),
    WEEKDAY: tuple(datetime.date(2001, 1, day) for day in range(1, 8)),  # 1 January 2001 was a Monday
}


@dataclasses.dataclass(frozen=True)
class Form:
    """One way to write dates."""

    locale: str
    parts: Parts
    weight: float  # how often it is written; all weights together are 1
    order_is_contested: bool = False  # another form writes day and month the other way round, and is else alike

    def write(self, date: datetime.date) -> str | None:
        """The date as text, or None if people elsewhere would read another date in it."""
        if self.order_is_contested and date.day <= 12 and date.day != date.month:
            return None
        values = (date.year - FIRST_YEAR, date.month - 1, date.day - 1, date.weekday())
        return "".join([part if isinstance(part, str) else part.texts[values[part.component]] for part in self.parts])


def reading_key(text: str) -> str:
    """The text without what makes no other date of it: case, compatibility characters, and width of white space."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def make_forms() -> tuple[Form, ...]:
    """All forms of all locales; every locale has the same weight, and so has every pattern within its locale."""
    forms = [form for locale in LOCALES for form in _forms_of(locale)]
    orders = collections.defaultdict(set)
    for form in forms:
        orders[_look(form.parts)].add(_day_is_first(form.parts))
    return tuple(
        dataclasses.replace(form, order_is_contested=_is_numeric(form.parts) and len(orders[_look(form.parts)]) == 2)
        for form in forms
    )


def _forms_of(identifier: str) -> Iterator[Form]:
    locale = Locale.parse(identifier)
    systems = (locale.default_numbering_system, *_FURTHER_DIGITS.get(identifier, ()))
    patterns = [locale.date_formats[length].pattern for length in _LENGTHS]
    patterns += [locale.datetime_skeletons[name].pattern for name in _SKELETONS if name in locale.datetime_skeletons]
    patterns += _FURTHER_PATTERNS[identifier]
    compiled = dict.fromkeys(_compile(pattern, locale, system) for pattern in patterns for system in systems)
    for plain in compiled:
        habitual = dict.fromkeys(habit(plain, locale.language) for habit in HABITS)
        habitual.pop(plain, None)
        share = 1 / len(LOCALES) / len(compiled)
        yield Form(identifier, plain, share * (_PLAIN_SHARE if habitual else 1))
        for parts in habitual:
            yield Form(identifier, parts, share * (1 - _PLAIN_SHARE) / len(habitual))


def _compile(pattern: str, locale: Locale, system: str) -> Parts:
    digits = str.maketrans("0123456789", "".join(chr(ord(_ZERO[system]) + digit) for digit in range(10)))
    parts: list[str | Field] = []
    for kind, value in tokenize_pattern(pattern):
        if kind == "chars":
            # CLDR has marks of direction and narrow no-break spaces in its patterns, which nobody types.
            parts.append(value.replace("\u200f", "").replace("\u202f", " "))
        else:
            letter, width = value
            component = _COMPONENTS[letter]
            name = letter if component == YEAR else letter * width  # a year of two digits could be of either century
            texts = (DateTimeFormat(sample, locale)[name] for sample in _SAMPLES[component])
            parts.append(Field(component, tuple(text.translate(digits) for text in texts)))
    return tuple(parts)


def _is_numeric(parts: Parts) -> bool:
    return all(part.is_numeric for part in parts if isinstance(part, Field) and part.component == MONTH)


def _day_is_first(parts: Parts) -> bool:
    components = [part.component for part in parts if isinstance(part, Field)]
    return components.index(DAY) < components.index(MONTH)


def _look(parts: Parts) -> tuple[tuple[str, ...], ...]:
    """What tells a form from others, but for the order of day and month where both are numbers."""
    looks = []
    for part in parts:
        if isinstance(part, str):
            looks.append((reading_key(part),))
        elif part.is_numeric and part.component in (DAY, MONTH):
            # Not whether it has a leading zero: 03/04 does not tell where it was written.
            looks.append((reading_key(part.texts[9])[1],))
        else:
            looks.append(tuple(map(reading_key, part.texts)))
    return tuple(looks)
