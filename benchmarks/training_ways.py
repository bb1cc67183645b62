"""Ways of training the same architecture with Keras: the product's model, and the plain functional one.

Each takes batches of token ids, and gives a function that takes a training step on each of them.
"""

from collections.abc import Callable, Iterator
from typing import Any

import keras
import tensorflow as tf

from benchmarks.token_batches import Batch, Shape
from trainer.config.model import ModelConfig
from trainer.config.objective import ObjectiveConfig
from trainer.config.optimizer import OptimizerConfig
from trainer.data.batches import BATCH_SIGNATURE
from trainer.learning.learner import PRODUCTS
from trainer.learning.objective import Objective
from trainer.learning.optimizer import create_optimizer
from trainer.learning.steps import training_step
from trainer.model.seq2seq import Seq2Seq

Train = Callable[[], None]


def product(batches: list[Batch], shape: Shape) -> Train:
    """The product's model and training step."""
    config = ModelConfig(
        cell="lstm",
        attention="general",
        embedding_size=shape.embedding,
        encoder_units=shape.encoder_units,
        decoder_units=shape.decoder_units,
    )
    model = Seq2Seq(config, shape.source_vocabulary, shape.target_vocabulary)
    settings = OptimizerConfig(learning_rate=shape.learning_rate, clip_norm=shape.clip_norm)
    optimizer = create_optimizer(settings, model.trainable_variables, shape.precision)
    products = PRODUCTS[shape.precision]
    objective = Objective(model, ObjectiveConfig(), seed=1, steps=optimizer.iterations, products=products)
    step = training_step(model, optimizer, objective)
    dataset = _dataset(lambda: iter(batches), BATCH_SIGNATURE)

    def train() -> None:
        for batch in dataset:
            float(step(batch).loss)  # the training loop looks at it too

    return train


def plain_model(shape: Shape) -> keras.Model:
    """The functional model of Keras' own layers, as tutorials build it: logits of source and target input ids."""
    source = keras.Input((None,), dtype="int64")
    target = keras.Input((None,), dtype="int64")
    embedded = keras.layers.Embedding(shape.source_vocabulary, shape.embedding, mask_zero=True)(source)
    encoder = keras.layers.LSTM(shape.encoder_units, return_sequences=True, return_state=True)
    memory, *states = keras.layers.Bidirectional(encoder)(embedded)
    state = keras.layers.Concatenate()(states)
    initial = [keras.layers.Dense(shape.decoder_units, activation)(state) for activation in ("tanh", None)]
    embedded = keras.layers.Embedding(shape.target_vocabulary, shape.embedding, mask_zero=True)(target)
    outputs = keras.layers.LSTM(shape.decoder_units, return_sequences=True)(embedded, initial_state=initial)
    query = keras.layers.Dense(2 * shape.encoder_units, use_bias=False)(outputs)
    context = keras.layers.Attention()([query, memory])
    combined = keras.layers.Concatenate()([context, outputs])
    combined = keras.layers.Dense(shape.decoder_units, "tanh")(combined)
    model = keras.Model([source, target], keras.layers.Dense(shape.target_vocabulary)(combined))
    model.compile(
        keras.optimizers.Adam(shape.learning_rate, global_clipnorm=shape.clip_norm),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return model


def plain_keras(batches: list[Batch], shape: Shape) -> Train:
    """The functional model of Keras' own layers, trained by `fit`."""
    model = plain_model(shape)

    def examples() -> Iterator:
        for batch in batches:
            yield (batch["source_ids"], batch["target_input_ids"]), batch["target_output_ids"]

    ids = tf.TensorSpec([None, None], tf.int64)
    dataset = _dataset(examples, ((ids, ids), ids))
    return lambda: model.fit(dataset, verbose=0)


def _dataset(elements: Callable[[], Iterator], signature: Any) -> tf.data.Dataset:
    options = tf.data.Options()
    # The tuner's thread ends when its pause is over, which adds up to a second to a turn.
    options.autotune.enabled = False
    return tf.data.Dataset.from_generator(elements, output_signature=signature).prefetch(4).with_options(options)
