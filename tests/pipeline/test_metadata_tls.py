"""ML Metadata over TLS, in a real MariaDB or PostgreSQL that takes nobody without it."""

import gc
import pathlib
import random
import shutil
import tempfile

import pytest
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2

from pipeline.config_file import load_config
from pipeline.history import read_runs
from pipeline.metadata_config import PASSWORD_VARIABLE, MetadataError
from pipeline.metadata_database import connect, connection_of
from tests.certificates import certificate, pem
from tests.pipeline.databases import PASSWORD, SERVERS, MissingServerError, running
from tests.pipeline.toy_task import write_task

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """PEM files: an authority, another one, and the certificate of a client."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = certificate("authority")
    made = {
        "authority.pem": pem(*authority)[0],
        "other.pem": pem(*certificate("other"))[0],
        "client.pem": b"".join(pem(*certificate("client", authority))),
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    return folder, authority


@pytest.fixture(scope="module", params=sorted(SERVERS))
def server(request, files):
    _, authority = files
    try:
        with running(request.param, (pem(*authority)[0], *pem(*certificate("server", authority)))) as server:
            yield server
    except MissingServerError as missing:
        pytest.skip(str(missing))


@pytest.fixture
def configured(server, files, tmp_path, monkeypatch):
    """A task's configuration, of which the metadata differs from the right one in what is given."""
    monkeypatch.setenv(PASSWORD_VARIABLE, PASSWORD)
    monkeypatch.setattr(random, "random", lambda: 0.0)  # between two attempts
    folder, _ = files
    right = {"authority": str(folder / "authority.pem"), "certificate": str(folder / "client.pem")}

    def configure(url=server.url, **tls):
        task = write_task(tmp_path, metadata={"url": url, "tls": {**right, **tls}})
        return load_config(task.config)

    return configure


@pytest.fixture
def own_sockets(monkeypatch):
    """Where this test's connections have their sockets."""
    folder = pathlib.Path(tempfile.mkdtemp())
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    shutil.rmtree(folder)


def test_what_is_written_comes_back(configured, own_sockets):
    connection = connection_of(configured())
    store = connect(connection)
    kind = store.put_artifact_type(
        metadata_store_pb2.ArtifactType(name="Text", properties={"said": metadata_store_pb2.STRING})
    )
    texts = [random.Random(seed).randbytes(1000).hex() for seed in range(300)]
    artifacts = [metadata_store_pb2.Artifact(type_id=kind, uri=text) for text in texts]
    numbers = store.put_artifacts(artifacts)
    assert [each.uri for each in store.get_artifacts_by_id(numbers)] == texts
    assert list(own_sockets.iterdir())
    del store
    gc.collect()
    assert not list(own_sockets.iterdir())


def test_the_server_takes_nobody_without_it(configured):
    connection = connection_of(configured())
    for field in ("ssl_options", "ssloption"):
        database = getattr(connection, connection.WhichOneof("config"))
        if field in database.DESCRIPTOR.fields_by_name:
            database.ClearField(field)
    with pytest.raises(RuntimeError):
        metadata_store.MetadataStore(connection)


@pytest.mark.parametrize(
    ("host", "change", "said"),
    [
        ("127.0.0.1", {"authority": "other.pem"}, "the server's certificate is refused: "),
        ("127.1", {}, "the server's certificate is refused: Hostname mismatch"),
        ("127.0.0.1", {"certificate": None}, "the server is there, but not for this user"),
    ],
)
def test_who_is_not_trusted_is_told(server, files, configured, host, change, said):
    changed = {key: value and str(files[0] / value) for key, value in change.items()}
    url = server.url.replace("127.0.0.1", host)
    with pytest.raises(MetadataError) as refusal:
        read_runs(configured(url, **changed))
    assert str(refusal.value).startswith(f"ML Metadata in {url} cannot be reached: {said}")
