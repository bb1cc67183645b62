"""What happens before the cache is looked up: the newest span is found, and the state of the files is recorded."""

from collections.abc import Iterable

from tfx.components.example_gen import driver, input_processor
from tfx.proto import example_gen_pb2, range_config_pb2

from components.example_gen.files import input_fingerprint
from components.example_gen.rows import DataError
from components.example_gen.spans import resolve_spans


class Driver(driver.FileBasedDriver):
    """TFX's driver, which besides takes patterns without {SPAN} beside such with it.

    The fingerprint has every file with its size and the time of its last change, to the nanosecond where the file
    system keeps it; TFX's own adds up sizes and full seconds.
    """

    def get_input_processor(
        self,
        splits: Iterable[example_gen_pb2.Input.Split],
        range_config: range_config_pb2.RangeConfig | None = None,
        input_base_uri: str | None = None,
    ) -> input_processor.InputProcessor:
        """Returns what resolves the patterns of these splits."""
        del range_config
        return _InputProcessor(input_base_uri, splits)


class _InputProcessor(input_processor.InputProcessor):
    def __init__(self, base: str, splits: Iterable[example_gen_pb2.Input.Split]):
        super().__init__(splits)
        self._base = base
        patterns = [split.pattern for split in splits]
        try:
            resolved, self._span = resolve_spans(base, patterns)
        except DataError:
            # The executor finds the same, and so the failure is recorded as that of the component.
            resolved, self._span = patterns, None
        self._resolved = dict(zip(patterns, resolved, strict=True))

    def resolve_span_and_version(self) -> tuple[int, int | None]:
        return self._span or 0, None

    def get_pattern_for_span_version(self, pattern: str, span: int, version: int | None) -> str:
        del span, version
        return self._resolved[pattern]

    def get_input_fingerprint(self, span: int, version: int | None) -> str:
        del span, version
        return input_fingerprint(self._base, [(split.name, self._resolved[split.pattern]) for split in self._splits])

    def get_latest_span(self) -> int:
        return self._span or 0
