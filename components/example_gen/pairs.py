"""From files to the examples of each split, on Beam."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import apache_beam as beam

from components.config.data import TRAIN_SPLIT, DataConfig
from components.example_gen.examples import encode_example, merge, place
from components.example_gen.inputs import InputFiles
from components.example_gen.parts import ExamplesDigest, part_name
from components.example_gen.reader import read_rows
from components.example_gen.rows import BadRow, FileError, Row
from components.example_gen.splits import SplitByHash
from components.example_gen.tally import BAD_ROWS_TOLD, Tally, add_tallies

_TALLIES = "tallies"
# As TFX's own components call them.
_FILES = "data_tfrecord"

# Bytes of examples that travel together, so that Beam does not handle each example on its own.
_BATCH_BYTES = 1 << 13


def read_pairs(
    pipeline: beam.Pipeline, data: DataConfig, inputs: Sequence[InputFiles]
) -> tuple[dict[str, dict[str, beam.PCollection]], beam.PCollection]:
    """Reads files into serialized tf.Examples.

    Returns:
      The examples of each split, in lists of bytes, by what the names of their files are to begin with; and the sum of
      all tallies, a single Tally.
    """
    names = {split: _file_names(split, data, inputs) for split in data.split_names()}
    tags = [_tag(split, name) for split in names for name in names[split]]
    read = (
        pipeline
        | "Files" >> beam.Create(inputs)
        | "Read" >> beam.ParDo(_ReadFile(data)).with_outputs(*tags, main=_TALLIES)
    )
    examples = {split: {name: read[_tag(split, name)] for name in names[split]} for split in names}
    for split in filter(data.groups_references, examples):
        examples[split] = {
            name: ungrouped
            | f"BySource[{split}]" >> beam.GroupByKey()
            | f"Merge[{split}]" >> beam.MapTuple(lambda _, placed: [merge(placed)])
            for name, ungrouped in examples[split].items()
        }
    return examples, read[_TALLIES] | "Sum" >> beam.CombineGlobally(add_tallies)


class _ReadFile(beam.DoFn):
    """Gives out the rows of a file as examples of their splits, and then the file's tally.

    Of a split that groups references come (source, placed example), of any other lists of examples.
    """

    def __init__(self, data: DataConfig):
        self._data = data
        self._splits = [SplitByHash(entry.splits) for entry in data.inputs]
        self._groups_references = {split: data.groups_references(split) for split in data.split_names()}

    def process(self, inputs: InputFiles) -> Iterator[Any]:
        tally = Tally()
        batches = {split: self._batch(split, inputs) for split in self._data.split_names()}
        most_bad_rows = BAD_ROWS_TOLD if self._data.on_bad_row == "fail" else float("inf")
        try:
            with contextlib.closing(read_rows(inputs.paths, self._data, self._data.inputs[inputs.entry])) as rows:
                for row in rows:
                    tally.rows += 1
                    if isinstance(row, BadRow):
                        tally.add_bad_row(inputs.order, inputs.paths[row.file], row)
                        if tally.bad_rows.total() >= most_bad_rows:
                            break
                    elif (given := self._add(row, inputs, tally, batches)) is not None:
                        yield given
        except FileError as error:
            tally.unreadable.append((inputs.order, f"{' and '.join(inputs.paths)}: {error}"))
        for split, batch in batches.items():
            if batch.examples:
                yield batch.take()
            if batch.digest and tally.pairs[split]:
                tally.digests.append((inputs.part, batch.digest.hex()))
        yield tally

    def _batch(self, split: str, inputs: InputFiles) -> "_Batch":
        tag = _tag(split, _file_name(split, self._data, inputs))
        return _Batch(tag, ExamplesDigest() if self._data.in_parts(split) else None)

    def _add(
        self, row: Row, inputs: InputFiles, tally: Tally, batches: dict[str, "_Batch"]
    ) -> beam.pvalue.TaggedOutput | None:
        """Adds a row to the batch of its split; returns what there is to give out."""
        source = row.source.encode()
        references = [reference.encode() for reference in row.references]
        slices = {key: value.encode() for key, value in zip(self._data.slice_keys, row.slices, strict=True)}
        split = self._splits[inputs.entry].split_of(source)
        tally.pairs[split] += len(references)
        if row.weight == 0:
            tally.weightless[split] += len(references)
        batch = batches[split]
        if self._groups_references[split]:
            example = encode_example(source, references, slices, row.weight)
            return beam.pvalue.TaggedOutput(batch.tag, (source, place(example, inputs.order, row.line)))
        # In training each reference is an example.
        for together in [[reference] for reference in references] if split == TRAIN_SPLIT else [references]:
            batch.add(encode_example(source, together, slices, row.weight))
        return None if batch.size < _BATCH_BYTES else batch.take()


class _Batch:
    """Examples for one output, how many bytes they have, and perhaps the digest of all that were ever added."""

    def __init__(self, tag: str, digest: ExamplesDigest | None):
        self.tag = tag
        self.digest = digest
        self.examples: list[bytes] = []
        self.size = 0

    def add(self, example: bytes) -> None:
        self.examples.append(example)
        self.size += len(example)
        if self.digest:
            self.digest.add(example)

    def take(self) -> beam.pvalue.TaggedOutput:
        """Gives the examples out, and begins anew."""
        taken, self.examples, self.size = self.examples, [], 0
        return beam.pvalue.TaggedOutput(self.tag, taken)


def _file_names(split: str, data: DataConfig, inputs: Iterable[InputFiles]) -> list[str]:
    feeding = (each for each in inputs if split in data.inputs[each.entry].splits)
    return list(dict.fromkeys(_file_name(split, data, each) for each in feeding))


def _file_name(split: str, data: DataConfig, inputs: InputFiles) -> str:
    return part_name(inputs.part) if data.in_parts(split) else _FILES


def _tag(split: str, name: str) -> str:
    return f"{split}_{name}"
