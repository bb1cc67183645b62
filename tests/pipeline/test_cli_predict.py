"""`seq2seq predict` with a real exported model, against a real server of the same model."""

import gzip
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow.parquet as pq
import pytest
import yaml

from serving.client import TranslationClient
from serving.server.model_configs import single_model
from serving.server.server import ModelServer, ServerOptions
from tests.pipeline.toy_task import seq2seq
from tests.trainer.toy_export import SOURCE_LETTERS, export_toy
from trainer.config.decoding import DecodingConfig

ROOT = pathlib.Path(__file__).parents[2]
# Empty, invalid, a text of 10,000 characters, white space, what JSON escapes, right to left, emoji.
HARD = [b"", b"\xff ab", b"abcdefgh" * 1250, b" ", b'a"\\b\tc', "שלום 👩‍👩‍👧".encode(), b"\xc3", "é".encode()]
TEXTS = [*HARD, *(bytes(SOURCE_LETTERS[i % 8] * (i % 13) + "bca", "utf-8") for i in range(90))]


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """Configuration of a task with two pushed versions."""
    folder = tmp_path_factory.mktemp("task")
    decoding = DecodingConfig(beam_size=4, n_best=3, length_penalty="gnmt", min_length=5)
    for version in (1, 2):
        exported = export_toy(folder / f"export-{version}", version, decoding, cell="lstm", attention="general")
        (folder / "served").mkdir(exist_ok=True)
        pathlib.Path(exported).rename(folder / "served" / str(version))
    config = folder / "toy.yaml"
    sections = {
        "name": "toy",
        "workspace": str(folder / "runs"),
        "data": {"base": str(folder), "inputs": [{"pattern": "*", "splits": {"train": 1, "eval": 1}}]},
        "evaluation": {"thresholds": [{"metric": "bleu", "at_least": 0}]},
        "serving": {"push_to": str(folder / "served")},
    }
    config.write_text(yaml.safe_dump(sections), encoding="utf-8")
    return config


@pytest.fixture(scope="module")
def answers(task):
    """What a server of the newest version answers to TEXTS."""
    server = ModelServer([single_model("seq2seq", task.parent / "served")], ServerOptions(host="localhost", port=0))
    with TranslationClient(f"localhost:{server.port}") as client:
        yield client.translate(TEXTS, ["translations", "scores", "log_probs"])
    server.stop()


@pytest.fixture
def lines(tmp_path):
    path = tmp_path / "sources.txt"
    path.write_bytes(b"".join(text + b"\n" for text in TEXTS))
    return path


def predict(task, *arguments):
    outcome = seq2seq("predict", task, *arguments)
    assert outcome.exit_code == 0, outcome.output
    return outcome.output


def objects(path):
    return [json.loads(line) for line in path.read_bytes().decode().splitlines()]


def assert_candidates(found, answer, count):
    assert [each["text"] for each in found] == [each.text for each in answer.candidates[:count]]
    for name in ("score", "log_prob"):
        expected = [getattr(each, name) for each in answer.candidates[:count]]
        np.testing.assert_allclose([each[name] for each in found], expected, atol=1e-5)


def test_lines_get_the_answers_of_the_server(task, answers, lines, tmp_path):
    shown = predict(task, "--input", lines, "--output", tmp_path / "out.txt")
    assert f"{len(TEXTS)} sources, version 2" in shown
    distinct = {tuple(candidate.text for candidate in answer.candidates) for answer in answers}
    assert len(distinct) > 12, "a test of equal texts needs different ones"
    assert (tmp_path / "out.txt").read_bytes() == b"".join(answer.text.encode() + b"\n" for answer in answers)

    predict(task, "--input", lines, "--output", tmp_path / "out.jsonl", "--n-best", "2")
    found = objects(tmp_path / "out.jsonl")
    assert [each["line"] for each in found] == list(range(1, len(TEXTS) + 1))
    assert [each["text"] for each in found] == [text.decode("utf-8", "replace") for text in TEXTS]
    assert [each["translation"] for each in found] == [answer.text for answer in answers]
    for each, answer in zip(found, answers, strict=True):
        assert_candidates(each["candidates"], answer, 2)


