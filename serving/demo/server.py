"""Runs the demo page's web server."""

import contextlib
import errno
import signal
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.applications import Starlette

_GRACE_SECONDS = 2


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets on all addresses of a host, with one port; port 0 takes one that is free.

    Raises:
      OSError: the host is unknown, or the port is taken or not allowed.
    """
    sockets: list[socket.socket] = []
    with contextlib.ExitStack() as opened:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            if listening := _listen_at(address[0], port, family):
                sockets.append(opened.enter_context(listening))
                port = listening.getsockname()[1]
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, f"no address of {host} belongs to this machine")
        opened.pop_all()
    return sockets


def _listen_at(address: str, port: int, family: socket.AddressFamily) -> socket.socket | None:
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        # `localhost` has an IPv6 address even where the machine has none.
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return None
        raise


def web_server(app: Starlette) -> uvicorn.Server:
    """A server that says nothing but what goes wrong."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    return uvicorn.Server(config)


def run(app: Starlette, sockets: Sequence[socket.socket]) -> None:
    """Serves until SIGINT or SIGTERM, then closes the sockets and returns."""
    with _signals_caught():
        web_server(app).run(sockets=list(sockets))


@contextlib.contextmanager
def _signals_caught() -> Iterator[None]:
    # uvicorn ends by sending itself the signal once more, for whoever handled it before.
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
