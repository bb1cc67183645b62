"""`seq2seq serve` and `seq2seq translate`, as a person runs them."""

import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

from pipeline.cli.main import app

ROOT = pathlib.Path(__file__).parents[2]
CONFIG = ROOT / "configs" / "dates.yaml"
SEQ2SEQ = [sys.executable, "-c", "from pipeline.cli.main import main; main()"]


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def pushed(tmp_path, models):
    folder = tmp_path / "pushed"
    shutil.copytree(models / "translator", folder)
    return folder


def test_a_task_from_serving_to_translating(pushed, unused_port):
    settings = ("--set", f"serving.push_to={pushed}")
    command = [*SEQ2SEQ, "serve", CONFIG, *settings, "--port", str(unused_port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as server:
        try:
            # The server is not up yet: translate waits for it.
            lines = "hello\n\n日本 tab\there\r\n".encode() + b"\xff\nlast"
            here = ("--address", f"localhost:{unused_port}")
            outcome = subprocess.run(
                [*SEQ2SEQ, "translate", "--config", CONFIG, *here, "--show-source"],
                cwd=ROOT,
                input=lines,
                capture_output=True,
                timeout=120,
                check=False,
            )
            assert outcome.returncode == 0, outcome.stderr
            assert outcome.stderr == b""
            rows = [line.rsplit(b"\t", 1) for line in outcome.stdout.split(b"\n")]
            assert [row[0] for row in rows] == [b"hello", b"", "日本 tab\there".encode(), b"\xff", b"last", b""]
            ready = server.stdout.readline().decode()
            assert ready == f"Serving dates version 1 on localhost:{unused_port} (gRPC)\n"

            stepwise = run("translate", *here, "--model", "dates", "--step", "hello", "", "last")
            assert stepwise.stdout_bytes.split(b"\n")[:3] == [rows[0][1], rows[1][1], rows[4][1]]

            second = run("serve", CONFIG, *settings, "--port", unused_port)
            assert second.exit_code == 1
            assert second.stderr == f"error: cannot listen on localhost:{unused_port}: is the port taken?\n"
        finally:
            server.send_signal(signal.SIGTERM)
            started = time.monotonic()
            rest, errors = server.communicate(timeout=30)
        assert time.monotonic() - started < 10
        assert server.returncode == 0
        # TensorFlow 2.21 says, whatever its settings, that no GPU can be used.
        assert (rest, [line for line in errors.splitlines() if b"cuInit" not in line]) == (b"", [])


def test_nothing_to_serve(tmp_path):
    outcome = run("serve", CONFIG, "--set", f"serving.push_to={tmp_path / 'nothing'}")
    assert outcome.exit_code == 1
    assert outcome.stderr == (
        f"error: nothing has been pushed to {tmp_path / 'nothing'} yet: seq2seq run {CONFIG} does that\n"
    )


def test_a_damaged_model_is_named(tmp_path, unused_port):
    (tmp_path / "served" / "4").mkdir(parents=True)
    outcome = run("serve", CONFIG, "--set", f"serving.push_to={tmp_path / 'served'}", "--port", unused_port)
    assert outcome.exit_code == 1
    assert "error: 1 model(s) did not become available" in outcome.stderr
    assert str(tmp_path / "served" / "4") in outcome.stderr


def test_errors_of_translate(address, tmp_path, unused_port):
    refused = run("translate", "--address", address, "--model", "absent", "hello")
    assert refused.exit_code == 1
    assert refused.stderr == "error: NOT_FOUND: Servable not found for request: Latest(absent)\n"
    unreachable = run("translate", "--address", f"localhost:{unused_port}", "--wait", "0.2", "hello")
    assert unreachable.exit_code == 1
    assert f"error: UNAVAILABLE: no server answered at localhost:{unused_port}" in unreachable.stderr
    missing = run("translate", "--address", address, "--model", "translator", "--file", tmp_path / "none.txt")
    assert missing.exit_code == 1
    assert missing.stderr == f"error: {tmp_path / 'none.txt'}: No such file or directory\n"
    both = run("translate", "--file", tmp_path / "none.txt", "hello")
    assert both.exit_code == 2


def test_a_reader_that_has_enough_is_no_error(address, tmp_path):
    (tmp_path / "many.txt").write_bytes(b"hello\n" * 5000)
    command = [*SEQ2SEQ, "translate", "--address", address, "--model", "translator", "--file", tmp_path / "many.txt"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout.readline()
        writer.stdout.close()
        assert writer.stderr.read() == b""
        assert writer.wait(60) == 0


def lines(outcome):
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout_bytes.decode().split("\n")[:-1]


@pytest.mark.parametrize("step", [(), ("--step",)])
def test_n_best_scores_and_alignment(address, step):
    here = ("translate", "--address", address, "--model", "translator", *step)
    [text] = lines(run(*here, "ab"))
    [row] = lines(run(*here, "--n-best", 1, "--scores", "--show-source", "ab"))
    source, rank, score, shown = row.split("\t")
    assert (source, rank, shown) == ("ab", "1", text)
    assert float(score) < 0
    first, head, *table, empty = lines(run(*here, "--alignment", "ab"))
    assert (first, head.split("\t"), empty) == (text, ["", "a", "b", "</s>"], "")
    assert [row.split("\t")[0] for row in table] == [*text, "</s>"]
    for row in table:
        assert sum(map(float, row.split("\t")[1:])) == pytest.approx(1, abs=0.02)


def test_n_best_by_steps(address):
    here = ("translate", "--address", address, "--model", "translator", "--step")
    rows = [row.split("\t") for row in lines(run(*here, "--n-best", 3, "--scores", "ab", "hello"))]
    assert [rank for rank, *_ in rows] == ["1", "2", "3"] * 2
    scores = [float(score) for _, score, _ in rows]
    assert scores[:3] == sorted(scores[:3], reverse=True)
    wide = lines(run(*here, "--beam-size", 5, "ab"))
    assert len(wide) == 1


@pytest.mark.parametrize("step", [(), ("--step",)])
def test_json_lines(address, tmp_path, step):
    (tmp_path / "in.txt").write_bytes("ab\n\nta\tb\n日本\n".encode() + b"\xff\n")
    here = ("translate", "--address", address, "--model", "translator", *step)
    rows = [json.loads(row) for row in lines(run(*here, "--jsonl", "--alignment", "--file", tmp_path / "in.txt"))]
    plain = lines(run(*here, "--file", tmp_path / "in.txt"))
    assert [row["source"] for row in rows] == ["ab", "", "ta\tb", "日本", "\ufffd"]
    assert [row["translation"] for row in rows] == plain
    for row in rows:
        [candidate] = row["candidates"]
        assert candidate["text"] == row["translation"]
        assert len(candidate["tokens"]) == len(candidate["token_log_probs"]) == len(candidate["alignment"])
        assert len(candidate["alignment"][0]) == len(row["source_tokens"])


def test_a_stream_ends_as_the_same_text(address):
    here = ("translate", "--address", address, "--model", "translator")
    texts = ("hello", "", "日本")
    assert lines(run(*here, "--stream", *texts)) == lines(run(*here, *texts))


def test_a_tasks_settings_are_those_of_its_steps(address):
    # The task of the example has a beam of its own: more than one hypothesis can be printed without --beam-size.
    here = ("translate", "--config", CONFIG, "--address", address, "--model", "translator", "--step")
    assert len(lines(run(*here, "--n-best", 2, "ab"))) == 2


@pytest.mark.parametrize(
    "options", [("--stream", "--jsonl"), ("--beam-size", "3"), ("--n-best", "0"), ("--file", "x", "text")]
)
def test_options_that_are_refused(options):
    assert run("translate", *options).exit_code == 2
