"""Looking through the input once: every line is checked, counted, and the shards are cut."""

import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from components.prediction.job import InputFile, Settings, Shard, Stretch
from components.prediction.sources import parse, read_raw_lines

# Places that are remembered to cut at. Where there are more lines, every second, fourth, … line is one.
_MOST_PLACES = 1 << 16


class _Place(NamedTuple):
    """The start of a line: its file, its number there and its offset, and the number of lines before it in all."""

    file: int
    line: int
    offset: int
    before: int


def cut_into_shards(inputs: Sequence[InputFile], settings: Settings, shards: int) -> list[Shard]:
    """Shards of about as many lines each, which hold all lines in their order; some are empty where lines are few.

    Memory does not grow with the number of lines.

    Raises:
      InputError: a file cannot be read, or a line holds no source.
    """
    places: list[_Place] = []
    starts: list[_Place] = []  # of the files
    stride, total = 1, 0
    for index, file in enumerate(inputs):
        starts.append(_Place(index, 1, 0, total))
        for raw in read_raw_lines(file.path):
            parse(file.path, raw, total + 1, settings)
            if total % stride == 0:
                places.append(_Place(index, raw.number, raw.offset, total))
                if len(places) > _MOST_PLACES:
                    places, stride = places[::2], 2 * stride
            total += 1
    end = _Place(len(inputs), 1, 0, total)
    cuts = [*(_at(places, number * total // shards, stride, end) for number in range(shards)), end]
    return [
        Shard(first=begin.before + 1, stretches=list(_stretches(inputs, begin, stop, [*starts, end])))
        for begin, stop in itertools.pairwise(cuts)
    ]


def _at(places: Sequence[_Place], before: int, stride: int, end: _Place) -> _Place:
    """The last place that has no more lines before it."""
    return places[before // stride] if places else end


def _stretches(inputs: Sequence[InputFile], begin: _Place, stop: _Place, starts: Sequence[_Place]) -> Iterator[Stretch]:
    for index in range(begin.file, len(inputs)):
        start = begin if index == begin.file else starts[index]
        count = min(stop.before, starts[index + 1].before) - start.before
        if count > 0:
            yield Stretch(path=inputs[index].path, offset=start.offset, line=start.line, count=count)
