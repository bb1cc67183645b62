"""From files to the examples of each split, on Beam."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import apache_beam as beam

from components.config.data import TRAIN_SPLIT, DataConfig
from components.example_gen.examples import encode_example, merge, place
from components.example_gen.inputs import InputFiles
from components.example_gen.reader import read_rows
from components.example_gen.rows import BadRow, FileError, Row
from components.example_gen.splits import SplitByHash
from components.example_gen.tally import BAD_ROWS_TOLD, Tally, add_tallies

_TALLIES = "tallies"

# Bytes of examples that travel together, so that Beam does not handle each example on its own.
_BATCH_BYTES = 1 << 13


def read_pairs(
    pipeline: beam.Pipeline, data: DataConfig, inputs: Sequence[InputFiles]
) -> tuple[dict[str, beam.PCollection], beam.PCollection]:
    """Reads files into serialized tf.Examples.

    Returns:
      The examples of each split, in lists of bytes, and the sum of all tallies, a single Tally.
    """
    splits = data.split_names()
    read = (
        pipeline
        | "Files" >> beam.Create(inputs)
        | "Read" >> beam.ParDo(_ReadFile(data)).with_outputs(*map(_tag, splits), main=_TALLIES)
    )
    examples = {split: read[_tag(split)] for split in splits}
    for split in filter(data.groups_references, splits):
        examples[split] = (
            examples[split]
            | f"BySource[{split}]" >> beam.GroupByKey()
            | f"Merge[{split}]" >> beam.MapTuple(lambda _, placed: [merge(placed)])
        )
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
        batches = {split: _Batch() for split in self._data.split_names()}
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
                yield beam.pvalue.TaggedOutput(_tag(split), batch.examples)
        yield tally

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
        if self._groups_references[split]:
            example = encode_example(source, references, slices, row.weight)
            return beam.pvalue.TaggedOutput(_tag(split), (source, place(example, inputs.order, row.line)))
        # In training each reference is an example.
        for together in [[reference] for reference in references] if split == TRAIN_SPLIT else [references]:
            batches[split].add(encode_example(source, together, slices, row.weight))
        if batches[split].size < _BATCH_BYTES:
            return None
        full, batches[split] = batches[split], _Batch()
        return beam.pvalue.TaggedOutput(_tag(split), full.examples)


class _Batch:
    """Examples, and how many bytes they have."""

    def __init__(self):
        self.examples: list[bytes] = []
        self.size = 0

    def add(self, example: bytes) -> None:
        self.examples.append(example)
        self.size += len(example)


def _tag(split: str) -> str:
    return f"split_{split}"
