"""What people do to a date that they write: abbreviations without dots, capitals, leading zeros, ordinal numbers.

A habit makes other parts of the parts of a form, and leaves them as they are where it does not apply. None changes
which date is meant.
"""

from collections.abc import Callable

from pipeline.examples.date_parts import DAY, MONTH, Field, Parts

_COMMAS = str.maketrans("", "", ",،")
_FULL_WIDTH = {code: code - ord("0") + ord("０") for code in range(ord("!"), ord("~") + 1)}


def _english_ordinal(day: int) -> str:
    ending = "th" if 10 < day < 20 else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


# How the days are numbered beside a month's name; the Romance languages write an ordinal for the first day alone.
_ORDINALS: dict[str, Callable[[int], str]] = {
    "en": _english_ordinal,
    "es": lambda day: "1.º" if day == 1 else str(day),
    "fr": lambda day: "1er" if day == 1 else str(day),
    "it": lambda day: "1º" if day == 1 else str(day),
    "pt": lambda day: "1º" if day == 1 else str(day),
}


def _with_ordinals(parts: Parts, language: str) -> Parts:
    between_words = not any(isinstance(part, str) and part in ("-", "/") for part in parts)
    if language not in _ORDINALS or not between_words or not any(map(_is_month_name, parts)):
        return parts
    ordinals = tuple(_ORDINALS[language](day) for day in range(1, 32))
    return tuple(
        part._replace(texts=ordinals) if isinstance(part, Field) and part.component == DAY else part for part in parts
    )


def _with_leading_zeros(parts: Parts, language: str) -> Parts:
    return tuple(
        part._replace(texts=tuple(text if len(text) > 1 else part.texts[9][1] + text for text in part.texts))
        if _is_day_or_month_number(part)
        else part
        for part in parts
    )


def _without_leading_zeros(parts: Parts, language: str) -> Parts:
    return tuple(
        part._replace(texts=tuple(text.removeprefix(part.texts[9][1]) for text in part.texts))
        if _is_day_or_month_number(part)
        else part
        for part in parts
    )


def _without_commas(parts: Parts, language: str) -> Parts:
    return tuple(part.translate(_COMMAS) if isinstance(part, str) else part for part in parts)


def _without_abbreviation_dots(parts: Parts, language: str) -> Parts:
    return _on_names(parts, lambda name: name.removesuffix("."))


def _capitalized(parts: Parts, language: str) -> Parts:
    return _on_names(parts, lambda name: name[0].upper() + name[1:])


def _lower_case(parts: Parts, language: str) -> Parts:
    return _on_all(parts, str.lower)


def _upper_case(parts: Parts, language: str) -> Parts:
    # Turkish capitals are of other letters than str.upper makes, and Greek ones lose their accents.
    return parts if language in ("el", "tr") else _on_all(parts, str.upper)


def _full_width(parts: Parts, language: str) -> Parts:
    return _on_all(parts, lambda text: text.translate(_FULL_WIDTH)) if language == "ja" else parts


def _with_double_space(parts: Parts, language: str) -> Parts:
    for place, part in enumerate(parts):
        if isinstance(part, str) and " " in part:
            return (*parts[:place], part.replace(" ", "  ", 1), *parts[place + 1 :])
    return parts


HABITS: tuple[Callable[[Parts, str], Parts], ...] = (
    _with_ordinals,
    _with_leading_zeros,
    _without_leading_zeros,
    _without_commas,
    _without_abbreviation_dots,
    _capitalized,
    _lower_case,
    _upper_case,
    _full_width,
    _with_double_space,
)
"""Functions of a form's parts and its language."""


def _is_name(part: str | Field) -> bool:
    return isinstance(part, Field) and not part.is_numeric


def _is_month_name(part: str | Field) -> bool:
    return _is_name(part) and part.component == MONTH


def _is_day_or_month_number(part: str | Field) -> bool:
    return isinstance(part, Field) and part.component in (DAY, MONTH) and part.is_numeric


def _on_names(parts: Parts, change: Callable[[str], str]) -> Parts:
    return tuple(part._replace(texts=tuple(map(change, part.texts))) if _is_name(part) else part for part in parts)


def _on_all(parts: Parts, change: Callable[[str], str]) -> Parts:
    return tuple(
        change(part) if isinstance(part, str) else part._replace(texts=tuple(map(change, part.texts))) for part in parts
    )
