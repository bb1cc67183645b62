"""Models, servers and a browser for the tests of the demo page."""

import shutil

import pytest
from playwright import sync_api

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


@pytest.fixture(scope="session")
def chromium():
    """Debian's Chromium, headless."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on PATH; deploy/test_packages.sh, as root, installs Debian's")
    quiet = ("background-networking", "component-update", "sync", "gpu", "quic")
    arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in quiet)]
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens a page in a browser of its own: `visit(url, **options of the browser's context)`.

    At the end of the test, no script has failed, and nothing was asked of any other server.
    """
    sync_api.expect.set_options(timeout=30_000)
    contexts, troubles = [], []

    def open_page(url, **options):
        context = chromium.new_context(**options)
        context.set_default_timeout(30_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("dialog", lambda dialog: troubles.append(dialog.message))
        page.on("request", lambda request: request.url.startswith(url) or troubles.append(request.url))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []
