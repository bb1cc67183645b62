"""The metrics against sacrebleu and jiwer on the same texts, however the corpus is cut and merged."""

import math
import random

import jiwer
import numpy as np
import pytest
import sacrebleu
from hypothesis import given, settings
from hypothesis import strategies as st

from components.metrics.sums import SumCombineFn
from tests.components.random_pairs import random_examples
from trainer.metrics.catalog import create_statistic
from trainer.metrics.error_rates import ErrorRate
from trainer.metrics.names import METRIC_NAMES
from trainer.metrics.statistic import DecodedExample
from trainer.metrics.units import words


def combined(statistic, examples, seed=0):
    """The figure over accumulators of random sizes, merged in random order, some of them empty."""
    draw = random.Random(seed)
    combiner = SumCombineFn(statistic, key="figure")
    accumulators = [combiner.create_accumulator()]
    for example in examples:
        if draw.random() < 0.2:
            accumulators.append(combiner.create_accumulator())
        element = np.asarray(statistic.of_example(example), np.float64)
        accumulators[-1] = combiner.add_input(accumulators[-1], element)
    while len(accumulators) > 1:
        draw.shuffle(accumulators)
        count = draw.randint(2, 5)
        accumulators[:count] = [combiner.merge_accumulators(accumulators[:count])]
    return combiner.extract_output(accumulators[0])["figure"]


def streams(examples):
    """Reference streams as sacrebleu takes them: None where an example has fewer references."""
    width = max(len(example.references) for example in examples)
    return [[dict(enumerate(example.references)).get(index) for example in examples] for index in range(width)]


SACREBLEU = {"bleu": sacrebleu.BLEU, "chrf": sacrebleu.CHRF, "ter": sacrebleu.TER}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", SACREBLEU)
def test_equals_sacrebleu(name, seed):
    examples = random_examples(150, seed)
    expected = SACREBLEU[name]().corpus_score([example.hypothesis for example in examples], streams(examples)).score
    assert 1 < expected < 100
    assert combined(create_statistic(name, "char"), examples, seed) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("name", SACREBLEU)
@settings(max_examples=40, deadline=None)
@given(pairs=st.lists(st.tuples(st.text(max_size=20), st.text(min_size=1, max_size=20)), min_size=1, max_size=5))
def test_equals_sacrebleu_on_any_text(name, pairs):
    expected = SACREBLEU[name]().corpus_score([pair[0] for pair in pairs], [[pair[1] for pair in pairs]]).score
    examples = [DecodedExample(hypothesis, [reference]) for hypothesis, reference in pairs]
    assert combined(create_statistic(name, "char"), examples) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(
    ("name", "settings_of_score"),
    [("bleu", "tok:13a|smooth:exp"), ("chrf", "nc:6|nw:0"), ("ter", "case:lc|tok:tercom")],
)
def test_sacrebleu_signature_tells_settings_and_version(name, settings_of_score):
    signature = create_statistic(name, "char").signature
    assert settings_of_score in signature
    assert signature.startswith("nrefs:var|")
    assert signature.endswith(f"version:{sacrebleu.__version__}")


def with_one_reference(examples):
    return [DecodedExample(example.hypothesis, example.references[:1]) for example in examples]


@pytest.mark.parametrize(
    ("name", "unit", "oracle"),
    [("word_error_rate", "char", jiwer.wer), ("token_error_rate", "char", jiwer.cer)],
)
def test_error_rates_equal_jiwer(name, unit, oracle):
    examples = with_one_reference(random_examples(200, seed=7))
    # jiwer takes white space off the ends, and counts the characters that are left.
    expected = oracle([example.references[0] for example in examples], [example.hypothesis for example in examples])
    if name == "token_error_rate":
        examples = [DecodedExample(x.hypothesis.strip(), [x.references[0].strip()]) for x in examples]
    assert combined(create_statistic(name, unit), examples) == pytest.approx(expected, abs=1e-12)


def test_of_several_references_the_nearest_counts():
    examples = random_examples(200, seed=8)

    def nearest(example):
        outputs = [jiwer.process_words(reference, example.hypothesis) for reference in example.references]
        edits = [output.substitutions + output.insertions + output.deletions for output in outputs]
        lengths = [len(reference.split()) for reference in example.references]
        return min(zip(edits, lengths, strict=True), key=lambda pair: (pair[0], -pair[1]))

    edits, lengths = np.sum([nearest(example) for example in examples], axis=0)
    assert combined(ErrorRate(words), examples) == pytest.approx(edits / lengths, abs=1e-12)


def test_token_error_rate_counts_the_units_of_the_target():
    example = DecodedExample("K AE1 T", ["K AE1 T S"])
    rates = {
        unit: combined(create_statistic("token_error_rate", unit), [example]) for unit in ("char", "word", "space")
    }
    assert rates == {"char": 2 / 9, "word": 1 / 4, "space": 1 / 4}
    spaced = DecodedExample("well , done", ["well, done!"])
    assert combined(create_statistic("token_error_rate", "word"), [spaced]) == 1 / 4
    assert combined(create_statistic("token_error_rate", "space"), [spaced]) == 1.5


def test_exact_match_takes_any_reference():
    examples = [DecodedExample("b", ["a", "b"]), DecodedExample("a", ["a"]), DecodedExample("A", ["a"])]
    assert combined(create_statistic("exact_match", "char"), examples) == pytest.approx(2 / 3)


def test_loss_per_token_weighs_tokens_not_examples():
    examples = [DecodedExample("", ["x"], -6.0, 2), DecodedExample("", ["x"], -1.0, 8)]
    assert combined(create_statistic("loss_per_token", "char"), examples) == pytest.approx(0.7)


def test_example_count():
    assert combined(create_statistic("example_count", "char"), random_examples(31, seed=1)) == 31.0


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_a_corpus_without_examples_has_a_documented_figure(name):
    figure = combined(create_statistic(name, "char"), [])
    if name in (*SACREBLEU, "example_count"):
        assert figure == 0.0
    else:
        assert math.isnan(figure)


@pytest.mark.parametrize("name", METRIC_NAMES)
def test_figures_are_plain_floats_and_an_empty_hypothesis_is_no_error(name):
    examples = [DecodedExample("", ["a right text"], -3.0, 4)]
    figure = combined(create_statistic(name, "word"), examples)
    assert type(figure) is float
    if name.endswith("error_rate"):
        assert figure == 1.0