def test_objects_keep_their_order_ids_and_fields_in_shards_of_any_format(task, answers, tmp_path):
    valid = [
        (text.decode(), answer)
        for text, answer in zip(TEXTS, answers, strict=True)
        if text.decode("utf-8", "ignore").encode() == text
    ]
    whole = [f'{{"nr": {index}, "q": {json.dumps(text)},  "x": 1.50}} ' for index, (text, _) in enumerate(valid)]
    (tmp_path / "in-1.jsonl").write_text("\n".join(whole[:50]) + "\n", encoding="utf-8")
    (tmp_path / "in-2.jsonl.gz").write_bytes(gzip.compress("\r\n".join(whole[50:]).encode()))
    sources = ("--input", tmp_path / "in-*", "--field", "q", "--id-field", "nr", "--input-format", "jsonl")
    predict(task, *sources, "--output", tmp_path / "out.jsonl", "--shards", "3")
    shards = sorted(tmp_path.glob("out-0000?-of-00003.jsonl"))
    assert len(shards) == 3
    written = [line for shard in shards for line in shard.read_text("utf-8").splitlines()]
    for line, given, (_, answer) in zip(written, whole, valid, strict=True):
        assert line.startswith(given.rstrip()[:-1]), "what was read is there byte by byte"
        assert json.loads(line)["translation"] == answer.text
        assert json.loads(line)["score"] == pytest.approx(answer.candidates[0].score, abs=1e-5)

    predict(task, *sources, "--output", tmp_path / "out.parquet", "--n-best", "9")
    table = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [row["nr"] for row in table] == [str(index) for index in range(len(valid))]
    assert [row["record"] for row in table] == whole
    for row, (text, answer) in zip(table, valid, strict=True):
        assert (row["q"], row["translation"]) == (text, answer.text)
        assert_candidates(row["candidates"], answer, 3)


def test_an_interrupted_prediction_is_taken_up_where_it_was_stopped(task, tmp_path):
    source = tmp_path / "sources.txt"
    source.write_bytes(b"".join(text[:20] + b"\n" for text in TEXTS) * 60)
    arguments = ["predict", task, "--input", source, "--output", tmp_path / "out.txt", "--shards", "3"]
    command = [sys.executable, "-c", "from pipeline.cli.main import main; main()", *map(str, arguments)]
    first = tmp_path / "out-00000-of-00003.txt"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        limit = time.monotonic() + 120
        while not first.exists() and process.poll() is None and time.monotonic() < limit:
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        shown = process.stdout.read().decode()
    assert process.returncode == 130, shown
    assert "The same call goes on with the shards that are not there yet." in shown
    assert not list(tmp_path.glob("*of-00003*unfinished"))
    assert not (tmp_path / "out-00002-of-00003.txt").exists()
    # A process that is killed leaves this.
    leftover = tmp_path / ".out-00002-of-00003.txt.0123.unfinished"
    leftover.write_bytes(b"half")
    before = first.stat()

    shown = predict(*arguments[1:])
    assert "1 of 3 shards are there already" in shown
    assert first.stat() == before
    assert not leftover.exists()
    predict(task, "--input", source, "--output", tmp_path / "whole.txt")
    shards = sorted(tmp_path.glob("out-0000?-of-00003.txt"))
    assert b"".join(shard.read_bytes() for shard in shards) == (tmp_path / "whole.txt").read_bytes()


def refused(*arguments):
    outcome = seq2seq("predict", *arguments)
    assert outcome.exit_code == 2, outcome.output
    return outcome.output


def test_answers_of_another_prediction_are_not_touched_unless_told_to(task, lines, tmp_path):
    out = tmp_path / "out.jsonl"
    predict(task, "--input", lines, "--output", out, "--version", "1")
    before = out.read_bytes()
    assert f"model {task.parent / 'served' / '1'}, now" in refused(task, "--input", lines, "--output", out)
    call = (task, "--input", lines, "--output", out, "--version", "1")
    assert "n_best null, now 2" in refused(*call, "--n-best", "2")
    assert "--shards 1, now 2" in refused(*call, "--shards", "2")
    os.utime(lines, (1, 1))
    assert "now it is another" in refused(*call)
    occupied = tmp_path / "occupied.txt"
    occupied.write_text("precious", encoding="utf-8")
    assert "is there already" in refused(task, "--input", lines, "--output", occupied)
    assert (out.read_bytes(), occupied.read_text("utf-8")) == (before, "precious")
    predict(*call[:-2], "--force")
    assert out.read_bytes() != before


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--output", "out.xml"], "out.xml ends in none of .txt, .jsonl, .parquet"),
        (["--output", "out.txt", "--n-best", "2"], "--n-best goes with --format jsonl and parquet"),
        (["--output", "out.txt", "--id-field", "id"], "--id-field goes with jsonl"),
        (["--output", "out.txt", "--version", "7"], "has no version 7: there are 1, 2"),
        (["--output", "out.txt", "--input", "b.jsonl"], "--input names lines of text and .jsonl"),
        (["--output", "out.jsonl", "--field", "line"], "'line' would be there twice"),
        (["--output", "out.txt", "--input-format", "jsonl"], "sources.txt:1: the line is not JSON"),
        (["--output", "out.txt", "--set", "serving.push_to=nowhere"], "nothing has been pushed to"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_told_and_leaves_nothing(task, lines, monkeypatch, arguments, told):
    monkeypatch.chdir(lines.parent)
    assert told in refused(task, "--input", lines, *arguments)
    assert os.listdir(lines.parent) == [lines.name]
