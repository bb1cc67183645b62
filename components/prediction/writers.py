"""Writing answers: lines of text, JSON objects, or Parquet."""

import json
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from components.prediction.job import CANDIDATES, LINE, RECORD, SCORE, TRANSLATION, Settings
from components.prediction.sources import Source
from serving.client import Translation
from serving.lines import on_one_line

# Of a row group of Parquet.
_MOST_ROWS, _MOST_BYTES = 20_000, 32 << 20


class Writer(Protocol):
    """Writes answers in their order into an open file."""

    def write(self, sources: Sequence[Source], answers: Sequence[Translation]) -> None:
        """Writes the answers to sources."""

    def close(self) -> None:
        """Writes what is still to be written; the file stays open."""


def open_writer(stream: BinaryIO, settings: Settings, with_scores: bool) -> Writer:
    """The writer of a format.

    Args:
      stream: the file.
      settings: its format, and what is written.
      with_scores: whether the answers have scores.
    """
    kinds = {"text": TextWriter, "jsonl": JsonWriter, "parquet": ParquetWriter}
    return kinds[settings.output_format](stream, settings, with_scores)


class TextWriter:
    """The best translation of each source on a line; a line break inside it becomes a space."""

    def __init__(self, stream: BinaryIO, settings: Settings, with_scores: bool):
        del settings, with_scores
        self._stream = stream

    def write(self, sources: Sequence[Source], answers: Sequence[Translation]) -> None:
        """Writes a line for each."""
        del sources
        self._stream.write(b"".join(on_one_line(answer.text.encode()) + b"\n" for answer in answers))

    def close(self) -> None:
        """Does nothing."""


class JsonWriter:
    """A JSON object for each source: that of the input, byte by byte, with what was found added at its end."""

    def __init__(self, stream: BinaryIO, settings: Settings, with_scores: bool):
        self._stream = stream
        self._settings = settings
        self._with_scores = with_scores

    def write(self, sources: Sequence[Source], answers: Sequence[Translation]) -> None:
        """Writes a line for each."""
        self._stream.write(b"".join(map(self._line, sources, answers)))

    def close(self) -> None:
        """Does nothing."""

    def _line(self, source: Source, answer: Translation) -> bytes:
        found = _answer_fields(answer, self._settings, self._with_scores)
        if self._settings.id_field is None:
            found = {LINE: source.number, **found}
        if self._settings.input_format == "text":
            found = {LINE: source.number, self._settings.field: source.text.decode("utf-8", "replace"), **found}
            return json.dumps(found, ensure_ascii=False).encode() + b"\n"
        added = json.dumps(found, ensure_ascii=False).encode()
        return source.line.rstrip().removesuffix(b"}").rstrip() + b", " + added.removeprefix(b"{") + b"\n"


class ParquetWriter:
    """A row for each source, in row groups of bounded size."""

    def __init__(self, stream: BinaryIO, settings: Settings, with_scores: bool):
        self._settings = settings
        self._with_scores = with_scores
        self._writer = pq.ParquetWriter(stream, parquet_schema(settings, with_scores), compression="zstd")
        self._rows: list[dict[str, Any]] = []
        self._bytes = 0

    def write(self, sources: Sequence[Source], answers: Sequence[Translation]) -> None:
        """Writes a row for each."""
        for source, answer in zip(sources, answers, strict=True):
            self._rows.append(self._row(source, answer))
            self._bytes += len(source.line)
            if len(self._rows) == _MOST_ROWS or self._bytes > _MOST_BYTES:
                self._write_group()

    def close(self) -> None:
        """Writes the last row group and the footer."""
        self._write_group()
        self._writer.close()

    def _row(self, source: Source, answer: Translation) -> dict[str, Any]:
        settings = self._settings
        row = {settings.field: source.text.decode("utf-8", "replace")}
        if settings.id_field is None:
            row[LINE] = source.number
        else:
            row[settings.id_field] = str(source.id).encode("utf-8", "replace").decode()
        if settings.input_format == "jsonl":
            row[RECORD] = source.line.decode()
        return {**row, **_answer_fields(answer, settings, self._with_scores)}

    def _write_group(self) -> None:
        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows, self._bytes = [], 0


def parquet_schema(settings: Settings, with_scores: bool) -> pa.Schema:
    """Columns of a Parquet file: the id, the source, its JSON object if it had one, and the answer."""
    score = pa.float32()
    id_column = (LINE, pa.int64()) if settings.id_field is None else (settings.id_field, pa.string())
    columns = [id_column, (settings.field, pa.string())]
    if settings.input_format == "jsonl":
        columns.append((RECORD, pa.string()))
    columns.append((TRANSLATION, pa.string()))
    if with_scores:
        columns.append((SCORE, score))
    if settings.n_best is not None:
        candidate = pa.struct([("text", pa.string()), ("score", score), ("log_prob", score)])
        columns.append((CANDIDATES, pa.list_(candidate)))
    return pa.schema(columns)


def _answer_fields(answer: Translation, settings: Settings, with_scores: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {TRANSLATION: answer.text}
    if with_scores:
        fields[SCORE] = answer.candidates[0].score
    if settings.n_best is not None:
        fields[CANDIDATES] = [
            {"text": candidate.text, "score": candidate.score, "log_prob": candidate.log_prob}
            for candidate in answer.candidates[: settings.n_best]
        ]
    return fields
