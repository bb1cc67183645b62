"""`seq2seq demo`, as a person runs it."""

import pathlib
import re
import signal
import subprocess
import sys

import httpx
import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app
from serving.demo.server import listen

ROOT = pathlib.Path(__file__).parents[3]
SEQ2SEQ = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_page_until_a_signal(unused_port, number):
    address = f"localhost:{unused_port}"
    command = [*SEQ2SEQ, "demo", "--config", "configs/dates.yaml", "--address", address, "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        try:
            line = demo.stdout.readline()
            found = re.fullmatch(rf"Page of model dates on (http://localhost:\d+) \(model server {address}\)\n", line)
            page = httpx.get(found[1])
            assert page.status_code == 200
            assert "dates · seq2seq demo" in page.text
            faults = httpx.post(f"{found[1]}/translate", json={"text": "bad"}, timeout=60).json()
            assert "cannot be reached" in faults["message"]
        finally:
            demo.send_signal(number)
            rest, errors = demo.communicate(timeout=30)
    assert (demo.returncode, rest, errors) == (0, "", "")


def test_a_port_that_is_taken():
    [taken, *others] = listen("127.0.0.1", 0)
    with taken:
        port = taken.getsockname()[1]
        outcome = CliRunner().invoke(app, ["demo", "--host", "127.0.0.1", "--port", str(port)])
    assert others == []
    assert outcome.exit_code == 1
    assert outcome.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}: Address already in use")


def test_all_addresses_of_a_host_get_one_port():
    sockets = listen("localhost", 0)
    try:
        assert len({listening.getsockname()[1] for listening in sockets}) == 1
    finally:
        for listening in sockets:
            listening.close()
