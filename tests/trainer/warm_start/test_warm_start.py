"""Training starts from an exported model: what belongs to a token follows it, whatever its id is now."""

import logging

import numpy as np
import pytest
import tensorflow as tf

from serving.contract import SPECIAL_TOKENS
from tests.trainer.toy_export import SOURCE_LETTERS, TARGET_LETTERS, build_model, export_toy
from tests.transform.vocabulary_files import write_vocabulary
from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.export.saved_model import export_model
from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.names import named_weights
from trainer.warm_start.record import read_origin
from trainer.warm_start.transfer import warm_start
from transform.config import TextConfig

SPECIAL = len(SPECIAL_TOKENS)
TOY = {"embedding_size": 6, "encoder_units": 5, "decoder_units": 6}
ARCHITECTURES = [
    {"cell": "lstm", "attention": "general", "encoder_layers": 2, "decoder_layers": 2},
    {"cell": "gru", "attention": "additive", "attention_place": "before", "attention_scaled": True},
    {"cell": "lstm", "attention": "multi_head", "attention_heads": 2, "attention_place": "input_feeding"},
    {"cell": "simple_rnn", "attention": "none", "embedding_dropout": 0.1},
    {"cell": "gru", "layer_normalization": True, "tie_target_embedding": True},
]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    return export_toy(tmp_path_factory.mktemp("exported") / "toy")


