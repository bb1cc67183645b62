"""The search for the best texts on the client's side, step by step the same as the graph's."""

import dataclasses
from collections.abc import Callable, Iterator

import numpy as np

from serving import contract
from serving.step.choice import Choice
from serving.step.constraints import Constraints
from serving.step.model import Encoded, Source, StepModel
from serving.step.penalties import bound, score
from serving.step.settings import DecodingSettings


@dataclasses.dataclass(frozen=True)
class StepView:
    """What a hook sees of a step: H hypotheses, V tokens."""

    time: int  # tokens that each has written
    rows: np.ndarray  # int [H], which text of the batch each belongs to
    history: np.ndarray  # int64 [H, time], the ids of those tokens
    log_probs: np.ndarray  # float32 [H, V], of the next token


# Gives the log-probabilities that count in place of the model's, float [H, V]; minus infinity forbids a token.
Hook = Callable[[StepView], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Ended:
    """A hypothesis that has come to its end."""

    ids: tuple[int, ...]  # T, the end token included
    token_log_probs: tuple[float, ...]  # T
    log_prob: float
    score: float
    alignment: np.ndarray | None  # float32 [T, S]


@dataclasses.dataclass
class _Open:
    """The hypotheses that are continued: B rows, W of each."""

    log_prob: np.ndarray  # float32 [B, W]; minus infinity where there is none
    token: np.ndarray  # int64 [B, W]
    state: np.ndarray  # float32 [B, W, U]
    history: np.ndarray  # int64 [B, W, time]
    token_log_probs: np.ndarray  # float32 [B, W, time]
    alignment: np.ndarray | None  # float32 [B, W, time, S]


class Search:
    """One batch of texts on its way; `advance` takes one step of all that are not done."""

    def __init__(
        self,
        model: StepModel,
        encoded: Encoded,
        choice: Choice,
        constraints: Constraints,
        settings: DecodingSettings,
        n_best: int,
        with_alignment: bool = False,
        hook: Hook | None = None,
    ):
        self._model = model
        self._source = Source(encoded)
        self._source_length = encoded.source_length
        self.source_tokens = [
            tuple(token.decode("utf-8", "replace") for token in row[:length])
            for row, length in zip(encoded.source_tokens, encoded.source_length, strict=True)
        ]
        self._choice = choice
        self._constraints = constraints
        self._settings = settings
        self._n_best = n_best
        self._hook = hook
        self._top_is_enough = not choice.needs_all_tokens and hook is None
        batch, width = len(encoded.token), choice.width
        source = encoded.memory.shape[1]
        with_alignment = with_alignment or bool(settings.coverage_penalty)
        self._open = _Open(
            log_prob=np.tile(np.where(choice.open_at_start(), 0, -np.inf).astype(np.float32), (batch, 1)),
            token=np.repeat(encoded.token[:, None], width, axis=1),
            state=np.repeat(encoded.state[:, None], width, axis=1),
            history=np.zeros((batch, width, 0), np.int64),
            token_log_probs=np.zeros((batch, width, 0), np.float32),
            alignment=np.zeros((batch, width, 0, source), np.float32) if with_alignment else None,
        )
        self.time = 0
        self.ended: list[list[Ended]] = [[] for _ in range(batch)]  # n best of each row, best first

    @property
    def is_open(self) -> np.ndarray:
        """The rows that are not done, bool [B]."""
        return (self._open.log_prob > -np.inf).any(axis=1)

    def paths(self, row: int) -> Iterator[tuple[int, ...]]:
        """What may still become the best text of a row: the best that has ended, and all that are open."""
        if self.ended[row]:
            yield self.ended[row][0].ids
        for place in np.flatnonzero(self._open.log_prob[row] > -np.inf):
            yield tuple(self._open.history[row, place].tolist())

    def advance(self) -> None:
        """Takes one step: one call of `decode_step` for all open hypotheses, and for no others.

        Raises:
          ClientError: the call failed.
        """
        rows, places = np.nonzero(self._open.log_prob > -np.inf)
        values, tokens, log_probs = self._next_tokens(rows, places)
        allowed = self._constraints.allowed(self.time, rows, self._open.history[rows, places], tokens)
        model_log_probs = log_probs
        if self._hook is not None:
            view = StepView(self.time, rows, self._open.history[rows, places], log_probs)
            log_probs = np.asarray(self._hook(view), np.float32)
        log_probs = np.where(allowed, log_probs, -np.inf)
        nothing_left = ~(log_probs > -np.inf).any(axis=1)
        log_probs = np.where(nothing_left[:, None] & (tokens == contract.END_ID), model_log_probs, log_probs)

        dense_tokens = self._scattered(rows, places, np.broadcast_to(tokens, log_probs.shape), 0)
        dense_log_probs = self._scattered(rows, places, log_probs, -np.inf)
        parent, place, is_open = self._choice.choose(
            self.time, self._open.log_prob, dense_log_probs, self._open.history, dense_tokens
        )
        self._take(
            rows,
            places,
            values,
            parent,
            is_open,
            _picked(dense_tokens, parent, place),
            _picked(dense_log_probs, parent, place),
        )

    def _next_tokens(
        self, rows: np.ndarray, places: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Outputs of the step; tokens that may come next, int64 [H or 1, C]; and their log-probabilities, [H, C]."""
        outputs = [contract.ALIGNMENT] if self._open.alignment is not None else []
        token, state = self._open.token[rows, places], self._open.state[rows, places]
        source = self._source.inputs(rows)
        if self._top_is_enough and not self._constraints.needs_all_tokens(self.time, rows):
            # The whole distribution is as wide as the vocabulary: it crosses the wire only where it is needed.
            values = self._model.step(source, token, state, [*outputs, contract.TOP_TOKENS, contract.TOP_LOG_PROBS])
            tokens = values[contract.TOP_TOKENS]
            if tokens.shape[1] >= self._choice.width + self._constraints.most_forbidden(self.time, rows):
                return values, tokens, values[contract.TOP_LOG_PROBS]
            self._top_is_enough = False
        values = self._model.step(source, token, state, [*outputs, contract.LOG_PROBS])
        log_probs = values[contract.LOG_PROBS]
        return values, np.arange(log_probs.shape[1])[None], log_probs

    def _take(
        self,
        rows: np.ndarray,
        places: np.ndarray,
        values: dict[str, np.ndarray],
        parent: np.ndarray,
        is_open: np.ndarray,
        token: np.ndarray,
        token_log_prob: np.ndarray,
    ) -> None:
        """Puts the continuations in the place of the hypotheses, those that have ended among the n best."""
        before = self._open
        self.time += 1
        state = self._scattered(rows, places, values[contract.STATE], 0)
        alignment = None
        if before.alignment is not None:
            step = self._scattered(rows, places, values[contract.ALIGNMENT], 0)
            alignment = np.concatenate([_of(before.alignment, parent), _of(step, parent)[:, :, None]], axis=2)
        after = _Open(
            log_prob=np.where(is_open, _of(before.log_prob, parent) + token_log_prob, np.float32(-np.inf)),
            token=token,
            state=_of(state, parent),
            history=np.concatenate([_of(before.history, parent), token[:, :, None]], axis=2),
            token_log_probs=np.concatenate([_of(before.token_log_probs, parent), token_log_prob[:, :, None]], axis=2),
            alignment=alignment,
        )
        has_ended = is_open & (token == contract.END_ID)
        for row in np.flatnonzero(has_ended.any(axis=1)):
            self._end(int(row), np.flatnonzero(has_ended[row]), after)
        after.log_prob = np.where(has_ended, np.float32(-np.inf), after.log_prob)
        if self._choice.competing:
            longest = (self._constraints.longest + 1)[:, None]
            worst = [ended[-1].score if len(ended) == self._n_best else -np.inf for ended in self.ended]
            with np.errstate(invalid="ignore"):
                can_win = bound(after.log_prob, longest, self._settings) > np.array(worst, np.float32)[:, None]
            after.log_prob = np.where(can_win, after.log_prob, np.float32(-np.inf))
        self._open = after

    def _end(self, row: int, places: np.ndarray, after: _Open) -> None:
        source = int(self._source_length[row])
        attended = None
        if after.alignment is not None:
            attended = after.alignment[row, places].sum(axis=1)[:, :source]
        scores = score(after.log_prob[row, places], self.time, attended, self._settings)
        new = [
            Ended(
                ids=tuple(after.history[row, place].tolist()),
                token_log_probs=tuple(after.token_log_probs[row, place].tolist()),
                log_prob=float(after.log_prob[row, place]),
                score=float(its_score),
                alignment=None if after.alignment is None else after.alignment[row, place, :, :source],
            )
            for place, its_score in zip(places, scores, strict=True)
        ]
        # Sorting is stable: of equal scores, those that ended earlier stay in front.
        self.ended[row] = sorted([*self.ended[row], *new], key=lambda one: -one.score)[: self._n_best]

    def _scattered(self, rows: np.ndarray, places: np.ndarray, values: np.ndarray, otherwise: float) -> np.ndarray:
        """Values of open hypotheses, [H, ...], as those of all, [B, W, ...]."""
        dense = np.full((*self._open.log_prob.shape, *values.shape[1:]), otherwise, values.dtype)
        dense[rows, places] = values
        return dense


def _of(values: np.ndarray, parent: np.ndarray) -> np.ndarray:
    """Values of the hypotheses that are continued: [B, W, ...] by int [B, W]."""
    return values[np.arange(len(parent))[:, None], parent]


def _picked(values: np.ndarray, parent: np.ndarray, place: np.ndarray) -> np.ndarray:
    return values[np.arange(len(parent))[:, None], parent, place]
