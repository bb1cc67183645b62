"""Reading the rows of files, whatever their format."""

import contextlib
import gzip
import zlib
from collections.abc import Iterator, Sequence

from components.config.data import DataConfig, InputConfig
from components.example_gen.aligned import read_aligned
from components.example_gen.files import open_input
from components.example_gen.json_lines import read_json_lines
from components.example_gen.rows import BadRow, FileError, Row
from components.example_gen.tables import read_table
from components.example_gen.tf_records import read_tf_records

_READERS = {
    "tsv": read_table,
    "csv": read_table,
    "jsonl": read_json_lines,
    "aligned": read_aligned,
    "tfrecord": read_tf_records,
}


def read_rows(paths: Sequence[str], data: DataConfig, entry: InputConfig) -> Iterator[Row | BadRow]:
    """Streams the rows of one file, or of two that are read in step, a line at a time.

    Args:
      paths: the file; in format aligned that of the sources and that of the targets.
      data: how it is read.
      entry: the entry of `data.inputs` that the file belongs to.

    Raises:
      FileError: the file as a whole is damaged, or is not what the configuration says.
    """
    with contextlib.ExitStack() as stack:
        streams = [stack.enter_context(open_input(path)) for path in paths]
        try:
            yield from _READERS[data.format](streams, data, entry)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise FileError(f"not a whole gzip file: {error}") from error
