"""Addresses of databases, and that no password gets into a configuration or a message."""

import socket
import subprocess
import sys

import pytest

from pipeline.config_file import ConfigError, load_config
from pipeline.database_tls import files_of
from pipeline.metadata_config import DatabaseAddress, TlsConfig, parse_address, without_passwords
from tests.certificates import certificate, pem
from tests.pipeline.toy_task import write_task


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("mysql://tfx@db.example:3307/lineage", ("mysql", "tfx", "db.example", 3307, "lineage")),
        ("mysql://tfx@localhost/lineage", ("mysql", "tfx", "localhost", 3306, "lineage")),
        ("postgresql://tfx@[::1]/a-b_c", ("postgresql", "tfx", "::1", 5432, "a-b_c")),
        ("postgresql://t%2Ex@db/m", ("postgresql", "t.x", "db", 5432, "m")),
    ],
)
def test_addresses(url, address):
    assert parse_address(url) == DatabaseAddress(*address)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("metadata.url=mysql://tfx:hush@db/m", "url has a password: leave it out"),
        ("metadata.url=mysql://tfx:hush@hu/sh@db/m", "url has a password: leave it out"),
        ("metadata.url=mysql://tfx:hush/hu@db/m", "url has a password: leave it out"),
        ("metadata.url=mysql://:hush@db/m", "url has a password: leave it out"),
        ("metadata.url=oracle://tfx@db/m", "url begins with 'oracle': wanted mysql://USER@HOST:PORT/DATABASE"),
        ("metadata.url=mysql://db/m", "lacks a user, host or database"),
        ("metadata.url=mysql://tfx@db", "lacks a user, host or database"),
        ("metadata.url=mysql://tfx@db/a b", "odd characters"),
        ("metadata.url=mysql://tfx@db:port/m", "url cannot be read"),
        ("metadata.url=mysql://tfx@db/m?password=hush", "something behind the database"),
        ("metadata.url=[mysql://tfx:hush@db/m]", "metadata.url: found"),
        ("metadata.url=mysql://tfx:hush@db/m: x", "metadata.url: found {'mysql://tfx:…@db/m': 'x'}"),
        ("metadata.password=hush", "metadata.password: unknown key; did you mean password_file?"),
        ("metadata.password_file=secret", "password_file is given without url"),
        ("metadata.tls={}", "tls is given without url"),
        ("metadata={url: mysql://tfx@db/m, tls: {key: k}}", "metadata.tls: key is given without certificate"),
    ],
)
def test_what_is_no_address_is_refused_and_no_password_is_told(tmp_path, setting, said):
    task = write_task(tmp_path)
    with pytest.raises(ConfigError) as refusal:
        load_config(task.config, [setting])
    assert said in str(refusal.value)
    assert "hush" not in str(refusal.value)


def test_files_for_tls_that_cannot_be_read_are_named(tmp_path):
    authority, client = (tmp_path / name for name in ("authority.pem", "client.pem"))
    authority.write_bytes(pem(*certificate("authority"))[0])
    client.write_bytes(pem(*certificate("client"))[0])
    with pytest.raises(ConfigError, match=r"metadata.tls.authority .*gone: no certificates can be read"):
        files_of(TlsConfig(authority=str(tmp_path / "gone")))
    with pytest.raises(ConfigError, match=r"metadata.tls.certificate .*client.pem: with a key in the same file"):
        files_of(TlsConfig(authority=str(authority), certificate=str(client)))


def test_passwords_are_taken_out_of_texts():
    assert without_passwords("at mysql://tfx:a:b@c@db/m, and no@one") == "at mysql://tfx:…@db/m, and no@one"


def test_an_unreachable_database_is_told_in_one_line(tmp_path):
    task = write_task(tmp_path)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        closed = probe.getsockname()[1]
    url = f"postgresql://tfx@localhost:{closed}/m"
    command = [sys.executable, "-W", "ignore", "-c", "from pipeline.cli.main import main; main()"]
    done = subprocess.run(
        [*command, "status", task.config, "--set", f"metadata.url={url}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert (done.stdout, done.stderr) == ("", f"error: ML Metadata in {url} cannot be reached: Connection refused\n")
