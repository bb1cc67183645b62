"""The database of ML Metadata: how it is reached, and what is told when it cannot be."""

import contextlib
import os
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from ml_metadata import errors
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config import Config
from pipeline.config_file import ConfigError
from pipeline.metadata_config import PASSWORD_VARIABLE, MetadataConfig, MetadataError, parse_address
from pipeline.postgresql_store import PostgreSqlStore
from pipeline.workspace import Workspace

_ATTEMPTS = 5
_REACH_SECONDS = 5


def connection_of(config: Config) -> metadata_store_pb2.ConnectionConfig:
    """How a task's ML Metadata is reached, the password included: never to be logged or written.

    Raises:
      ConfigError: the file of the password cannot be read.
    """
    connection = metadata_store_pb2.ConnectionConfig()
    if config.metadata.url is None:
        connection.sqlite.filename_uri = str(Workspace.of(config).metadata)
        connection.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        return connection
    address = parse_address(config.metadata.url)
    if address.scheme == "mysql":
        # MySQL's client takes "localhost" for a socket in the file system, whatever the port.
        connection.mysql.host = "127.0.0.1" if address.host == "localhost" else address.host
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
    return connection


def without_password(connection: metadata_store_pb2.ConnectionConfig) -> metadata_store_pb2.ConnectionConfig:
    """A copy that may be written and logged."""
    copy = metadata_store_pb2.ConnectionConfig()
    copy.CopyFrom(connection)
    if not copy.HasField("sqlite"):
        _database(copy).ClearField("password")
    return copy


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
    store = PostgreSqlStore if connection.HasField("postgresql") else metadata_store.MetadataStore
    for _ in range(_ATTEMPTS - 1):
        with contextlib.suppress(RuntimeError):
            return store(connection)
        # Two that create its tables at once get in each other's way.
        time.sleep(random.random())
    try:
        return store(connection)
    except RuntimeError as error:
        raise _metadata_error(connection, error) from error


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
    database = _database(connection)
    try:
        socket.create_connection((database.host, int(database.port)), timeout=_REACH_SECONDS).close()
    except OSError as unreachable:
        told = unreachable.strerror or str(unreachable)
    else:
        told = f"the server is there, but not for this user, password and database, or it fails: {told}"
    return MetadataError(f"ML Metadata in {_url(connection)} cannot be reached: {told}")


def _database(connection: metadata_store_pb2.ConnectionConfig):
    return getattr(connection, connection.WhichOneof("config"))


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
