"""One way of training, in a process of its own so that its peak memory is its own: a turn for each line that it reads.

    python -m benchmarks.train_worker WAY BATCHES.npz SHAPE THREADS

SHAPE is a JSON object of Shape's fields. A turn takes a step on each batch, and answers with one line of JSON: seconds,
and peak_memory_mb of the process so far.
"""

import json
import os
import resource
import sys
import time
from pathlib import Path

from benchmarks.token_batches import Shape, load_batches


def main(way: str, file: str, shape: str, threads: str) -> None:
    """Takes turns until standard input ends."""
    # TensorFlow reads these when it is imported.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": threads, "TF_CPP_MIN_LOG_LEVEL": "3"}
    batches, size = load_batches(Path(file)), Shape(**json.loads(shape))
    if way == "torch":
        from benchmarks.torch_model import train_torch

        train = train_torch(batches, size, int(threads))
    else:
        from benchmarks import training_ways

        train = {"product": training_ways.product, "keras": training_ways.plain_keras}[way](batches, size)
    for _ in sys.stdin:
        started = time.perf_counter()
        train()
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        sys.stdout.write(json.dumps({"seconds": seconds, "peak_memory_mb": peak}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
