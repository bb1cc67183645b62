"""Beam search written plainly, hypothesis by hypothesis and without an early end: what the graph must equal."""

import dataclasses

import numpy as np

from tests.trainer.decoding.random_models import UNITS

UNKNOWN, END = 1, 3


@dataclasses.dataclass
class Settings:
    """What a search is asked for; names as in DecodingConfig."""

    beam_size: int = 3
    n_best: int = 3
    shortest: int = 0
    longest: int = 6
    length_penalty: str = "none"
    alpha: float = 0.6
    coverage: float = 0.0
    no_repeat_ngram: int = 0
    suppress_unknown: bool = False
    prefix: tuple = ()


@dataclasses.dataclass
class Found:
    """A hypothesis."""

    tokens: list
    token_log_probs: list
    alignment: list
    units: np.ndarray

    @property
    def log_prob(self):
        return sum(self.token_log_probs)


def score(found, settings):
    """The score of an ended hypothesis."""
    length = len(found.tokens)
    penalty = {"none": 1, "average": length, "gnmt": ((5 + length) / 6) ** settings.alpha}[settings.length_penalty]
    coverage = np.log(np.clip(np.sum(found.alignment, axis=0), 1e-10, 1)).sum() if settings.coverage else 0.0
    return found.log_prob / penalty + settings.coverage * coverage


def allowed_tokens(tokens, settings, vocabulary_size):
    """The tokens that may follow `tokens`."""
    time = len(tokens)
    if time >= settings.longest:
        return {END}
    if time < len(settings.prefix):
        return {settings.prefix[time]}
    allowed = set(range(vocabulary_size)) - {0, 2}
    if settings.suppress_unknown:
        allowed.discard(UNKNOWN)
    if time < settings.shortest:
        allowed.discard(END)
    size = settings.no_repeat_ngram
    if size:
        seen = {tuple(tokens[start : start + size]) for start in range(time - size + 1)}
        allowed = {x for x in allowed if x == END or (*tokens[time - size + 1 :], x) not in seen or time < size - 1}
    return allowed or {END}


def reference_search(models, number, settings, vocabulary_size):
    """The n best of model `number`: a list of (score, Found), best first."""
    open_, ended = [Found([], [], [], np.zeros(UNITS, np.float32))], []
    for _ in range(settings.longest + 1):
        continued = []
        for found in open_:
            token = found.tokens[-1] if found.tokens else 2
            log_probs, units, alignment = models.step_of(number, token, found.units)
            continued += [
                Found([*found.tokens, x], [*found.token_log_probs, log_probs[x]], [*found.alignment, alignment], units)
                for x in allowed_tokens(found.tokens, settings, vocabulary_size)
            ]
        continued.sort(key=lambda found: -found.log_prob)
        best = continued[: settings.beam_size]
        ended += [found for found in best if found.tokens[-1] == END]
        open_ = [found for found in best if found.tokens[-1] != END]
    scored = sorted(((score(found, settings), found) for found in ended), key=lambda pair: -pair[0])
    return scored[: settings.n_best]
