"""Early stopping by text that the model decodes."""

import logging
import random

import numpy as np
import pydantic
import pytest
import sacrebleu
import tensorflow as tf

from tests.trainer.transformed_files import pairs_of, write_pairs
from tests.transform.vocabulary_files import write_vocabulary
from trainer.config.decoding import DecodingConfig
from trainer.config.early_stopping import DECODED_METRICS, EarlyStoppingConfig
from trainer.config.model import ModelConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.training import TrainingConfig
from trainer.export.served_model import ServedModel
from trainer.learning.decoded_sample import DecodedSample, TargetText
from trainer.learning.evaluation import badness
from trainer.learning.fit import fit
from trainer.model.seq2seq import Seq2Seq
from transform.config import TextConfig
from transform.text import TextProcessor

LETTERS = "abcdefgh"
TEXT = TextConfig(max_length=5)


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Words to be reversed."""
    folder = tmp_path_factory.mktemp("words")
    generator = random.Random(2)
    sources = [[generator.randrange(4, 12) for _ in range(generator.randrange(1, 6))] for _ in range(600)]
    pairs = [(source, source[::-1]) for source in sources]
    write_pairs(folder / "train" / "part.gz", pairs[:500], 5)
    write_pairs(folder / "eval" / "part.gz", pairs[500:], 5)
    return [pairs_of(folder / split / "*", longest=5, split=split) for split in ("train", "eval")]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    return TargetText(
        TextProcessor(TEXT, write_vocabulary(tmp_path_factory.mktemp("v") / "v", LETTERS)), DecodingConfig()
    )


def training(**stopping):
    return TrainingConfig(
        epochs=3,
        batch_tokens=256,
        optimizer=OptimizerConfig(learning_rate=0.02),
        early_stopping=EarlyStoppingConfig(**stopping),
        log_every_seconds=3600,
    )


def build_model():
    config = ModelConfig(cell="gru", embedding_size=8, encoder_units=8, decoder_units=16)
    model = Seq2Seq(config, 12, 12)
    for variable in model.trainable_variables:
        variable.assign(variable * 4)
    return model


def all_texts(split, processor):
    """Source and target texts of a split, from its ids."""
    (rows,) = split.pools(1000)
    parsed = split.parse(rows["record"])
    return [processor.detokenize(parsed[name]).text for name in ("source_ids", "target_output_ids")]


def test_texts_are_those_that_the_served_model_decodes(splits, text):
    model = build_model()
    source, target = all_texts(splits[1], text.processor)
    served = ServedModel(model, text.processor, text.processor, DecodingConfig(beam_size=3))
    hypotheses = [each.decode() for each in served.serving_default(source)["translation"].numpy()]
    references = [each.decode() for each in target.numpy()]
    expected = {
        "bleu": sacrebleu.corpus_bleu(hypotheses, [references], force=True).score,
        "exact_match": np.mean([one == other for one, other in zip(hypotheses, references, strict=True)]),
    }
    assert len(set(hypotheses)) > 20
    for metric, value in expected.items():
        settings = training(metric=metric, beam_size=3)
        assert DecodedSample(model, splits[1], 100, settings, text).measure() == pytest.approx(value)


def test_a_sample_is_drawn_by_the_seed(splits, text):
    def measure(seed, sample):
        settings = training(metric="token_error_rate", sample=sample).model_copy(update={"seed": seed})
        return DecodedSample(build_model(), splits[1], 100, settings, text).measure()

    assert measure(1, 30) == measure(1, 30) != measure(2, 30)
    assert measure(1, 100) == measure(2, 5000)


def test_the_best_epoch_follows_the_metric_and_everyone_is_told(splits, text, tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    model = Seq2Seq(ModelConfig(cell="gru", embedding_size=8, encoder_units=8, decoder_units=16), 12, 12)
    settings = training(metric="chrf", sample=50)
    result = fit(model, settings, *splits, str(tmp_path), text)
    values = [epoch.eval_metric for epoch in result.history]
    assert result.metric == "chrf"
    assert result.best_epoch == 1 + int(np.argmax(values))
    assert result.eval_metric == max(values) > 0
    assert DecodedSample(model, splits[1], 100, settings, text).measure() == pytest.approx(max(values))
    assert f"token accuracy {result.history[0].eval_token_accuracy:.4f}, chrf {values[0]:.4f}, " in caplog.text
    assert f"chrf {max(values):.4f}" in caplog.messages[-1]
    (events,) = tmp_path.glob("events.out.tfevents.*")
    summaries = [v for event in tf.compat.v1.train.summary_iterator(str(events)) for v in event.summary.value]
    curve = [float(tf.make_ndarray(value.tensor)) for value in summaries if value.tag == "eval/chrf"]
    assert curve == pytest.approx(values)


def test_decoded_metrics_need_text(splits, tmp_path):
    with pytest.raises(ValueError, match="metric is 'bleu', but no text is decoded here"):
        fit(build_model(), training(metric="bleu"), *splits, str(tmp_path))


def test_what_is_better():
    assert badness("bleu", 30.0) < badness("bleu", 20.0) < badness("bleu", float("nan"))
    assert badness("token_accuracy", 0.9) < badness("token_accuracy", 0.8)
    assert badness("token_error_rate", 0.2) < badness("token_error_rate", 0.3) < badness("ter", float("nan"))
    assert set(DECODED_METRICS) > {"bleu", "chrf", "exact_match"}


def test_an_unknown_metric_is_refused():
    with pytest.raises(pydantic.ValidationError, match="metric"):
        EarlyStoppingConfig(metric="blue")
