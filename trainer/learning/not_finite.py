"""What is said of a loss that is no finite number."""

import math

from trainer.config.training import TrainingConfig


def check_loss(kind: str, loss: float, where: str, training: TrainingConfig) -> None:
    """Lets a finite loss pass.

    Args:
        kind: training or eval.
        loss: The loss.
        where: Where it was found.
        training: The settings that may be at fault.

    Raises:
        FloatingPointError: Where it is not finite.
    """
    if not math.isfinite(loss):
        clip_norm = training.optimizer.clip_norm
        raise FloatingPointError(
            f"{where}: the {kind} loss is {loss}; lower training.optimizer.learning_rate"
            f" ({training.optimizer.learning_rate:g}) or training.optimizer.clip_norm"
            f" ({'none' if clip_norm is None else f'{clip_norm:g}'})"
        )
