"""Sums over the batches of an epoch."""

import dataclasses

from trainer.learning.loss import TokenTotals


@dataclasses.dataclass
class Sums:
    """Sums over batches.

    Attributes:
        loss: Cross entropy of the target's tokens, in nats.
        correct: Tokens to which the model gave the highest probability.
        tokens: Target tokens.
        seconds: Time that the batches took, the waiting included.
        waiting: Time in which there was no batch yet, in seconds.
    """

    loss: float = 0.0
    correct: float = 0.0
    tokens: float = 0.0
    seconds: float = 0.0
    waiting: float = 0.0

    def add(self, totals: TokenTotals, seconds: float = 0.0, waiting: float = 0.0) -> None:
        """Adds a batch, or several that made one step."""
        loss, correct, tokens = (float(total) for total in totals)
        self.loss += loss
        self.correct += correct
        self.tokens += tokens
        self.seconds += seconds
        self.waiting += waiting

    def since(self, earlier: "Sums") -> "Sums":
        """What was added after these sums were `earlier`."""
        now, then = dataclasses.astuple(self), dataclasses.astuple(earlier)
        return Sums(*(value - before for value, before in zip(now, then, strict=True)))

    @property
    def mean_loss(self) -> float:
        """Cross entropy per token."""
        return self.loss / self.tokens

    @property
    def accuracy(self) -> float:
        """Share of the tokens that were predicted."""
        return self.correct / self.tokens
