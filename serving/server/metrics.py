"""Counters and latencies, and the page on which Prometheus reads them, as TensorFlow Serving writes it."""

import bisect
import collections
import dataclasses
import itertools
import threading
from collections.abc import Sequence

PAGE_PATH = "/monitoring/prometheus/metrics"


def _exponential(scale: float, growth: float, count: int) -> tuple[float, ...]:
    return tuple(scale * growth**power for power in range(count))


_LATENCY_LIMITS = _exponential(10, 1.8, 33)


class Counter:
    """Counts events by labels."""

    def __init__(self, name: str, labels: Sequence[str]):
        self.name = name
        self.labels = tuple(labels)
        self._counts: collections.Counter[tuple[str, ...]] = collections.Counter()
        self._lock = threading.Lock()

    def add(self, *values: str, count: int = 1) -> None:
        """Adds to the count of these label values."""
        with self._lock:
            self._counts[values] += count

    def total(self) -> int:
        """The sum over all label values."""
        with self._lock:
            return sum(self._counts.values())

    def lines(self) -> list[str]:
        """The metric in Prometheus' text format."""
        name = _exported(self.name)
        with self._lock:
            cells = sorted(self._counts.items())
        return [f"# TYPE {name} counter", *(f"{name}{{{_labels(self.labels, key)}}} {count}" for key, count in cells)]


@dataclasses.dataclass
class _Cell:
    buckets: list[int]
    sum: float = 0.0


class Sampler:
    """Counts values by labels and by the bucket that they fall into."""

    def __init__(self, name: str, labels: Sequence[str], limits: Sequence[float] = _LATENCY_LIMITS):
        self.name = name
        self.labels = tuple(labels)
        self._limits = tuple(limits)
        self._cells: dict[tuple[str, ...], _Cell] = {}
        self._lock = threading.Lock()

    def add(self, *values: str, value: float) -> None:
        """Adds a value to those of these label values."""
        with self._lock:
            cell = self._cells.setdefault(values, _Cell([0] * (len(self._limits) + 1)))
            cell.buckets[bisect.bisect_right(self._limits, value)] += 1
            cell.sum += value

    def total(self) -> int:
        """How many values were added."""
        with self._lock:
            return sum(sum(cell.buckets) for cell in self._cells.values())

    def lines(self) -> list[str]:
        """The metric in Prometheus' text format."""
        name = _exported(self.name)
        lines = [f"# TYPE {name} histogram"]
        with self._lock:
            for values, cell in sorted(self._cells.items()):
                labels = _labels(self.labels, values)
                comma = "," if labels else ""
                limits = [*(f"{limit:g}" for limit in self._limits), "+Inf"]
                counts = list(itertools.accumulate(cell.buckets))
                lines += [
                    f'{name}_bucket{{{labels}{comma}le="{limit}"}} {count}'
                    for limit, count in zip(limits, counts, strict=True)
                ]
                lines += [f"{name}_sum{{{labels}}} {cell.sum:g}", f"{name}_count{{{labels}}} {counts[-1]}"]
        return lines


class Metrics:
    """What a server counts, under the names that TensorFlow Serving gives it."""

    def __init__(self):
        prefix = "/tensorflow/serving"
        self.request_count = Counter(f"{prefix}/request_count", ("model_name", "status"))
        self.request_latency = Sampler(f"{prefix}/request_latency", ("model_name", "API", "entrypoint"))
        self.runtime_latency = Sampler(f"{prefix}/runtime_latency", ("model_name", "API", "runtime"))
        self.example_counts = Sampler(f"{prefix}/request_example_counts", ("model",), _exponential(1, 2, 15))
        self.example_count_total = Counter(f"{prefix}/request_example_count_total", ("model",))
        self.warmup_latency = Sampler(f"{prefix}/model_warmup_latency", ("model_path", "status"))
        self.queuing_latency = Sampler(
            f"{prefix}/batching_session/queuing_latency", ("thread_pool_name",), _exponential(100, 1.2, 52)
        )
        self.wrapped_run_count = Counter(f"{prefix}/batching_session/wrapped_run_count", ())

    def page(self) -> str:
        """All metrics in Prometheus' text format, sorted by name."""
        lines = [line for metric in self._all() for line in metric.lines()]
        return "\n".join(lines) + "\n"

    def value(self, name: str) -> int:
        """The total of the metric of this name, `/tensorflow/serving/...`; 0 where there is none."""
        return next((metric.total() for metric in self._all() if metric.name == name), 0)

    def _all(self) -> list[Counter | Sampler]:
        return sorted(vars(self).values(), key=lambda metric: metric.name)


def _exported(name: str) -> str:
    return "".join(character if character.isalnum() or character == "_" else ":" for character in name)


def _labels(names: Sequence[str], values: Sequence[str]) -> str:
    def escaped(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return ",".join(f'{name}="{escaped(value)}"' for name, value in zip(names, values, strict=True))
