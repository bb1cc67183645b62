"""Training by all that an objective may have: it learns, and it repeats itself."""

import random

import numpy as np
import pytest

from tests.trainer.transformed_files import pairs_of, write_pairs
from trainer.config.model import ModelConfig
from trainer.config.objective import ObjectiveConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.config.training import TrainingConfig
from trainer.learning.fit import fit
from trainer.model.seq2seq import Seq2Seq

VOCABULARY = 12
MODEL = ModelConfig(cell="gru", embedding_size=16, encoder_units=16, decoder_units=32, dropout=0.1)
COMMON = {"label_smoothing": 0.05, "guided_attention": {"weight": 0.5}}
OBJECTIVES = [
    {**COMMON, "scheduled_sampling": {"decay": "linear", "slope": 0.002, "minimum": 0.5}},
    {**COMMON, "r_drop": 2.0},
]


@pytest.fixture(scope="module")
def splits(tmp_path_factory):
    """Sequences to be copied, and nonsense of weight 0 among those to train on."""
    folder = tmp_path_factory.mktemp("copy")
    draw = random.Random(1)
    copies = [[draw.randrange(4, VOCABULARY) for _ in range(draw.randrange(1, 6))] for _ in range(1200)]
    pairs = [(text, text) for text in copies[:1000]] + [(text, [5] * 5) for text in copies[:500]]
    write_pairs(folder / "train" / "part.gz", pairs, 6, [1.0] * 1000 + [0.0] * 500)
    write_pairs(folder / "eval" / "part.gz", [(text, text) for text in copies[1000:]], 6, [1.0] * 200)
    return [pairs_of(folder / split / "*", longest=6, split=split, weighted=True) for split in ("train", "eval")]


def train(splits, folder, objective, epochs):
    training = TrainingConfig(
        epochs=epochs,
        batch_tokens=256,
        optimizer=OptimizerConfig(learning_rate=0.01),
        objective=ObjectiveConfig(**objective),
        log_every_seconds=3600,
    )
    model = Seq2Seq(MODEL, VOCABULARY, VOCABULARY, training.seed)
    return model, fit(model, training, *splits, str(folder))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_learns_what_has_weight(splits, tmp_path, objective):
    _, result = train(splits, tmp_path, objective, epochs=6)
    assert result.history[-1].eval_token_accuracy > 0.9
    assert result.history[-1].eval_loss < result.history[0].eval_loss


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_it_repeats_itself_to_the_bit(splits, tmp_path, objective):
    (first, once), (second, again) = (train(splits, tmp_path / name, objective, epochs=1) for name in ("one", "two"))
    assert once.history[0].train_loss == again.history[0].train_loss
    for one, same in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, same)
