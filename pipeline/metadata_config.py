"""Where ML Metadata is kept: settings, and the addresses of databases."""

import re
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pydantic
from pydantic import Field

from transform.config import Section

PASSWORD_VARIABLE = "SEQ2SEQ_METADATA_PASSWORD"

_DEFAULT_PORTS = {"mysql": 3306, "postgresql": 5432}
_WANTED = "mysql://USER@HOST:PORT/DATABASE or postgresql://USER@HOST:PORT/DATABASE"
_NAME = re.compile(r"[\w.$-]+")
_PASSWORD = re.compile(r"(://[^\s/:@]*):\S*@")


class MetadataError(RuntimeError):
    """The database of ML Metadata cannot be used; the message is one line, for people."""


class DatabaseAddress(NamedTuple):
    """Where a database is; `scheme` is `mysql` or `postgresql`."""

    scheme: str
    user: str
    host: str
    port: int
    database: str


class TlsConfig(Section):
    """Encryption of the connection to the database, whose server must show a certificate for the host in the url."""

    authority: str | None = Field(
        None,
        min_length=1,
        description="File of the certificates, as PEM, that the server's must come from; none: those of this machine.",
    )
    certificate: str | None = Field(
        None,
        min_length=1,
        description="File of the certificate, as PEM, that the server is shown; none: none is.",
    )
    key: str | None = Field(
        None,
        min_length=1,
        description="File of its private key, as PEM, not encrypted; none: it is in the file of the certificate.",
    )

    @pydantic.model_validator(mode="after")
    def _key_is_that_of_a_certificate(self) -> "TlsConfig":
        if self.key is not None and self.certificate is None:
            raise ValueError("key is given without certificate")
        return self


class MetadataConfig(Section):
    """Where ML Metadata keeps runs, artifacts and their lineage."""

    url: str | None = Field(
        None,
        description=f"Database, without a password: {_WANTED}; none: a SQLite file in the workspace.",
    )
    password_file: str | None = Field(
        None,
        min_length=1,
        description=f"File whose first line is the password of the database; none: that of ${PASSWORD_VARIABLE}.",
    )

    tls: TlsConfig | None = Field(None, description=TlsConfig.__doc__)

    @pydantic.model_validator(mode="after")
    def _url_is_an_address(self) -> "MetadataConfig":
        if self.url is not None:
            parse_address(self.url)
        elif self.password_file is not None:
            raise ValueError("password_file is given without url: a SQLite file has no password")
        elif self.tls is not None:
            raise ValueError("tls is given without url: a SQLite file has no connection")
        return self


def parse_address(url: str) -> DatabaseAddress:
    """Reads the address of a database.

    Raises:
      ValueError: it has a password, or is no such address; the message shows none of what may be secret.
    """
    if _PASSWORD.search(url):
        raise ValueError(
            f"url has a password: leave it out, and give it in ${PASSWORD_VARIABLE} or in metadata.password_file"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url cannot be read: wanted {_WANTED}") from error
    database = unquote(parts.path.removeprefix("/"))
    if parts.scheme not in _DEFAULT_PORTS:
        raise ValueError(f"url begins with {parts.scheme!r}: wanted {_WANTED}")
    user = unquote(parts.username or "")
    if not (_NAME.fullmatch(user) and parts.hostname and _NAME.fullmatch(database)):
        raise ValueError(f"url {url} lacks a user, host or database, or has odd characters in them: wanted {_WANTED}")
    if parts.query or parts.fragment:
        raise ValueError(f"url has something behind the database: wanted {_WANTED}")
    return DatabaseAddress(parts.scheme, user, parts.hostname, port or _DEFAULT_PORTS[parts.scheme], database)


def without_passwords(text: str) -> str:
    """A text in which the passwords of addresses are replaced."""
    return _PASSWORD.sub(r"\1:…@", text)
