"""Writing examples as they come, in shards of bounded size."""

from typing import BinaryIO

from apache_beam.io import filebasedsink, iobase
from apache_beam.io.filesystems import FileSystems

from components.example_gen.parts import ExamplesDigest
from components.example_gen.tf_records import write_records

# Before packing. Files packed as a whole are read by one worker each, and shuffled by interleaving.
_SHARD_BYTES = 16 << 20


class ExampleSink(filebasedsink.FileBasedSink):
    """Gzipped TFRecord files of serialized tf.Examples, which come in lists.

    Unlike Beam's own it begins a new file after so many bytes, so that examples need not be held in memory, nor be
    shuffled, to be shared among files; and which file gets which number follows from what is in them.
    """

    def __init__(self, prefix: str, shard_bytes: int = _SHARD_BYTES):
        """Creates the sink.

        Args:
          prefix: path of the files up to their number, as in PREFIX-00000-of-00003.gz.
          shard_bytes: size, before packing, from which on a file takes no more examples.
        """
        # What comes is written as it is.
        super().__init__(prefix, coder=None, file_name_suffix=".gz", max_bytes_per_shard=shard_bytes)

    def open_writer(self, init_result: str, uid: str) -> iobase.Writer:
        """Opens a file, for some of the examples of one worker."""
        return _NamedByContent(super().open_writer(init_result, uid))

    def write_record(self, file_handle: BinaryIO, value: list[bytes]) -> None:
        """Writes some examples."""
        write_records(file_handle, value)


class _NamedByContent(iobase.Writer):
    """Writes a file, whose name then begins with a digest: Beam numbers files in the order of the names they had."""

    def __init__(self, writer: iobase.Writer):
        self._writer = writer
        self._digest = ExamplesDigest()

    def write(self, value: list[bytes]) -> None:
        for example in value:
            self._digest.add(example)
        self._writer.write(value)

    def at_capacity(self) -> bool:
        return self._writer.at_capacity()

    def close(self) -> str:
        path = self._writer.close()
        folder, name = FileSystems.split(path)
        named = FileSystems.join(folder, f"{self._digest.hex()}-{name}")
        FileSystems.rename([path], [named])
        return named
