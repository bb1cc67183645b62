"""Writing examples as they come, in shards of bounded size."""

from typing import BinaryIO

from apache_beam.io import filebasedsink

from components.example_gen.tf_records import write_records

# Before packing. Files packed as a whole are read by one worker each, and shuffled by interleaving.
_SHARD_BYTES = 16 << 20


class ExampleSink(filebasedsink.FileBasedSink):
    """Gzipped TFRecord files of serialized tf.Examples, which come in lists.

    Unlike Beam's own it begins a new file after so many bytes, so that examples need not be held in memory, nor be
    shuffled, to be shared among files.
    """

    def __init__(self, prefix: str, shard_bytes: int = _SHARD_BYTES):
        """Creates the sink.

        Args:
          prefix: path of the files up to their number, as in PREFIX-00000-of-00003.gz.
          shard_bytes: size, before packing, from which on a file takes no more examples.
        """
        # What comes is written as it is.
        super().__init__(prefix, coder=None, file_name_suffix=".gz", max_bytes_per_shard=shard_bytes)

    def write_record(self, file_handle: BinaryIO, value: list[bytes]) -> None:
        """Writes some examples."""
        write_records(file_handle, value)
