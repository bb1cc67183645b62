"""Several clients at once, new versions in the middle, one client killed: no wrong answer, and no failed request."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import psutil
import pytest

from serving import contract
from serving.client import ClientError, Connection, TranslationClient
from serving.step import DecodingSettings, StepDecoder
from tests.serving.conftest import free_port

# Longer by hand: SEQ2SEQ_LOAD_SECONDS=120.
SECONDS = float(os.environ.get("SEQ2SEQ_LOAD_SECONDS", "8"))
TEXTS = ["hello", "", "日本ا🙂", "ab", "a longer line of text", "b" * 60]
KILLED = """
import sys
from serving.client import TranslationClient
from serving.step import StepDecoder
with TranslationClient(sys.argv[1], "translator") as client:
    decoder = StepDecoder(client.predictor)
    print("started", flush=True)
    while True:
        for _ in decoder.stream(["b" * 200] * 8):
            pass
"""


@pytest.fixture
def server(tmp_path, models):
    """A server in a process of its own, on a copy of the translator: process, address, and folder of versions."""
    base = tmp_path / "translator"
    shutil.copytree(models / "translator", base)
    port = free_port()
    flags = [f"--port={port}", "--model_name=translator", f"--model_base_path={base}", "--enable_batching"]
    # Steps of texts of different lengths go into one run only with padding.
    (tmp_path / "batching.txt").write_text("pad_variable_length_inputs: true batch_timeout_micros { value: 500 }")
    flags += ["--file_system_poll_wait_seconds=0.2", f"--batching_parameters_file={tmp_path / 'batching.txt'}"]
    with subprocess.Popen([sys.executable, "-m", "serving.server", *flags], stderr=subprocess.DEVNULL) as process:
        yield process, f"localhost:{port}", base
        process.terminate()
        assert process.wait(30) == 0


def test_load(server):
    process, address, base = server
    connection = Connection(address, deadline_seconds=30)
    with TranslationClient(connection, "translator") as client:
        client.predictor.wait_until_reachable(60)
        expected = [answer.text for answer in client.translate(TEXTS)]
        beams = _texts(client, 3)
    counts, wrong = {"graph": 0, "steps": 0, "beam": 0, "pieces": 0}, []
    end = time.monotonic() + SECONDS

    def ask(kind, call, right):
        with TranslationClient(connection, "translator") as client:
            while time.monotonic() < end and not wrong:
                try:
                    found = call(client)
                except ClientError as error:
                    found = error
                if found != right:
                    wrong.append((kind, found))
                counts[kind] += 1

    def pieces(client):
        inputs = {contract.TOKENS: np.int64([[4, 5, 3]])}
        return client.predictor.predict(contract.DETOKENIZE, inputs, [contract.TEXT])[contract.TEXT].tolist()

    jobs = [
        *[("graph", lambda client: [answer.text for answer in client.translate(TEXTS)], expected)] * 2,
        ("steps", lambda client: _texts(client, 1), expected),
        ("beam", lambda client: _texts(client, 3), beams),
        ("pieces", pieces, [b"ab"]),
    ]
    threads = [threading.Thread(target=ask, args=job) for job in jobs]
    victim = subprocess.Popen(
        [sys.executable, "-c", KILLED, address], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    for thread in threads:
        thread.start()
    memory = []
    for part in range(1, 4):
        time.sleep(SECONDS / 4)
        memory.append(psutil.Process(process.pid).memory_info().rss)
        if part == 1:
            assert victim.stdout.readline() == b"started\n"
            victim.send_signal(signal.SIGKILL)
            victim.communicate()
        if part < 3:
            shutil.copytree(base / "1", base.parent / "coming")
            (base.parent / "coming").rename(base / str(part + 1))
    for thread in threads:
        thread.join()
    memory.append(psutil.Process(process.pid).memory_info().rss)
    sys.stdout.write(f"requests: {counts}; memory: {[f'{size / 2**20:.0f} MiB' for size in memory]}\n")
    assert wrong == []
    assert min(counts.values()) > 0
    assert memory[-1] - memory[-2] < 100 * 2**20
    with TranslationClient(connection, "translator") as client:
        assert [answer.text for answer in client.translate(TEXTS)] == expected


def _texts(client, beam_size):
    return [one.text for one in StepDecoder(client.predictor, DecodingSettings(beam_size=beam_size)).decode(TEXTS)]
