"""The search for the best texts: hypotheses are continued token by token, and the best of those that end are kept.

A hypothesis that ends leaves the search, and its place is free for another one. A row is done when it has no open
hypothesis left, or none that can still come among the n best. With one hypothesis this is greedy search.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from serving.contract import END_ID
from trainer.decoding.choice import Choice
from trainer.decoding.constraints import Constraints
from trainer.decoding.distribution import next_token_log_probs
from trainer.decoding.hypotheses import NO_HYPOTHESIS, Hypotheses
from trainer.decoding.penalties import Penalties
from trainer.decoding.trail import Trail, trace_back
from trainer.model.decoder import StepOutput

Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], StepOutput]


class Source(NamedTuple):
    """What the steps read of each row.

    Attributes:
        start: Int64 [batch], the token that the first step reads.
        state: Float [batch, state_size], before the first step.
        memory: Float [batch, source, memory_width].
        length: Int64 [batch].
    """

    start: tf.Tensor
    state: tf.Tensor
    memory: tf.Tensor
    length: tf.Tensor


class _Ended(NamedTuple):
    """The n best hypotheses so far that have ended, best first: [batch, n] each; `time` is -1 where there is none."""

    score: tf.Tensor
    log_prob: tf.Tensor
    time: tf.Tensor
    place: tf.Tensor


class _Open(NamedTuple):
    """The hypotheses that are continued; those whose log-probability is minus infinity are none.

    Attributes:
        token: Int64 [batch * width], the last token.
        state: Float [batch * width, state_size].
        log_prob: Float [batch, width].
        history: Int64 [batch, width, time], all tokens.
        attended: Float [batch, width, source], attention that each source position received in all.
    """

    token: tf.Tensor
    state: tf.Tensor
    log_prob: tf.Tensor
    history: tf.Tensor
    attended: tf.Tensor


def search(
    step: Step, source: Source, choice: Choice, constraints: Constraints, penalties: Penalties, n_best: int
) -> Hypotheses:
    """The `n_best` hypotheses of each row with the highest scores, among those that the choice comes upon.

    Args:
        step: The decoder's step.
        source: What it reads.
        choice: How hypotheses are continued.
        constraints: Which tokens may come next.
        penalties: How ended hypotheses are compared.
        n_best: How many to give, `choice.width` at most.
    """
    width = choice.width
    batch = tf.shape(source.start)[0]
    memory = tf.repeat(source.memory, width, axis=0)
    length = tf.repeat(source.length, width)
    present = tf.sequence_mask(source.length, tf.shape(memory)[1])[:, tf.newaxis]
    longest = constraints.limits.longest[:, tf.newaxis]

    def advance(time, hypotheses, ended, trail):
        output = step(hypotheses.token, hypotheses.state, memory, length)
        token_log_probs = _by_row(next_token_log_probs(output.logits), width)
        allowed = constraints.allowed(time, hypotheses.history, token_log_probs.shape[-1])
        chosen = choice.choose(time, hypotheses.log_prob, token_log_probs, allowed)

        parent = chosen.parent
        token_log_prob = tf.gather(tf.gather(token_log_probs, parent, batch_dims=1), chosen.token, batch_dims=2)
        log_prob = tf.gather(hypotheses.log_prob, parent, batch_dims=1) + token_log_prob
        alignment = tf.gather(_by_row(output.alignment, width), parent, batch_dims=1)
        attended = tf.gather(hypotheses.attended, parent, batch_dims=1) + alignment
        history = tf.gather(hypotheses.history, parent, batch_dims=1)

        has_ended = chosen.is_open & (chosen.token == END_ID)
        score = tf.where(has_ended, penalties.score(log_prob, time + 1, attended, present), float("-inf"))
        ended = _best_of(ended, _Ended(score, log_prob, tf.fill(tf.shape(score), time), _places(score)), n_best)
        goes_on = chosen.is_open & ~has_ended
        if choice.competing:
            goes_on &= penalties.bound(log_prob, longest + 1) > ended.score[:, n_best - 1 :]
            # One that cannot come among the best any more is not continued; the row is done when that is so for all.
        hypotheses = _Open(
            token=tf.reshape(chosen.token, [-1]),
            state=tf.gather(output.state, tf.reshape(parent + tf.range(batch)[:, tf.newaxis] * width, [-1])),
            log_prob=tf.where(goes_on, log_prob, float("-inf")),
            history=tf.concat([history, chosen.token[:, :, tf.newaxis]], axis=2),
            attended=attended,
        )
        return time + 1, hypotheses, ended, trail.write(time, chosen.token, parent, token_log_prob, alignment)

    is_open = tf.tile(tf.constant([choice.open_at_start()]), [batch, 1])
    hypotheses = _Open(
        token=tf.repeat(source.start, width),
        state=tf.repeat(source.state, width, axis=0),
        log_prob=tf.where(is_open, 0.0, float("-inf")),
        history=tf.zeros([batch, width, 0], tf.int64),
        attended=tf.zeros([batch, width, tf.shape(memory)[1]]),
    )
    no_score = tf.fill([batch, n_best], float("-inf"))
    nowhere = tf.zeros([batch, n_best], tf.int32)
    ended = _Ended(no_score, no_score, tf.fill([batch, n_best], tf.constant(-1, tf.int64)), nowhere)
    loop = (tf.constant(0, tf.int64), hypotheses, ended, Trail.begin(width, memory.shape[1]))
    _, _, ended, trail = tf.while_loop(
        # The first step is taken whatever the batch, so that an empty one has results of the right rank.
        lambda time, hypotheses, *_: (time == 0) | tf.reduce_any(hypotheses.log_prob > float("-inf")),
        advance,
        loop,
        shape_invariants=(
            tf.TensorShape([]),
            _Open(
                token=tf.TensorShape([None]),
                state=tf.TensorShape([None, source.state.shape[-1]]),
                log_prob=tf.TensorShape([None, width]),
                history=tf.TensorShape([None, width, None]),
                attended=tf.TensorShape([None, width, None]),
            ),
            _Ended(*[tf.TensorShape([None, n_best])] * 4),
            Trail(*[tf.TensorShape(None)] * 4),
        ),
    )
    traced = trace_back(trail, ended.time, ended.place)
    found = ended.time >= 0
    return Hypotheses(
        ids=traced.ids,
        scores=tf.where(found, ended.score, NO_HYPOTHESIS),
        log_probs=tf.where(found, ended.log_prob, NO_HYPOTHESIS),
        token_log_probs=traced.token_log_probs,
        alignment=traced.alignment,
    )


def _by_row(values: tf.Tensor, width: int) -> tf.Tensor:
    """[batch * width, n] as [batch, width, n]."""
    shape = tf.shape(values)
    return tf.ensure_shape(tf.reshape(values, [shape[0] // width, width, shape[1]]), [None, width, values.shape[1]])


def _places(values: tf.Tensor) -> tf.Tensor:
    """The number of each column of [batch, width], int32 [batch, width]."""
    return tf.zeros_like(values, tf.int32) + tf.range(tf.shape(values)[1])


def _best_of(before: _Ended, new: _Ended, n_best: int) -> _Ended:
    """The n best of both; of equal scores, those that ended earlier, and those with the higher log-probability."""
    both = _Ended(*(tf.concat(pair, axis=1) for pair in zip(before, new, strict=True)))
    best = tf.math.top_k(both.score, n_best).indices
    return _Ended(*(tf.gather(values, best, batch_dims=1) for values in both))
