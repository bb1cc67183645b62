"""What happens before the cache is looked up: the newest spans are found, and the state of the files is recorded."""

from collections.abc import Iterable
from typing import Any

from tfx.components.example_gen import driver, input_processor
from tfx.orchestration.portable import data_types
from tfx.proto import example_gen_pb2, range_config_pb2
from tfx.proto.orchestration import driver_output_pb2
from tfx.types import standard_component_specs
from tfx.utils import proto_utils

from components.config.data import DataConfig
from components.example_gen.files import input_fingerprint
from components.example_gen.rows import DataError
from components.example_gen.settings import unpack_settings, without_span
from components.example_gen.spans import SPANS_PROPERTY, Resolved, resolve_spans


class Driver(driver.FileBasedDriver):
    """TFX's driver, which besides takes patterns without a span beside such with one.

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
        self._processor = _InputProcessor(input_base_uri, splits, self._data)
        return self._processor

    def resolve_exec_properties(self, exec_properties: dict[str, Any], *info: Any) -> dict[str, Any]:
        """Puts the spans into the patterns, and records the newest one and the state of the files.

        Which span the settings ask for is then taken out of them: a span is the same one, and comes from the cache,
        whether it was asked for or was the newest.
        """
        self._data = unpack_settings(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        properties = super().resolve_exec_properties(exec_properties, *info)
        config = proto_utils.json_to_proto(
            properties[standard_component_specs.INPUT_CONFIG_KEY], example_gen_pb2.Input()
        )
        for split, pattern in zip(config.splits, self._processor.found.patterns, strict=True):
            split.pattern = pattern
        properties[standard_component_specs.INPUT_CONFIG_KEY] = proto_utils.proto_to_json(config)
        if self._processor.found.spans:
            settings = without_span(properties[standard_component_specs.CUSTOM_CONFIG_KEY])
            properties[standard_component_specs.CUSTOM_CONFIG_KEY] = settings
        return properties

    def run(self, execution_info: data_types.ExecutionInfo) -> driver_output_pb2.DriverOutput:
        """Does that, and records all spans on the examples."""
        result = super().run(execution_info)
        if self._processor.found.spans:
            for examples in result.output_artifacts[standard_component_specs.EXAMPLES_KEY].artifacts:
                examples.custom_properties[SPANS_PROPERTY].string_value = self._processor.found.numbers
        return result


class _InputProcessor(input_processor.InputProcessor):
    def __init__(self, base: str, splits: Iterable[example_gen_pb2.Input.Split], data: DataConfig):
        super().__init__(splits)
        self._base = base
        patterns = [split.pattern for split in splits]
        try:
            self.found = resolve_spans(base, patterns, data.windows(), data.span)
        except DataError:
            # The executor finds the same, and so the failure is recorded as that of the component.
            self.found = Resolved(patterns, [])

    def resolve_span_and_version(self) -> tuple[int, int | None]:
        return self.get_latest_span(), self.found.version

    def get_pattern_for_span_version(self, pattern: str, span: int, version: int | None) -> str:
        del span, version
        # Two splits may have the same pattern, and different windows: the driver fills them in.
        return pattern

    def get_input_fingerprint(self, span: int, version: int | None) -> str:
        del span, version
        names = (split.name for split in self._splits)
        return input_fingerprint(self._base, zip(names, self.found.patterns, strict=True))

    def get_latest_span(self) -> int:
        return self.found.spans[-1] if self.found.spans else 0
