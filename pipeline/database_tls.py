"""TLS to a database, which the clients in ML Metadata cannot do.

ML Metadata 1.16 has a client of PostgreSQL without TLS, and one of MySQL that either takes any certificate or, told to
verify it, none. So they are given a socket in a folder that this user alone can enter, and what they say there goes on
encrypted, once the server has shown a certificate that fits its name. A process passes it on: a thread would wait for
Python's lock, which ML Metadata holds while it waits for an answer.
"""

import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile

from ml_metadata.proto import metadata_store_pb2

from pipeline import tls_tunnel
from pipeline.config_file import ConfigError
from pipeline.metadata_config import MetadataError, TlsConfig
from pipeline.tls_tunnel import READY, Files, Server


def files_of(tls: TlsConfig) -> Files:
    """The files of a configuration.

    Raises:
      ConfigError: one cannot be read, or is not what it should be.
    """
    try:
        ssl.create_default_context(cafile=tls.authority)
    except OSError as error:
        raise ConfigError(f"metadata.tls.authority {tls.authority}: no certificates can be read: {error}") from error
    files = Files(tls.authority, tls.certificate, tls.key)
    try:
        tls_tunnel.context_of(files)
    except OSError as error:
        key = "in the same file" if tls.key is None else f"in {tls.key}"
        raise ConfigError(
            f"metadata.tls.certificate {tls.certificate}: with a key {key}, not encrypted, it cannot be read: {error}"
        ) from error
    return files


def set_tls(connection: metadata_store_pb2.ConnectionConfig, files: Files) -> None:
    """Writes it where ML Metadata has a place for it."""
    if connection.HasField("mysql"):
        options = connection.mysql.ssl_options
        options.verify_server_cert = True
        options.ca, options.cert, options.key = (file or "" for file in files)
    else:
        options = connection.postgresql.ssloption
        options.sslmode = "verify-full"
        options.sslrootcert, options.sslcert, options.sslkey = (file or "" for file in files)


def tls_of(connection: metadata_store_pb2.ConnectionConfig) -> Files | None:
    """What `set_tls` wrote; None where that was nothing."""
    if connection.HasField("mysql") and connection.mysql.HasField("ssl_options"):
        options = connection.mysql.ssl_options
        files = options.ca, options.cert, options.key
    elif connection.HasField("postgresql") and connection.postgresql.HasField("ssloption"):
        options = connection.postgresql.ssloption
        files = options.sslrootcert, options.sslcert, options.sslkey
    else:
        return None
    return Files(*(file or None for file in files))


class Tunnel:
    """A process that takes connections to a server."""

    def __init__(self, server: Server, files: Files):
        """Starts it.

        Raises:
          MetadataError: it does not start.
        """
        self._folder = tempfile.mkdtemp(prefix="seq2seq-tls-")
        # So a server of PostgreSQL names its socket, and clients look for it; to those of MySQL any name can be told.
        self._socket = os.path.join(self._folder, f".s.PGSQL.{server.port}")
        self._process = subprocess.Popen(
            [sys.executable, "-I", tls_tunnel.__file__, json.dumps([self._socket, server, files])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Ctrl-C is for those who use it: they have yet to record that they were interrupted.
            start_new_session=True,
        )
        if self._process.stdout.readline() != READY:
            _, told = self._process.communicate()
            shutil.rmtree(self._folder)
            raise MetadataError(f"the connection by TLS has no socket: {told.strip().rpartition(chr(10))[2]}")

    def lead(self, connection: metadata_store_pb2.ConnectionConfig) -> None:
        """Changes a connection to the server into one to the process."""
        if connection.HasField("mysql"):
            for field in ("host", "port", "ssl_options"):
                connection.mysql.ClearField(field)
            connection.mysql.socket = self._socket
        else:
            connection.postgresql.ClearField("ssloption")
            connection.postgresql.host = self._folder

    def close(self) -> None:
        """Ends it, and the connections that are left."""
        self._process.communicate()
