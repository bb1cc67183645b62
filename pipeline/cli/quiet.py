"""Keeps libraries from talking to the terminal while they are imported and used."""

import contextlib
import os
import sys
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


@contextlib.contextmanager
def silent_stderr() -> Iterator[None]:
    """For nothing but imports: what they write to standard error is lost, whoever writes it.

    TensorFlow 2.21 tells there, whatever its settings, that it has found no GPU.
    """
    sys.stderr.flush()
    terminal = os.dup(2)
    with open(os.devnull, "wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        os.close(terminal)
