"""The database of ML Metadata: how it is reached, and what is told when it cannot be."""

import contextlib
import copy
import os
import random
import socket
import ssl
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from ml_metadata import errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import Config
from pipeline.config_file import ConfigError
from pipeline.database_tls import Tunnel, files_of, set_tls, tls_of
from pipeline.metadata_config import PASSWORD_VARIABLE, MetadataConfig, MetadataError, parse_address
from pipeline.postgresql_store import PostgreSqlStore
from pipeline.tls_tunnel import CONNECT_SECONDS, Server, check_server, context_of
from pipeline.workspace import Workspace

_ATTEMPTS = 5


def connection_of(config: Config) -> metadata_store_pb2.ConnectionConfig:
    """How a task's ML Metadata is reached, the password included: never to be logged or written.

    Raises:
      ConfigError: the file of the password, or one for TLS, cannot be read.
    """
    connection = metadata_store_pb2.ConnectionConfig()
    if config.metadata.url is None:
        connection.sqlite.filename_uri = str(Workspace.of(config).metadata)
        connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        return connection
    address = parse_address(config.metadata.url)
    if address.scheme == "mysql":
        connection.mysql.host = address.host
        connection.mysql.port = address.port
        connection.mysql.database = address.database
    else:
        connection.postgresql.host = address.host
        connection.postgresql.port = str(address.port)
        connection.postgresql.dbname = address.database
    database = _database(connection)
    database.user = address.user
    password = _password(config.metadata)
    database.password = password if address.scheme == "mysql" else _quoted(password)
    if config.metadata.tls is not None:
        set_tls(connection, files_of(config.metadata.tls))
    return connection


def without_password(connection: metadata_store_pb2.ConnectionConfig) -> metadata_store_pb2.ConnectionConfig:
    """A copy that may be written and logged."""
    shown = copy.deepcopy(connection)
    if not shown.HasField("sqlite"):
        _database(shown).ClearField("password")
    return shown


def open_store(config: Config) -> metadata_store.MetadataStore | None:
    """Opens a task's ML Metadata; None where its SQLite file is missing, as before the first run.

    Raises:
      MetadataError: the database cannot be reached.
      ConfigError: the file of its password cannot be read.
    """
    connection = connection_of(config)
    if connection.HasField("sqlite") and not Path(connection.sqlite.filename_uri).exists():
        return None
    return connect(connection)


def connect(connection: metadata_store_pb2.ConnectionConfig) -> metadata_store.MetadataStore:
    """Opens ML Metadata; what was not there is created.

    Raises:
      MetadataError: the database cannot be reached.
    """
    if tls_of(connection) is not None:
        refusal = _why_unreachable(connection)
        if refusal is not None:
            raise MetadataError(f"ML Metadata in {_url(connection)} cannot be reached: {refusal}")
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):
            return _open(connection)
        # Two that create its tables at once get in each other's way.
        time.sleep(random.random())
    try:
        return _open(connection)
    except RuntimeError as error:
        raise _metadata_error(connection, error) from error


def _open(connection: metadata_store_pb2.ConnectionConfig) -> metadata_store.MetadataStore:
    store = PostgreSqlStore if connection.HasField("postgresql") else metadata_store.MetadataStore
    reached = copy.deepcopy(connection)
    tls = tls_of(connection)
    if tls is None:
        if reached.HasField("mysql") and reached.mysql.host == "localhost":
            # MySQL's client takes this name for a socket in the file system, whatever the port.
            reached.mysql.host = "127.0.0.1"
        return store(reached)
    tunnel = Tunnel(_server(connection), tls)
    tunnel.lead(reached)
    try:
        opened = store(reached)
    except RuntimeError:
        tunnel.close()
        raise
    weakref.finalize(opened, tunnel.close)
    return opened


@contextlib.contextmanager
def database_errors(connection: metadata_store_pb2.ConnectionConfig) -> Iterator[None]:
    """What the database fails with in the block becomes a MetadataError."""
    try:
        yield
    except errors.StatusError as error:
        raise _metadata_error(connection, error) from error


def _metadata_error(connection: metadata_store_pb2.ConnectionConfig, error: Exception) -> MetadataError:
    """What is told of an error of ML Metadata, which itself says little: whether the server can be reached at all."""
    told = " ".join(str(error).split()) or type(error).__name__
    if connection.HasField("sqlite"):
        return MetadataError(f"ML Metadata in {connection.sqlite.filename_uri} cannot be used: {told}")
    refusal = _why_unreachable(connection)
    if refusal is None:
        refusal = f"the server is there, but not for this user, password and database, or it fails: {told}"
    return MetadataError(f"ML Metadata in {_url(connection)} cannot be reached: {refusal}")


def _why_unreachable(connection: metadata_store_pb2.ConnectionConfig) -> str | None:
    """Why nobody reaches the server of a database, or is sure of it; None where they do."""
    server, tls = _server(connection), tls_of(connection)
    try:
        if tls is None:
            socket.create_connection((server.host, server.port), timeout=CONNECT_SECONDS).close()
        else:
            check_server(server, context_of(tls))
    except ssl.SSLCertVerificationError as error:
        return f"the server's certificate is refused: {error.verify_message}"
    except OSError as error:
        return error.strerror or str(error)
    return None


def _database(connection: metadata_store_pb2.ConnectionConfig):
    return getattr(connection, connection.WhichOneof("config"))


def _server(connection: metadata_store_pb2.ConnectionConfig) -> Server:
    database = _database(connection)
    return Server(connection.WhichOneof("config"), database.host, int(database.port))


def _url(connection: metadata_store_pb2.ConnectionConfig) -> str:
    database = _database(connection)
    name = database.database if connection.HasField("mysql") else database.dbname
    host = f"[{database.host}]" if ":" in database.host else database.host
    return f"{connection.WhichOneof('config')}://{quote(database.user)}@{host}:{database.port}/{quote(name)}"


def _quoted(value: str) -> str:
    """A value as PostgreSQL's client wants it in a connection string, which ML Metadata makes without quotes."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _password(metadata: MetadataConfig) -> str:
    if metadata.password_file is None:
        return os.environ.get(PASSWORD_VARIABLE, "")
    try:
        return Path(metadata.password_file).read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"metadata.password_file {metadata.password_file}: cannot be read: {error}") from error
