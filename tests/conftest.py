"""Order of the tests, and which of them share a process. Ctrl-C, which some of them press. A browser."""

import os
import shutil
import signal

import pytest


def pytest_configure():
    """Takes Ctrl-C for what it is, here and in processes below, also in a shell's background job, which ignores it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


# What all tests in it share takes minutes to make.
_ONE_PROCESS = "tests/pipeline/finished_run/"


def pytest_collection_modifyitems(items):
    """Moves tests marked `tfx` behind all others, keeping the order otherwise.

    Where several processes share the tests, the longest come first, so that none is left with one of them at the end.
    """
    several = "PYTEST_XDIST_WORKER" in os.environ
    items.sort(
        key=lambda item: (
            several and not item.nodeid.startswith(_ONE_PROCESS),
            several == (item.get_closest_marker("tfx") is None),
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keeps a file of tests in one process, and all files of a folder that share a run."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return _ONE_PROCESS if nodeid.startswith(_ONE_PROCESS) else super()._split_scope(nodeid)

    return Scheduling(config, log)


# It ends with its file of tests: others count the processes that are there.
@pytest.fixture(scope="module")
def chromium():
    """Debian's Chromium, headless."""
    from playwright import sync_api  # most tests need none

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
    from playwright import sync_api

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
