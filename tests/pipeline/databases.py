"""Real database servers out of Debian's packages, each in a folder of its own on a free port of this machine."""

import abc
import contextlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile
import time

USER, PASSWORD, DATABASE = "lineage", "pass 'word/@%:ü\\\\", "metadata"

_START_SECONDS = 60


class MissingServerError(Exception):
    """This machine has no such server."""


class Server(abc.ABC):
    """A server that can be stopped and started again; its folder is gone when the context ends."""

    scheme: str

    def __init__(self, tls=None):
        """With `tls`, an authority, a certificate and its key as PEM, nobody gets in without TLS and a certificate."""
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="seq2seq-database-"))
        self.port = _free_port()
        self._tls = tls
        self._process = None

    @property
    def url(self):
        """What metadata.url is set to."""
        return f"{self.scheme}://{USER}@127.0.0.1:{self.port}/{DATABASE}"

    def start(self):
        """Starts it, and waits until it takes connections."""
        with open(self.folder / "log", "ab") as log:
            self._process = subprocess.Popen(self._command(), stdout=log, stderr=log, **self._owner())
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            told = (self.folder / "log").read_text(errors="replace")
            assert self._process.poll() is None, told
            assert time.monotonic() < end, told
            time.sleep(0.05)

    def stop(self):
        """Ends it at once, as a machine that fails."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    @abc.abstractmethod
    def create(self):
        """Makes its files."""

    @abc.abstractmethod
    def _command(self):
        """What starts it."""

    def _write_certificates(self):
        for name, content in zip(("authority", "certificate", "key"), self._tls, strict=True):
            path = self.folder / f"{name}.pem"
            path.touch(mode=0o600)
            path.write_bytes(content)
            if self._owner():
                shutil.chown(path, **self._owner())

    def _owner(self):
        return {}

    def _answers(self):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


class MariaDb(Server):
    """MariaDB."""

    scheme = "mysql"

    def create(self):
        install = _program("mariadb-install-db")
        _program("mariadbd")
        _run(
            *(install, "--no-defaults", f"--user={_me()}", f"--datadir={self.folder / 'data'}"),
            *("--auth-root-authentication-method=normal", "--skip-test-db"),
        )
        quoted = PASSWORD.replace("\\", "\\\\").replace("'", "''")
        statements = [
            f"CREATE DATABASE {DATABASE};",
            f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{quoted}' REQUIRE {'X509' if self._tls else 'NONE'};",
            f"GRANT ALL ON {DATABASE}.* TO '{USER}'@'%';",
        ]
        bootstrap = [_program("mariadbd"), *self._options(), "--bootstrap"]
        _run(*bootstrap, stdin="\n".join(["FLUSH PRIVILEGES;", *statements]))

    def _options(self):
        return ["--no-defaults", f"--user={_me()}", f"--datadir={self.folder / 'data'}"]

    def _command(self):
        return [
            *(_program("mariadbd"), *self._options(), f"--port={self.port}", "--bind-address=127.0.0.1"),
            *(f"--socket={self.folder / 'socket'}", *(self._tls_options() if self._tls else [])),
        ]

    def _tls_options(self):
        self._write_certificates()
        files = {"ca": "authority", "cert": "certificate", "key": "key"}
        options = [f"--ssl-{option}={self.folder / name}.pem" for option, name in files.items()]
        return ["--require-secure-transport=ON", *options]


class PostgreSql(Server):
    """PostgreSQL, which refuses to run as root."""

    scheme = "postgresql"

    def create(self):
        secret = self.folder / "password"
        secret.write_text(PASSWORD, encoding="utf-8")
        if self._owner():
            for path in (self.folder, secret):
                shutil.chown(path, **self._owner())
        _run(
            *(self._binary("initdb"), "--no-sync", "--auth=scram-sha-256", f"--username={USER}"),
            *(f"--pgdata={self.folder / 'data'}", f"--pwfile={secret}"),
            **self._owner(),
        )
        _run(
            *(self._binary("postgres"), "--single", "-D", self.folder / "data", "postgres"),
            stdin=f"CREATE DATABASE {DATABASE};\n",
            **self._owner(),
        )

    def _command(self):
        return [
            *(self._binary("postgres"), "-D", self.folder / "data", "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", self.folder, *(self._tls_options() if self._tls else [])),
        ]

    def _tls_options(self):
        self._write_certificates()
        (self.folder / "hosts").write_text("hostssl all all all scram-sha-256 clientcert=verify-ca\n")
        files = {"ca": "authority", "cert": "certificate", "key": "key"}
        options = [f"ssl_{option}_file={self.folder / name}.pem" for option, name in files.items()]
        return [f"--{option}" for option in ("ssl=on", f"hba_file={self.folder / 'hosts'}", *options)]

    def _answers(self):
        asked = [self._binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(asked, check=False).returncode == 0

    def _owner(self):
        if os.getuid() != 0:
            return {}
        with contextlib.suppress(KeyError):
            pwd.getpwnam("postgres")
            return {"user": "postgres", "group": "postgres"}
        raise MissingServerError("there is no user postgres, and PostgreSQL does not run as root")

    def _binary(self, name):
        versions = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(versions[-1]) if versions else _program(name)


SERVERS = {server.scheme: server for server in (MariaDb, PostgreSql)}


@contextlib.contextmanager
def running(scheme, tls=None):
    """A server that runs while the block does; with `tls` as Server has it.

    Raises:
      MissingServerError: this machine has none.
    """
    server = SERVERS[scheme](tls)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def _program(name):
    found = shutil.which(name)
    if found is None:
        raise MissingServerError(f"there is no {name} on PATH; deploy/test_packages.sh installs it")
    return found


def _me():
    return pwd.getpwuid(os.getuid()).pw_name


def _run(*command, stdin="", **owner):
    done = subprocess.run(
        command, input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **owner
    )
    assert done.returncode == 0, done.stdout.decode(errors="replace")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
