"""`seq2seq errors` on the folder of an evaluation."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from components.metrics.example_rows import FOLDER, schema_of
from tests.pipeline.toy_task import seq2seq, write_task


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory):
    """An evaluation of three examples with rising loss; the text of the last one is a snare for markup and tables."""
    folder = tmp_path_factory.mktemp("evaluation")
    (folder / FOLDER).mkdir()
    rows = [
        {
            "source": source,
            "references": ["right", "also"],
            "slices": [("kind", kind)],
            "hypothesis": f"answer {loss}",
            "target_log_prob": -loss,
            "target_length": 2,
            "sums_loss_per_token": [loss, 2.0],
            "sums_word_error_rate": [2.0 - loss, 1.0],
        }
        for source, kind, loss in (("one", "a", 0.0), ("two", "b", 1.0), ("[bold]日\tthree", "b", 2.0))
    ]
    table = pa.Table.from_pylist(rows, schema=schema_of(["loss_per_token", "word_error_rate"], models=1))
    pq.write_table(table, folder / FOLDER / "part.parquet")
    return folder


def sources(*arguments):
    outcome = seq2seq("errors", *arguments, "--json")
    assert outcome.exit_code == 0, outcome.output
    return [json.loads(line)["source"] for line in outcome.output.splitlines()]


def test_the_worst_come_first_by_the_metric_that_is_asked_for(evaluation):
    assert sources(evaluation) == ["[bold]日\tthree", "two", "one"]
    assert sources(evaluation, "--sort", "wer", "--limit", "2") == ["one", "two"]
    assert sources(evaluation, "--sort", "word_error_rate", "--slice", "kind=b") == ["two", "[bold]日\tthree"]


def test_they_are_shown_as_a_table(evaluation):
    shown = seq2seq("errors", evaluation).output
    for text in ("[bold]日", "answer 2.0", "also", "loss per"):
        assert text in shown


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--sort", "bleu"], "metric 'bleu' was not measured: there are word_error_rate, loss_per_token"),
        (["--slice", "kind=c"], "values of 'kind' are a, b"),
        (["--slice", "kind"], "--slice kind: wanted KEY=VALUE"),
    ],
)
def test_what_is_not_there_is_told(evaluation, arguments, told):
    outcome = seq2seq("errors", evaluation, *arguments)
    assert outcome.exit_code == 2
    assert told in outcome.output


def test_a_folder_or_task_without_an_evaluation_is_told(tmp_path):
    outcome = seq2seq("errors", tmp_path)
    assert (outcome.exit_code, "has no examples" in outcome.output) == (2, True)
    outcome = seq2seq("errors", write_task(tmp_path).config)
    assert (outcome.exit_code, "task toy has no evaluation yet" in outcome.output) == (2, True)
