"""One real run of the whole pipeline, shared by the tests that look at what came of it."""

import pytest

from tests.pipeline.toy_task import seq2seq, write_task
from tests.wheel import build_wheel, environment_of


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """The toy task after its first run: what was shown, and the task."""
    task = write_task(tmp_path_factory.mktemp("toy"))
    return seq2seq("run", task.config), task


@pytest.fixture(scope="session")
def variables(tmp_path_factory):
    """Environment variables of processes that have the wheel alone, and nothing else of the checkout."""
    folder = tmp_path_factory.mktemp("installed")
    return environment_of(build_wheel(folder), folder / "environment")
