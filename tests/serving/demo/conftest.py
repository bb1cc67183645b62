"""Models and servers for the tests of the demo page."""

import shutil

import pytest

from tests.serving.demo.servers import Hanging, model_server, page_of, serve
from tests.trainer.toy_export import export_toy
from trainer.config.decoding import DecodingConfig

# name: how the model is built and decodes
TOYS = {
    "attentive": (DecodingConfig(beam_size=4, n_best=3, min_length=2, replace_unknown=True), {"attention": "general"}),
    "plain": (DecodingConfig(beam_size=1), {"attention": "none"}),
}


@pytest.fixture(scope="session")
def toys(tmp_path_factory):
    """Folder with one version of each model of TOYS."""
    folder = tmp_path_factory.mktemp("toys")
    for name, (decoding, settings) in TOYS.items():
        exported = export_toy(tmp_path_factory.mktemp(name), decoding=decoding, **settings)
        shutil.copytree(exported, folder / name / "1")
    return folder


@pytest.fixture(scope="session")
def toy_address(toys):
    """Address of a model server that serves all of TOYS."""
    with model_server(toys, TOYS) as address:
        yield address


@pytest.fixture(scope="session")
def attentive_page(toy_address):
    """URL of the page of a model with attention and three candidates."""
    with page_of(toy_address, "attentive") as url:
        yield url


@pytest.fixture(scope="session")
def plain_page(toy_address):
    """URL of the page of a model without attention and with one candidate."""
    with page_of(toy_address, "plain") as url:
        yield url


@pytest.fixture
def hanging():
    """A model server that hangs; `hanging.page` is the URL of a page in front of it."""
    service = Hanging()
    with serve(service) as address, page_of(address, "any") as url:
        service.page = url
        yield service
