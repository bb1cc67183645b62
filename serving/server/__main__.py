"""`python -m serving.server --model_name=... --model_base_path=...`: the local server under the C++ server's flags."""

import logging
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from serving.server.errors import ServingError
from serving.server.flags import parse_flags
from serving.server.model_configs import read_model_config_file
from serving.server.server import ModelServer, PortError
from serving.server.text_protos import ConfigFileError

_LOGGER = logging.getLogger("seq2seq.server")


def main(arguments: Sequence[str]) -> int:
    """Serves until SIGINT or SIGTERM; returns the exit status, 2 for wrong flags, 1 where the server cannot start."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    try:
        models, options, flags = parse_flags(arguments)
        server = ModelServer(models, options)
    except ConfigFileError as error:
        _say(f"error: {error}")
        return 2
    except (PortError, ServingError) as error:
        _say(f"Failed to start server. Error: {error}")
        return 1
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    _say(f"Running gRPC ModelServer at {options.host}:{server.port} ...")
    if server.rest_port:
        _say(f"Exporting HTTP/REST API at:{options.host}:{server.rest_port} ...")
    again = flags.model_config_file_poll_wait_seconds if flags.model_config_file else 0
    while not stop.wait(again or None):
        _reload(server, Path(flags.model_config_file))
    server.stop()
    return 0


def _reload(server: ModelServer, path: Path) -> None:
    try:
        server.configure(read_model_config_file(path))
    except (ConfigFileError, ServingError) as error:
        _LOGGER.error("%s was read again and is not used: %s", path, error)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
