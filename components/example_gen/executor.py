"""What runs: files of pairs in, gzipped TFRecord files of tf.Examples per split out."""

import os
from typing import Any

import apache_beam as beam
from tfx import types
from tfx.components.example_gen import utils, write_split
from tfx.components.util import examples_utils
from tfx.dsl.components.base import base_beam_executor
from tfx.proto import example_gen_pb2
from tfx.types import artifact_utils, standard_component_specs

from components.example_gen.files import open_input
from components.example_gen.inputs import find_inputs
from components.example_gen.pairs import read_pairs
from components.example_gen.settings import by_entry, unpack_patterns, unpack_settings
from components.example_gen.sink import ExampleSink
from components.example_gen.spans import SPANS_PROPERTY, Resolved, resolve_spans
from components.example_gen.tally import TALLY_FILE, Tally
from components.example_gen.verdict import check


class Executor(base_beam_executor.BaseBeamExecutor):
    """Executor of ParallelTextExampleGen."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Reads the pairs and writes their splits, and what reading came to as TALLY_FILE beside them.

        Raises:
          DataError: the data cannot be taken in; the message says why.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        examples = artifact_utils.get_single_instance(output_dict[standard_component_specs.EXAMPLES_KEY])
        data = unpack_settings(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        base = exec_properties[standard_component_specs.INPUT_BASE_KEY]
        patterns = unpack_patterns(exec_properties[standard_component_specs.INPUT_CONFIG_KEY])
        # Where there was a driver, only a span that it could not tell is left: this says why.
        resolved = resolve_spans(base, patterns, data.windows(), data.span)
        inputs = find_inputs(base, by_entry(resolved.patterns, data))
        _record_spans(resolved, examples)
        examples.split_names = artifact_utils.encode_split_names(data.split_names())
        tally_path = os.path.join(examples.uri, TALLY_FILE)
        with self._make_beam_pipeline() as pipeline:
            splits, tally = read_pairs(pipeline, data, inputs)
            for split, [uri] in ((split, artifact_utils.get_split_uris([examples], split)) for split in splits):
                for name, of_files in splits[split].items():
                    of_files | f"Write[{split}][{name}]" >> beam.io.Write(ExampleSink(os.path.join(uri, name)))
            _write_tally(tally, tally_path)
        with open_input(tally_path) as stream:
            check(Tally.from_json(stream.read().decode()), data)
        examples_utils.set_payload_format(examples, example_gen_pb2.FORMAT_TF_EXAMPLE)
        examples_utils.set_file_format(examples, write_split.to_file_format_str(example_gen_pb2.FORMAT_TFRECORDS_GZIP))


def _record_spans(resolved: Resolved, examples: types.Artifact) -> None:
    """Tells the spans of the examples, as a driver does where there is one."""
    if not resolved.spans:
        return
    examples.set_int_custom_property(utils.SPAN_PROPERTY_NAME, resolved.spans[-1])
    examples.set_string_custom_property(SPANS_PROPERTY, resolved.numbers)
    if resolved.version is not None:
        examples.set_int_custom_property(utils.VERSION_PROPERTY_NAME, resolved.version)


def _write_tally(tally: beam.PCollection, path: str) -> None:
    (
        tally
        | "ToJson" >> beam.Map(Tally.to_json)
        | "WriteTally" >> beam.io.WriteToText(path, num_shards=1, shard_name_template="")
    )
