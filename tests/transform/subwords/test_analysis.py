"""Vocabularies of subwords as Beam learns them: those of the learner, however the text is spread over workers."""

import collections
import itertools
import logging
import pathlib
import random

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
from apache_beam.options.pipeline_options import PipelineOptions

from serving.contract import SPECIAL_TOKENS
from tests.transform.subwords import reference
from tests.transform.test_preprocessing import transform, vocabulary
from transform.config import TextConfig
from transform.subwords import analysis
from transform.subwords.learning import learn_pieces
from transform.subwords.trie import build_trie
from transform.text import TextProcessor

pytestmark = pytest.mark.tfx


def learn_on_beam(batches, folder, size=500, min_count=1, **options):
    """Runs the analyzer on batches of words; returns the file's lines, and the trie."""
    analyzer = analysis._LearnSubwords(size, min_count, "vocabulary")
    analyzer.base_temp_dir = str(folder / "temporary")
    with beam.Pipeline(options=PipelineOptions(**options)) as pipeline:
        words = pipeline | beam.Create([(np.array([x.encode() for x in batch], object),) for batch in batches])
        outputs = words | analysis._CountWords() | analyzer
        for name, output in zip(("path", "edges", "is_piece"), outputs, strict=True):
            _ = output | f"Keep{name}" >> beam.Map(_save, str(folder / f"{name}.npy"))
    path, edges, is_piece = (np.load(folder / f"{name}.npy") for name in ("path", "edges", "is_piece"))
    return pathlib.Path(str(path)).read_text(encoding="utf-8").split("\n")[:-1], edges, is_piece


def _save(array, path):
    np.save(path, array)


def words_in_text():
    return [word for line in reference.prose() for word in reference.words_of(line)]


@pytest.mark.parametrize(("batches", "workers"), [(1, 1), (40, 1), (40, 3)])
def test_the_vocabulary_does_not_depend_on_how_text_is_spread(batches, workers, tmp_path):
    words = words_in_text()
    random.Random(batches).shuffle(words)
    size = -(-len(words) // batches)
    parts = [words[start : start + size] for start in range(0, len(words), size)]
    lines, edges, is_piece = learn_on_beam(
        parts, tmp_path, min_count=2, direct_num_workers=workers, direct_running_mode="multi_threading"
    )
    counts = collections.Counter(words)
    pieces = learn_pieces(counts, reference.count_characters(counts), 500, 2)
    assert lines == [*SPECIAL_TOKENS, *pieces]
    trie = build_trie(pieces)
    assert np.array_equal(edges, trie.edges)
    assert np.array_equal(is_piece, trie.is_piece)


def test_long_words_are_learned_from_in_parts_and_the_rarest_words_not_at_all(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(analysis, "MOST_WORDS", 2)
    with caplog.at_level(logging.INFO, "seq2seq.transform"):
        lines, _, _ = learn_on_beam([["▁ab"] * 5 + ["▁cd"] * 3 + ["x" * 80] * 4 + ["y" * 64]], tmp_path)
    # Parts of equal counts come from the last: of the long word both parts occur 4 times.
    assert set(lines[4:11]) == set("x▁abycd")
    assert "▁ab" in lines
    assert "▁cd" not in lines
    assert max(map(len, lines)) == 64
    assert "vocabulary: learned from the 2 most frequent words" in caplog.messages
    [told] = [message for message in caplog.messages if "not 500" in message]
    assert told == f"vocabulary: {len(lines) - 4} subwords, not 500: no others occur often enough"


def test_no_text_leaves_the_special_tokens(tmp_path):
    lines, edges, is_piece = learn_on_beam([[]], tmp_path)
    assert lines == list(SPECIAL_TOKENS)
    assert edges.tolist() == []
    assert is_piece.tolist() == [False]


def test_a_joint_vocabulary_is_learned_from_all_text_of_both_sides_and_applied(tmp_path):
    lines = [line for line in reference.prose() if line.strip()]
    rows = list(itertools.pairwise(lines))[:200]
    settings = {"unit": "subword", "vocabulary_size": 500, "min_count": 2, "max_length": 60}
    source, target = TextConfig(**settings), TextConfig(**settings, lowercase=True, on_too_long="truncate")
    transformed, output = transform(rows, tmp_path, source=source, target=target, shared_vocabulary=True)

    words = reference.count_words([*(x for x, _ in rows), *(y.lower() for _, y in rows)])
    pieces = learn_pieces(words, reference.count_characters(words), 500, 2)
    assert vocabulary(output, "shared_vocabulary") == [*SPECIAL_TOKENS, *pieces]

    path = output.vocabulary_file_by_name("shared_vocabulary")
    served = TextProcessor(source, path).source(tf.constant([x for x, _ in rows]))
    forced = TextProcessor(target, path).target(tf.constant([y for _, y in rows]))
    for row, ids, length, target_ids in zip(transformed, served.ids, served.length, forced.output_ids, strict=True):
        assert row["source_length"][0] == length
        assert np.array_equal(row["source_ids"][:length], ids[:length])
        assert np.array_equal(row["target_output_ids"], np.pad(target_ids, (0, 61 - len(target_ids))))
    assert {row["source_too_long"][0] for row in transformed} == {0, 1}
