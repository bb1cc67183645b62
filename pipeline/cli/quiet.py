"""Keeps libraries from talking to the terminal while they are imported and used."""

import contextlib
import os
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """For imports of TensorFlow, gRPC and ML Metadata: their own logging stays off, and warnings do within the block.

    What goes wrong in them arrives as an exception, which the commands show.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    os.environ.setdefault("GLOG_minloglevel", "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
