"""What a written date is put together from."""

from typing import NamedTuple

FIRST_YEAR, LAST_YEAR = 1900, 2099

# A field's component: which of a date's values it shows.
YEAR, MONTH, DAY, WEEKDAY = range(4)


class Field(NamedTuple):
    """A place that shows one component of the date."""

    component: int
    texts: tuple[str, ...]  # from the first year, January, the 1st, and Monday on

    @property
    def is_numeric(self) -> bool:
        """Whether it shows digits alone."""
        return self.texts[0].isdecimal()


Parts = tuple[str | Field, ...]
"""Text that stands in every date, and fields, in their order."""
