"""The learning rate as a function of the step.

References:
    Vaswani et al. 2017, "Attention Is All You Need", section 5.3: warm-up and inverse square root.
    Loshchilov and Hutter 2017, "SGDR: Stochastic Gradient Descent with Warm Restarts", equation 5: cosine.
"""

import dataclasses
import math

from trainer.config.schedule import ScheduleConfig

# Decays that must know the last step.
NEEDS_LAST_STEP = ("cosine", "linear")


@dataclasses.dataclass(frozen=True)
class Schedule:
    """The learning rate of each step.

    Attributes:
        config: The course.
        highest: The learning rate at the end of the warm-up.
        last_step: The training's last step; None where the decay does not ask for it.

    Raises:
        ValueError: Where the training ends before the warm-up does, and the decay should lie between the two.
    """

    config: ScheduleConfig
    highest: float
    last_step: int | None = None

    def __post_init__(self):
        if self.last_step is not None and self.config.warmup_steps >= self.last_step:
            raise ValueError(
                f"training.schedule.warmup_steps is {self.config.warmup_steps:,}: the whole training has"
                f" {self.last_step:,} steps, and decay {self.config.decay!r} comes after the warm-up"
            )

    def learning_rate(self, step: int, plateaus: int = 0) -> float:
        """The learning rate of a step.

        Args:
            step: Number of the step, from 1.
            plateaus: How often the metric has stayed on a plateau so far.
        """
        warmup = self.config.warmup_steps
        if step < warmup:
            return self.highest * step / warmup
        return self.highest * self._factor(step, plateaus)

    def _factor(self, step: int, plateaus: int) -> float:
        """Share of the highest learning rate after the warm-up."""
        end = self.config.end_factor or 0.0
        if self.config.decay == "inverse_square_root":
            return math.sqrt(self.config.warmup_steps / step)
        if self.config.decay == "plateau":
            return max(end, (self.config.plateau_factor or 0.5) ** plateaus)
        if self.last_step is None:
            return 1.0
        done = min(1.0, (step - self.config.warmup_steps) / (self.last_step - self.config.warmup_steps))
        left = (1 + math.cos(math.pi * done)) / 2 if self.config.decay == "cosine" else 1 - done
        return end + (1 - end) * left
