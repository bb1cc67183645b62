"""Ready settings of server-side batching, beside the versions of a model."""

from pathlib import Path

from components.whole_file import whole_file

BATCHING_FILE = "batching_parameters.txt"

# TensorFlow Serving's BatchingParameters as text; see its session_bundle_config.proto.
_PARAMETERS = """\
# For a model server: --enable_batching --batching_parameters_file=.../batching_parameters.txt
# Written with the first push, and left as it is from then on: change what suits the machine.

# Requests are merged until a batch is full, or its first request has waited so long.
max_batch_size { value: 64 }
batch_timeout_micros { value: 1000 }

# Batches that may wait; what comes beyond is refused with UNAVAILABLE, and the client tries again.
max_enqueued_batches { value: 100 }

# Batches that run at a time: the cores of the server.
num_batch_threads { value: 4 }

# Batches are filled up to one of these sizes; the last one is max_batch_size.
allowed_batch_sizes: 1
allowed_batch_sizes: 2
allowed_batch_sizes: 4
allowed_batch_sizes: 8
allowed_batch_sizes: 16
allowed_batch_sizes: 32
allowed_batch_sizes: 64

# encode gives memories of different lengths: without this, decode_step could not merge them.
pad_variable_length_inputs: true
"""


def write_batching_parameters(folder: Path) -> None:
    """Writes the file into the folder of the versions, unless it is there: it may have been changed by hand.

    A server that looks for versions passes over what has no number for a name.

    Args:
      folder: of the versions; created where it is missing.

    Raises:
      OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / BATCHING_FILE
    if path.exists():
        return
    with whole_file(path) as file:
        file.write_text(_PARAMETERS, encoding="utf-8")