def start(folder, directory, source, target, **settings):
    """A new model for two strings of letters as vocabularies, started from the exported one."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {"source": write_vocabulary(folder / "s", source), "target": write_vocabulary(folder / "t", target)}
    model = Seq2Seq(ModelConfig(**{**TOY, **settings}), len(source) + SPECIAL, len(target) + SPECIAL, seed=7)
    warm_start(model, read_origin(directory), paths)
    return model


def ids_of(text, letters):
    return [letters.index(letter) + SPECIAL for letter in text]


def log_probs(model, source_letters, target_letters, text="bad hé", answer="wyx"):
    """Log-probabilities of all tokens in each step of teacher forcing, [steps, tokens]."""
    source, target = [*ids_of(text, source_letters), 3], [2, *ids_of(answer, target_letters)]
    inputs = {"source_ids": source, "source_length": len(source), "target_input_ids": target}
    batch = {name: tf.constant([value], tf.int64) for name, value in inputs.items()}
    return tf.nn.log_softmax(model(batch)[0]).numpy()


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=lambda settings: settings.get("attention", "tied"))
def test_an_unchanged_vocabulary_gives_the_same_model(tmp_path, architecture):
    directory = export_toy(tmp_path / "toy", seed=3, **architecture)
    model = start(tmp_path / "new", directory, SOURCE_LETTERS, TARGET_LETTERS, **architecture)
    for new, old in zip(model.trainable_variables, build_model(3, **architecture).trainable_variables, strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (SOURCE_LETTERS[::-1], "zyxwvu"),
        ("xyz" + SOURCE_LETTERS[::-1] + "12", "9zyx8wvu7"),
        ("hé dab", "yxw"),
        ("1é hbad2", "5wxy"),
    ],
    ids=["permuted", "grown", "shrunk", "grown and shrunk"],
)
def test_what_belongs_to_a_token_follows_it(tmp_path, exported, source, target):
    before = log_probs(build_model(), SOURCE_LETTERS, TARGET_LETTERS)
    after = log_probs(start(tmp_path, exported, source, target), source, target)
    common = [letter for letter in TARGET_LETTERS if letter in target]
    old, new = ([*range(SPECIAL), *ids_of(common, letters)] for letters in (TARGET_LETTERS, target))
    # Tokens that came and went share the probability; among the others it is as it was.
    before, after = (tf.nn.log_softmax(values).numpy() for values in (before[:, old], after[:, new]))
    np.testing.assert_allclose(after, before, atol=1e-5)


@pytest.mark.parametrize("tied", [False, True], ids=["an output layer of its own", "tied"])
def test_shared_embeddings_follow_a_shared_vocabulary(tmp_path, tied):
    old, new = "abcdef", "1fecba2"
    config = ModelConfig(**TOY, share_embeddings=True, tie_target_embedding=tied)
    models = [Seq2Seq(config, *[len(letters) + SPECIAL] * 2, seed) for seed, letters in enumerate((old, new))]
    rng = np.random.default_rng(1)
    for weight in models[0].trainable_variables:
        weight.assign(rng.normal(size=weight.shape))
    vocabularies = [write_vocabulary(tmp_path / letters, letters) for letters in (old, new)]
    text, directory = TextConfig(), str(tmp_path / "model")
    export_model(models[0], text, text, vocabularies[0], vocabularies[0], DecodingConfig(), directory)
    warm_start(models[1], read_origin(directory), {"source": vocabularies[1], "target": vocabularies[1]})

    before, after = (
        log_probs(model, letters, letters, "face", "bab")[:, [*range(SPECIAL), *ids_of("abcef", letters)]]
        for model, letters in zip(models, (old, new), strict=True)
    )
    np.testing.assert_allclose(*(tf.nn.log_softmax(values) for values in (after, before)), atol=1e-5)


def test_tokens_that_are_new_keep_their_first_weights(tmp_path, exported):
    source, target = "1" + SOURCE_LETTERS, TARGET_LETTERS + "2"
    model = start(tmp_path, exported, source, target)
    fresh = Seq2Seq(ModelConfig(**TOY), len(source) + SPECIAL, len(target) + SPECIAL, seed=7)
    [in_source], [in_target] = ids_of("1", source), ids_of("2", target)
    for weights in (
        lambda model: model.encoder.embedding.embeddings[in_source],
        lambda model: model.decoder.embedding.embeddings[in_target],
        lambda model: model.decoder.output_layer.kernel[:, in_target],
        lambda model: model.decoder.output_layer.bias[in_target],
    ):
        np.testing.assert_array_equal(weights(model), weights(fresh))


def test_it_is_told_how_many_tokens_are_known(tmp_path, exported, caplog):
    caplog.set_level(logging.INFO, logger="seq2seq.trainer")
    start(tmp_path, exported, SOURCE_LETTERS + "12", "uvw")
    assert caplog.messages == [
        f"starting from the weights in {exported}, which knows 14 of 16 source tokens, 7 of 7 target tokens"
    ]


def test_dropout_may_change(tmp_path, exported):
    start(tmp_path, exported, SOURCE_LETTERS, TARGET_LETTERS, dropout=0.3, variational_dropout=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"decoder_units": 8}, "model.decoder_units is 6 there and 8 here"),
        ({"residual": True}, "model.residual is False there and True here"),
        ({"attention": "none"}, r"model.attention is 'general' there and 'none' here"),
    ],
)
def test_another_architecture_is_refused_by_the_name_of_the_setting(tmp_path, exported, settings, message):
    with pytest.raises(ValueError, match=rf"^training\.warm_start: {exported} has another architecture: {message}$"):
        start(tmp_path, exported, SOURCE_LETTERS, TARGET_LETTERS, **settings)


def test_a_folder_without_a_model_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"training.warm_start: {tmp_path} holds no exported model"):
        read_origin(str(tmp_path))


def test_a_model_artifact_is_found_by_its_folder(tmp_path, exported):
    (tmp_path / "Format-Serving").symlink_to(exported)
    assert read_origin(str(tmp_path)).directory == str(tmp_path / "Format-Serving")


def test_names_do_not_depend_on_what_was_built_before():
    first, second = (list(named_weights(build_model(encoder_layers=2))) for _ in range(2))
    assert first == second
    assert len(first) == len(build_model(encoder_layers=2).trainable_variables)
    assert {"encoder/embedding/embeddings", "encoder/layers/1/backward/kernel", "decoder/output_layer/bias"} < {*first}
