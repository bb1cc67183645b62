"""A socket of this machine behind which a database is reached by TLS; a program of its own, that needs Python alone.

It ends, and takes the socket and its folder with it, when its standard input ends.
"""

import contextlib
import json
import os
import select
import shutil
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable
from typing import NamedTuple

CONNECT_SECONDS = 5
READY = "ready\n"

_CHUNK_BYTES = 1 << 16

# Of the protocol of PostgreSQL: asks a server to go on with TLS.
_POSTGRESQL_REQUEST = struct.pack("!ii", 8, 80877103)
# Begins the message that names ways to log in; a client without TLS takes the second for a forgery.
_POSTGRESQL_SASL, _POSTGRESQL_BOUND_TO_TLS = struct.pack("!i", 10), b"SCRAM-SHA-256-PLUS\0"

# Of the protocol of MySQL: a packet has a header of its length, in three bytes, and its number.
_MYSQL_HEADER_BYTES = 4
_MYSQL_GREETING, _MYSQL_DONE = 10, (0x00, 0xFF)
# In a greeting, between the version's NUL and the capabilities.
_MYSQL_THREAD_AND_SALT_BYTES = 4 + 8 + 1
# What a client begins its answer with, and sends alone to ask for TLS.
_MYSQL_REQUEST_BYTES = 32
_MYSQL_CLIENT_PROTOCOL_41, _MYSQL_CLIENT_SSL = 1 << 9, 1 << 11


class Server(NamedTuple):
    """A database server: `scheme` is `mysql` or `postgresql`."""

    scheme: str
    host: str
    port: int


class Files(NamedTuple):
    """Files of PEM: certificates to trust, None for those of the machine; a certificate to show, None for none; and its
    key, None where it is in the same file.
    """

    authority: str | None
    certificate: str | None
    key: str | None


def context_of(files: Files) -> ssl.SSLContext:
    """What a server is held to, and what it is shown.

    Raises:
      OSError: a file cannot be read, or is not what it should be.
    """
    context = ssl.create_default_context(cafile=files.authority)
    if files.certificate is not None:
        # An encrypted key would be asked about on the terminal.
        context.load_cert_chain(files.certificate, files.key, password="")
    return context


def check_server(server: Server, context: ssl.SSLContext) -> None:
    """Makes sure that a server is there, speaks TLS, and has a certificate that is trusted.

    Raises:
      OSError: it is not so; ssl.SSLError where it is about TLS.
    """
    with _reached(server) as connection:
        if server.scheme == "mysql":
            _read_mysql_greeting(connection)
            capabilities = struct.pack("<I", _MYSQL_CLIENT_PROTOCOL_41).ljust(_MYSQL_REQUEST_BYTES, b"\0")
            _secure_mysql(connection, capabilities, server, context).close()
        else:
            _secure_postgresql(connection, server, context).close()


def main() -> None:
    """Takes connections until standard input ends; the argument is JSON: path of the socket, server and files."""
    path, server, files = json.loads(sys.argv[1])
    context = context_of(Files(*files))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    threading.Thread(target=_accept, args=[listener, Server(*server), context], daemon=True).start()
    sys.stdout.write(READY)
    sys.stdout.flush()
    sys.stdin.read()
    shutil.rmtree(os.path.dirname(path))


