"""Lexically constrained decoding: texts that hold given phrases.

Post & Vilar 2018, "Fast Lexically Constrained Decoding with Dynamic Beam Allocation for Neural Machine Translation":
the beam is shared out among hypotheses that have met none, one, two, ... of the phrases' tokens.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from serving.contract import END_ID
from serving.step.choice import Beam

Phrases = Sequence[Sequence[int]]


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a hypothesis is with its phrases."""

    missing: tuple[tuple[int, ...], ...]  # the phrases that it does not hold yet
    begun: int  # tokens of the first missing phrase that it ends with

    @property
    def tokens_to_come(self) -> int:
        """Tokens that are still needed."""
        return sum(map(len, self.missing)) - self.begun

    def next_tokens(self) -> set[int]:
        """Tokens that bring it forward."""
        if self.begun:
            return {self.missing[0][self.begun]}
        return {phrase[0] for phrase in self.missing}


def progress(history: Sequence[int], phrases: Phrases) -> Progress:
    """What a hypothesis has met of its phrases, each in its own place of the text; phrases do not overlap."""
    missing, begun = [tuple(phrase) for phrase in phrases if phrase], 0
    for token in history:
        if begun and missing[0][begun] == token:
            begun += 1
        else:
            # A phrase that was broken off may start again with this token.
            begun = 0
            started = next((index for index, phrase in enumerate(missing) if phrase[0] == token), None)
            if started is not None:
                missing.insert(0, missing.pop(started))
                begun = 1
        if begun and begun == len(missing[0]):
            missing.pop(0)
            begun = 0
    return Progress(tuple(missing), begun)


class PhraseBeam:
    """A beam whose texts end only when they hold their phrases."""

    competing = True
    needs_all_tokens = True

    def __init__(self, width: int, phrases: Sequence[Phrases], longest: np.ndarray):
        """Makes the choice.

        Args:
          width: hypotheses of a row.
          phrases: of each row, as ids.
          longest: int64 [B], most tokens of a text, the end token not counted.

        Raises:
          ValueError: the phrases of a row are longer than its text may be.
        """
        for row, (ids, limit) in enumerate(zip(phrases, longest, strict=True)):
            if sum(map(len, ids)) > limit:
                raise ValueError(f"the phrases of text {row} have {sum(map(len, ids))} tokens: {limit} are the most")
        self.width = width
        self._phrases = phrases
        self._longest = longest
        self._beam = Beam(width)

    def open_at_start(self) -> list[bool]:
        """One empty hypothesis."""
        return self._beam.open_at_start()

    def choose(self, time, log_prob, token_log_probs, history, tokens):
        """See Choice."""
        parent, place, is_open = self._beam.choose(time, log_prob, token_log_probs, history, tokens)
        parent, place, is_open = parent.copy(), place.copy(), is_open.copy()
        for row, phrases in enumerate(self._phrases):
            if phrases and (log_prob[row] > -np.inf).any():
                chosen = self._choose_row(time, row, log_prob[row], token_log_probs[row], history[row], tokens[row])
                is_open[row] = False
                for index, (its_parent, its_place) in enumerate(chosen):
                    parent[row, index], place[row, index], is_open[row, index] = its_parent, its_place, True
        return parent, place, is_open

    def _choose_row(
        self,
        time: int,
        row: int,
        log_prob: np.ndarray,
        token_log_probs: np.ndarray,
        history: np.ndarray,
        tokens: np.ndarray,
    ) -> list[tuple[int, int]]:
        """Pairs of hypothesis and place of its token: from each bank in turn the best that is left."""
        banks: dict[int, list[tuple[float, int, int]]] = {}
        for parent in np.flatnonzero(log_prob > -np.inf):
            before = progress(history[parent].tolist(), self._phrases[row])
            # Nothing but what is missing fits in any more.
            must_go_on = time + before.tokens_to_come >= self._longest[row]
            forward = before.next_tokens()
            common = np.argsort(-token_log_probs[parent], kind="stable")[: self.width + 1].tolist()
            needed = np.flatnonzero(np.isin(tokens[parent], list(forward))).tolist()
            for place in dict.fromkeys([*common, *needed]):
                token = int(tokens[parent, place])
                possible = token_log_probs[parent, place] > -np.inf
                if not possible or (before.missing and (token == END_ID or (must_go_on and token not in forward))):
                    continue
                after = progress([*history[parent].tolist(), token], self._phrases[row])
                total = float(log_prob[parent] + token_log_probs[parent, place])
                banks.setdefault(after.tokens_to_come, []).append((-total, int(parent), place))
        ordered = [sorted(banks[number]) for number in sorted(banks)]
        chosen = []
        while len(chosen) < self.width and any(ordered):
            for bank in ordered:
                if bank and len(chosen) < self.width:
                    _, parent, place = bank.pop(0)
                    chosen.append((parent, place))
        return chosen
