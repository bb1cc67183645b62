"""Which tokens may come next, as the graph decides it. The log-probabilities of those that may stay as they are."""

import dataclasses

import numpy as np

from serving.contract import END_ID, PAD_ID, START_ID, UNKNOWN_ID


@dataclasses.dataclass(frozen=True)
class Constraints:
    """What restricts the next token, by order of precedence.

    1. After the longest length, only the end token.
    2. Within the prefix, only its next token.
    3. Never padding or the start token, nor the unknown token where it is suppressed, nor the end token before the
       shortest length, nor a token that completes an n-gram which the hypothesis has already. Where nothing is left,
       the end token.
    """

    shortest: np.ndarray  # int64 [B]
    longest: np.ndarray  # int64 [B]
    prefixes: tuple[tuple[int, ...], ...]  # ids by row
    suppress_unknown: bool
    no_repeat_ngram: int

    def needs_all_tokens(self, time: int, rows: np.ndarray) -> bool:
        """Whether the most probable tokens alone cannot tell what may come next in one of these rows."""
        within = any(time < len(self.prefixes[row]) for row in set(rows.tolist()))
        return within or bool(self.no_repeat_ngram) or bool((self.longest[rows] <= time).any())

    def most_forbidden(self, time: int, rows: np.ndarray) -> int:
        """How many of the most probable tokens may be forbidden, where not all are needed."""
        return int(self.suppress_unknown) + int((self.shortest[rows] > time).any())

    def allowed(self, time: int, rows: np.ndarray, history: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The tokens that may come next, bool [H, C].

        Args:
          time: tokens that every hypothesis has written.
          rows: int [H], the row of each hypothesis.
          history: int64 [H, time], what each has written.
          tokens: int64 [H or 1, C], those in question.
        """
        never = [PAD_ID, START_ID, END_ID, *([UNKNOWN_ID] if self.suppress_unknown else [])]
        is_end = tokens == END_ID
        may_end = (time >= self.shortest[rows])[:, None]
        allowed = ~np.isin(tokens, never) | (is_end & may_end)
        if self.no_repeat_ngram:
            allowed &= ~self._repeats(history, tokens) | is_end
            allowed |= is_end & ~allowed.any(axis=1, keepdims=True)
        for place, row in enumerate(rows):
            if time < len(self.prefixes[row]):
                allowed[place] = tokens[place if len(tokens) > 1 else 0] == self.prefixes[row][time]
        return np.where((time >= self.longest[rows])[:, None], is_end, allowed)

    def _repeats(self, history: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        """The tokens that would complete an n-gram for the second time, bool [H, C]."""
        size = self.no_repeat_ngram
        repeats = np.zeros((len(history), tokens.shape[1]), bool)
        if history.shape[1] < size:
            return repeats
        windows = np.lib.stride_tricks.sliding_window_view(history, size, axis=1)
        last = history[:, history.shape[1] - size + 1 :]
        same = (windows[:, :, :-1] == last[:, None]).all(axis=2)
        for place in range(len(history)):
            completing = windows[place, same[place], -1]
            repeats[place] = np.isin(tokens[place if len(tokens) > 1 else 0], completing)
        return repeats
