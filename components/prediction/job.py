"""What a prediction is: its model, its input, how that is cut into shards, and how the answers are written.

The record of it lies beside the output, so that the same call, made again, goes on where the last one was stopped.
"""

import json
import os
from collections.abc import Iterator
from typing import Literal

import pydantic
from apache_beam.io.filesystems import FileSystems

InputFormat = Literal["text", "jsonl"]
OutputFormat = Literal["text", "jsonl", "parquet"]

# What the output calls what it adds.
LINE, TRANSLATION, SCORE, CANDIDATES = "line", "translation", "score", "candidates"
# In Parquet: the JSON object that a source was read from.
RECORD = "record"

_RECORD_SUFFIX = ".prediction.json"
_UNFINISHED_SUFFIX = ".unfinished"


class JobError(ValueError):
    """A prediction that cannot be begun or taken up again; the message is for people."""


class _Record(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Settings(_Record):
    """How sources are read and answers are written.

    Attributes:
      input_format: `text`, a source on each line, or `jsonl`.
      field: key of the source in a JSON object, and what the output calls the source.
      id_field: key of a JSON object's id; None: the number of the line is its id.
      output_format: `text`, the best translation alone, `jsonl` or `parquet`.
      n_best: how many candidates of each source are written; None: the best translation and its score alone.
    """

    input_format: InputFormat
    field: str
    id_field: str | None
    output_format: OutputFormat
    n_best: int | None

    def names(self) -> list[str]:
        """Keys or columns of an answer: those of the source, its id if it has one, and what is added."""
        own = [self.field, *([self.id_field] if self.id_field else [])]
        return [*own, *([RECORD] if self.output_format == "parquet" else []), *self.added_keys()]

    def added_keys(self) -> list[str]:
        """Keys that are added to an object of JSON."""
        added = [] if self.id_field else [LINE]
        return [*added, TRANSLATION, SCORE, *([] if self.n_best is None else [CANDIDATES])]


class InputFile(_Record):
    """A file of sources: its size in bytes, and the time of its last change in seconds since 1970."""

    path: str
    size: int
    changed: float


class Stretch(_Record):
    """Lines of one file that follow each other.

    Attributes:
      path: of the file.
      offset: bytes before the first of them, unpacked.
      line: number of the first of them in the file, from 1.
      count: how many they are.
    """

    path: str
    offset: int
    line: int
    count: int


class Shard(_Record):
    """Part of the input that is translated by one worker into one file; `first` is the number of its first line, from
    1, when the lines of all files are counted through.
    """

    first: int
    stretches: list[Stretch]

    @property
    def count(self) -> int:
        """How many lines it has."""
        return sum(stretch.count for stretch in self.stretches)


class Job(_Record):
    """One prediction.

    Attributes:
      model: folder of the exported model, named by its version.
      inputs: the files, in the order in which they are read.
      settings: how they are read, and how answers are written.
      output: the file of the answers; with several shards their names have its own, and their number.
      shards: the parts of the input.
    """

    model: str
    inputs: list[InputFile]
    settings: Settings
    output: str
    shards: list[Shard]

    def paths(self) -> list[str]:
        """The file of each shard."""
        if len(self.shards) == 1:
            return [self.output]
        stem, ending = os.path.splitext(self.output)
        return [f"{stem}-{index:05d}-of-{len(self.shards):05d}{ending}" for index in range(len(self.shards))]

    def unfinished(self) -> list[int]:
        """Indices of the shards whose file is not there yet."""
        return [index for index, path in enumerate(self.paths()) if not FileSystems.exists(path)]


def unfinished_path(path: str, name: str) -> str:
    """Where a file is written before it is renamed to its place."""
    folder, base = FileSystems.split(path)
    return FileSystems.join(folder, f".{base}.{name}{_UNFINISHED_SUFFIX}")


def read_job(output: str) -> Job | None:
    """The job whose record lies beside an output; None where there is none.

    Raises:
      JobError: the record cannot be read.
    """
    path = output + _RECORD_SUFFIX
    if not FileSystems.exists(path):
        return None
    with FileSystems.open(path) as stream:
        try:
            return Job.model_validate_json(stream.read())
        except pydantic.ValidationError as error:
            raise JobError(f"{path} is no record of a prediction: {error.errors()[0]['msg']}") from error


def begin(job: Job) -> None:
    """Writes the record of a job, and makes sure that its place is free.

    Raises:
      JobError: one of its files is there already.
    """
    for path in job.paths():
        if FileSystems.exists(path):
            raise JobError(f"{path} is there already, and not of this prediction: name another --output, or --force")
    record = job.output + _RECORD_SUFFIX
    temporary = unfinished_path(record, "record")
    with FileSystems.create(temporary) as stream:
        stream.write(job.model_dump_json(indent=1).encode())
    FileSystems.rename([temporary], [record])


def check_same(earlier: Job, model: str, inputs: list[InputFile], settings: Settings, shards: int) -> None:
    """Makes sure that a job that was begun earlier is the one that is asked for now.

    Raises:
      JobError: it is another; the message says in what.
    """
    differences = [
        *_difference("model", earlier.model, model),
        *_difference("--shards", len(earlier.shards), shards),
        *(
            f"{name} {json.dumps(getattr(earlier.settings, name))}, now {json.dumps(getattr(settings, name))}"
            for name in Settings.model_fields
            if getattr(earlier.settings, name) != getattr(settings, name)
        ),
        *_input_differences(earlier.inputs, inputs),
    ]
    if differences:
        raise JobError(
            f"{earlier.output} was begun by another prediction ({differences[0]}): name another --output, or --force"
            " to replace it"
        )


def remove(job: Job) -> None:
    """Removes the files of a job and its record."""
    _delete([path for path in (*job.paths(), job.output + _RECORD_SUFFIX) if FileSystems.exists(path)])
    remove_leftovers(job)


def remove_leftovers(job: Job) -> None:
    """Removes what shards that were cut off have left."""
    for path in job.paths():
        [match] = FileSystems.match([unfinished_path(path, "*")])
        _delete([file.path for file in match.metadata_list])


def _delete(paths: list[str]) -> None:
    if paths:
        FileSystems.delete(paths)


def _difference(name: str, before: object, now: object) -> Iterator[str]:
    if before != now:
        yield f"{name} {before}, now {now}"


def _input_differences(before: list[InputFile], now: list[InputFile]) -> Iterator[str]:
    if [file.path for file in before] != [file.path for file in now]:
        yield f"--input {', '.join(file.path for file in before)}"
    for old, new in zip(before, now, strict=False):
        if old != new:
            yield f"{old.path} was {old.size:,} bytes, changed at {old.changed:.0f}; now it is another"
