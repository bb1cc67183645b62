"""Charts as geometry: where on a picture of some width and height things are. Templates draw them as SVG."""

import dataclasses
import math
from collections.abc import Mapping, Sequence

WIDTH, HEIGHT = 360, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 40

Points = Sequence[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Scale:
    """Maps values from `low` to `high` to places from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a value."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 2)


@dataclasses.dataclass(frozen=True)
class Tick:
    """A value that an axis names, and its place."""

    place: float
    label: str


@dataclasses.dataclass(frozen=True)
class Line:
    """Places that are joined; `points` is what an SVG polyline takes."""

    name: str
    places: Points

    @property
    def points(self) -> str:
        """Pairs of coordinates."""
        return " ".join(f"{x},{y}" for x, y in self.places)


@dataclasses.dataclass(frozen=True)
class Dot:
    """A place with a size, and what is said of it."""

    x: float
    y: float
    radius: float
    text: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """A picture with two axes.

    Attributes:
      title, x_title, y_title: words.
      left, right, top, bottom: edges of the plane that is drawn on.
      x_ticks, y_ticks: of the axes.
      lines: the first one is drawn solid, the others are told apart by colour and dashes.
      dots: drawn above the lines.
      mark: a place on the x axis that stands out, with its name; None without one.
    """

    title: str
    x_title: str
    y_title: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line]
    dots: list[Dot] = dataclasses.field(default_factory=list)
    mark: Tick | None = None
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def line_chart(
    title: str, x_title: str, y_title: str, lines: Mapping[str, Points], mark: tuple[float, str] | None = None
) -> Chart | None:
    """A chart of lines; points that are not finite are left out.

    Args:
      title, x_title, y_title: words.
      lines: points by the names of the lines.
      mark: a value of the x axis that stands out, and its name.

    Returns:
      None where there is nothing to draw.
    """
    finite = {
        name: [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)] for name, points in lines.items()
    }
    finite = {name: points for name, points in finite.items() if points}
    if not finite:
        return None
    xs, ys = zip(*(point for points in finite.values() for point in points), strict=True)
    return _chart(title, (x_title, _range(xs)), (y_title, _range(ys)), finite, mark)


def reliability_chart(title: str, points: Sequence[tuple[float, float, float, str]]) -> Chart:
    """Confidence against what is right.

    Args:
      title: words.
      points: of each bin, its mean confidence, the share that is right, the share of examples, and words.
    """
    unit = (0.0, 1.0)
    chart = _chart(
        title, ("confidence", unit), ("share that is right", unit), {"as sure as right": [(0.0, 0.0), (1.0, 1.0)]}
    )
    x_scale, y_scale = _scales(unit, unit)
    dots = [Dot(x_scale.at(x), y_scale.at(y), round(3 + 9 * math.sqrt(share), 2), text) for x, y, share, text in points]
    return dataclasses.replace(chart, dots=dots)


def ticks(low: float, high: float, most: int = 6, least_step: float = 0.0) -> list[float]:
    """Round values from `low` to `high`, about `most` of them; they are not closer together than `least_step`."""
    step = 10 ** math.floor(math.log10((high - low) / most))
    step *= next(factor for factor in (1, 2, 5, 10) if (high - low) / (step * factor) <= most)
    step = max(step, least_step)
    return [step * place for place in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    if high - low > 1e-12 * max(abs(low), abs(high)):
        return low, high
    return (low - 0.5, high + 0.5) if not low else (low - abs(low) / 2, high + abs(high) / 2)


def _scales(x_range: tuple[float, float], y_range: tuple[float, float]) -> tuple[Scale, Scale]:
    return Scale(*x_range, _LEFT, WIDTH - _RIGHT), Scale(*y_range, HEIGHT - _BOTTOM, _TOP)


def _chart(
    title: str,
    x_axis: tuple[str, tuple[float, float]],
    y_axis: tuple[str, tuple[float, float]],
    lines: Mapping[str, Points],
    mark: tuple[float, str] | None = None,
) -> Chart:
    (x_title, x_range), (y_title, y_range) = x_axis, y_axis
    x_scale, y_scale = _scales(x_range, y_range)
    is_counted = all(isinstance(x, int) for points in lines.values() for x, _ in points)
    return Chart(
        title=title,
        x_title=x_title,
        y_title=y_title,
        x_ticks=[Tick(x_scale.at(value), f"{value:.4g}") for value in ticks(*x_range, least_step=float(is_counted))],
        y_ticks=[Tick(y_scale.at(value), f"{value:.4g}") for value in ticks(*y_range, 5)],
        lines=[Line(name, [(x_scale.at(x), y_scale.at(y)) for x, y in points]) for name, points in lines.items()],
        mark=Tick(x_scale.at(mark[0]), mark[1]) if mark else None,
    )