def _accept(listener: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    while True:
        client, _ = listener.accept()
        threading.Thread(target=_serve, args=[client, server, context], daemon=True).start()


def _serve(client: socket.socket, server: Server, context: ssl.SSLContext) -> None:
    join: Callable = _join_mysql if server.scheme == "mysql" else _join_postgresql
    # The client sees its connection end, and whoever opened it asks `check_server` why.
    with (
        contextlib.suppress(OSError),
        client,
        _reached(server) as connection,
        join(client, connection, server, context) as tls,
    ):
        _pass_on(client, tls)


def _reached(server: Server) -> socket.socket:
    connection = socket.create_connection((server.host, server.port), timeout=CONNECT_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _join_postgresql(
    client: socket.socket, connection: socket.socket, server: Server, context: ssl.SSLContext
) -> ssl.SSLSocket:
    """Passes on how the client begins, and in which ways it can log in: not by the one that is bound to TLS."""
    tls = _secure_postgresql(connection, server, context)
    size = _read_exactly(client, 4)
    tls.sendall(size + _read_exactly(client, int.from_bytes(size, "big") - 4))
    header = _read_exactly(tls, 5)
    content = _read_exactly(tls, int.from_bytes(header[1:], "big") - 4)
    if header[:1] == b"R" and content.startswith(_POSTGRESQL_SASL):
        content = content.replace(_POSTGRESQL_BOUND_TO_TLS, b"")
    client.sendall(header[:1] + struct.pack("!i", len(content) + 4) + content)
    return tls


def _secure_postgresql(connection: socket.socket, server: Server, context: ssl.SSLContext) -> ssl.SSLSocket:
    connection.sendall(_POSTGRESQL_REQUEST)
    if connection.recv(1) != b"S":
        raise ssl.SSLError("the server offers no TLS")
    return context.wrap_socket(connection, server_hostname=server.host)


def _join_mysql(
    client: socket.socket, connection: socket.socket, server: Server, context: ssl.SSLContext
) -> ssl.SSLSocket:
    """Logs the client in; the packet that asks for TLS comes between its own, whose numbers are therefore others."""
    greeting = _read_mysql_greeting(connection)
    client.sendall(_mysql_packet(0, greeting))
    _, answer = _read_mysql_packet(client)
    tls = _secure_mysql(connection, answer[:_MYSQL_REQUEST_BYTES], server, context)
    tls.sendall(_mysql_packet(2, _asking_for_tls(answer)))
    while True:
        number, content = _read_mysql_packet(tls)
        client.sendall(_mysql_packet(number - 1, content))
        if content[0] in _MYSQL_DONE:
            return tls
        number, content = _read_mysql_packet(client)
        tls.sendall(_mysql_packet(number + 1, content))


def _secure_mysql(
    connection: socket.socket, capabilities: bytes, server: Server, context: ssl.SSLContext
) -> ssl.SSLSocket:
    connection.sendall(_mysql_packet(1, _asking_for_tls(capabilities)))
    return context.wrap_socket(connection, server_hostname=server.host)


def _asking_for_tls(answer: bytes) -> bytes:
    return struct.pack("<I", int.from_bytes(answer[:4], "little") | _MYSQL_CLIENT_SSL) + answer[4:]


def _read_mysql_greeting(connection: socket.socket) -> bytes:
    _, greeting = _read_mysql_packet(connection)
    if greeting[0] != _MYSQL_GREETING:
        # An error: a number, and what it means.
        raise ConnectionRefusedError(greeting[3:].decode("utf-8", "replace"))
    place = greeting.index(0) + 1 + _MYSQL_THREAD_AND_SALT_BYTES
    if not int.from_bytes(greeting[place : place + 2], "little") & _MYSQL_CLIENT_SSL:
        raise ssl.SSLError("the server offers no TLS")
    return greeting


def _read_mysql_packet(connection: socket.socket) -> tuple[int, bytes]:
    header = _read_exactly(connection, _MYSQL_HEADER_BYTES)
    return header[3], _read_exactly(connection, int.from_bytes(header[:3], "little"))


def _mysql_packet(number: int, content: bytes) -> bytes:
    return len(content).to_bytes(3, "little") + bytes([number]) + content


def _read_exactly(connection: socket.socket, size: int) -> bytes:
    content = b""
    while len(content) < size:
        more = connection.recv(size - len(content))
        if not more:
            raise ConnectionResetError("the connection was closed during the log-in")
        content += more
    return content


def _pass_on(client: socket.socket, tls: ssl.SSLSocket) -> None:
    """Passes bytes on in both directions until one side closes."""
    while True:
        # What is decrypted already, no socket tells of.
        ready = [tls] if tls.pending() else select.select([client, tls], [], [])[0]
        if client in ready:
            content = client.recv(_CHUNK_BYTES)
            if not content:
                return
            tls.settimeout(None)
            tls.sendall(content)
        if tls in ready:
            # A record may hold nothing for the client: to wait for the next would leave the client waiting.
            tls.settimeout(0)
            try:
                content = tls.recv(_CHUNK_BYTES)
            except ssl.SSLWantReadError:
                continue
            if not content:
                return
            client.sendall(content)


if __name__ == "__main__":
    main()
