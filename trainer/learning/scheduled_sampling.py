"""Scheduled sampling (Bengio et al. 2015): in training the decoder reads tokens of its own beside the true ones."""

from typing import NamedTuple

import tensorflow as tf

from trainer.config.objective import ScheduledSamplingConfig
from trainer.decoding.distribution import next_token_log_probs
from trainer.model.decoder import TeacherForced
from trainer.model.seq2seq import Seq2Seq


def true_token_probability(config: ScheduledSamplingConfig, steps: tf.Tensor) -> tf.Tensor:
    """How probable it is that the decoder reads a true token, float32 scalar, given the optimiser steps taken."""
    # Powers of a number just below 1 need more digits than single precision has.
    steps = tf.cast(steps, tf.float64)
    if config.decay == "constant":
        probability = tf.constant(config.probability, tf.float64)
    elif config.decay == "linear":
        probability = config.start - config.slope * steps
    elif config.decay == "exponential":
        probability = tf.pow(tf.constant(config.base, tf.float64), steps)
    else:
        probability = config.steepness / (config.steepness + tf.exp(steps / config.steepness))
    return tf.cast(tf.clip_by_value(probability, config.minimum, 1.0), tf.float32)


class SampledForcing(NamedTuple):
    """What reading a mixture gives.

    Attributes:
        forced: As teacher forcing gives it.
        tokens: Int64 [batch, target], the tokens that were read.
    """

    forced: TeacherForced
    tokens: tf.Tensor


class ScheduledSampling:
    """Reads batches as scheduled sampling does.

    Args:
        model: The model that is trained.
        config: Its decay is not none.
        seed: Seed of the choices, which follow from it, the optimiser steps taken, and the batch.
        steps: Int scalar, variable or not: optimiser steps taken.
    """

    def __init__(self, model: Seq2Seq, config: ScheduledSamplingConfig, seed: int, steps: tf.Variable | int):
        self._model = model
        self._config = config
        self._seed = seed
        self._steps = steps

    def __call__(self, batch: dict[str, tf.Tensor]) -> TeacherForced:
        """As `model.teacher_forcing(batch, training=True)`, but of a mixture of true and of drawn tokens."""
        steps = tf.convert_to_tensor(self._steps)
        target = batch["target_input_ids"]
        seed = tf.stack([tf.constant(self._seed, tf.int64), tf.cast(steps, tf.int64)])
        # Batches that make one step together differ in this.
        seed = tf.random.experimental.stateless_fold_in(seed, tf.reduce_sum(target))
        probability = true_token_probability(self._config, steps)
        return read_mixture(self._model, batch, probability, seed, self._config.choice).forced


def read_mixture(
    model: Seq2Seq, batch: dict[str, tf.Tensor], probability: tf.Tensor, seed: tf.Tensor, choice: str
) -> SampledForcing:
    """Reads each target from its start token on, each further token being the true one or one of the model's own.

    Dropout acts, drawn once for each sequence where it is to be; the choices have no gradient.

    Args:
        model: The model.
        batch: What Seq2Seq.call reads, and target_length int64 [batch].
        probability: Float scalar, how probable it is that a token is the true one.
        seed: Int64 [2], the choices follow from it.
        choice: sample: the model's own token is drawn from its distribution; argmax: it is the most probable one.
    """
    decoder, length = model.decoder, batch["source_length"]
    true = tf.transpose(batch["target_input_ids"])  # [target, batch]
    time, rows = tf.shape(true)[0], tf.shape(true)[1]
    memory, state = model.encode(batch["source_ids"], length, training=True)
    masks = decoder.masks(rows)

    mixture_seed, *_ = tf.unstack(tf.random.experimental.stateless_split(seed, 2))
    token_seeds = tf.random.experimental.stateless_split(tf.random.experimental.stateless_fold_in(seed, 1), time)
    drawn = tf.random.stateless_uniform([time, rows], mixture_seed) >= probability
    drawn &= tf.transpose(tf.sequence_mask(batch["target_length"], time))
    # What is read after a step; nothing is read after the last one.
    true_next = tf.concat([true[1:], tf.zeros_like(true[:1])], axis=0)
    drawn_next = tf.concat([drawn[1:], tf.zeros_like(drawn[:1])], axis=0)

    def read(index, token, state, read_outs, alignments, tokens):
        step = decoder.read_step(token, state, memory, length, masks)
        drawing = tf.where(drawn_next[index])  # Logits are computed for these rows alone.
        logits = decoder.logits(tf.stop_gradient(tf.gather_nd(step.read_out, drawing)))
        own = _choose(next_token_log_probs(logits), token_seeds[index], choice)
        following = tf.tensor_scatter_nd_update(true_next[index], drawing, own)
        return (
            index + 1,
            following,
            step.state,
            read_outs.write(index, step.read_out),
            alignments.write(index, step.alignment),
            tokens.write(index, token),
        )

    written = [tf.TensorArray(dtype, time) for dtype in (state.dtype, state.dtype, tf.int64)]
    _, _, _, *written = tf.while_loop(
        lambda index, *_: index < time,
        read,
        (tf.constant(0), true[0], state, *written),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([None]),
            tf.TensorShape([None, decoder.state_size]),
            *[tf.TensorShape(None)] * 3,
        ),
    )
    read_outs, alignments, tokens = (array.stack() for array in written)
    return SampledForcing(
        TeacherForced(tf.transpose(read_outs, [1, 0, 2]), tf.transpose(alignments, [1, 0, 2])), tf.transpose(tokens)
    )


def _choose(log_probs: tf.Tensor, seed: tf.Tensor, choice: str) -> tf.Tensor:
    """A token for each row, int64 [rows], by log-probabilities [rows, vocabulary]."""
    if choice == "argmax":
        return tf.argmax(log_probs, axis=-1)
    return tf.random.stateless_categorical(log_probs, 1, seed)[:, 0]
