"""The learning rate of each step, worked out by hand."""

import pydantic
import pytest

from trainer.config.schedule import ScheduleConfig
from trainer.learning.patience import count_plateaus, epochs_without_gain
from trainer.learning.schedule import Schedule


def rates(steps, last_step=None, plateaus=0, highest=0.8, **settings):
    schedule = Schedule(ScheduleConfig(**settings), highest, last_step)
    return [schedule.learning_rate(step, plateaus) for step in steps]


def test_constant():
    assert rates([1, 1_000_000]) == [0.8, 0.8]


def test_warm_up_rises_in_equal_parts():
    assert rates([1, 2, 3, 4, 5, 99], warmup_steps=4) == pytest.approx([0.2, 0.4, 0.6, 0.8, 0.8, 0.8])


def test_inverse_square_root_is_that_of_vaswani_et_al():
    steps = [1, 50, 100, 400, 10_000]
    # d ** -0.5 * min(step ** -0.5, step * warmup ** -1.5), with the d that makes its highest value 0.8.
    golden = [8.0 * min(step**-0.5, step * 100**-1.5) for step in steps]
    assert golden == pytest.approx([0.008, 0.4, 0.8, 0.4, 0.08])
    assert rates(steps, decay="inverse_square_root", warmup_steps=100) == pytest.approx(golden)


def test_cosine():
    # A quarter, a third, a half and all of the way from step 10 to step 70.
    steps = [10, 25, 30, 40, 70, 71]
    golden = [0.8, 0.8 * (1 + 0.5**0.5) / 2, 0.6, 0.4, 0.0, 0.0]
    assert rates(steps, last_step=70, decay="cosine", warmup_steps=10) == pytest.approx(golden)
    golden = [0.8, 0.2 + 0.6 * (1 + 0.5**0.5) / 2, 0.65, 0.5, 0.2, 0.2]
    assert rates(steps, last_step=70, decay="cosine", warmup_steps=10, end_factor=0.25) == pytest.approx(golden)


def test_linear():
    assert rates([1, 2, 3, 4, 5], last_step=4, decay="linear") == pytest.approx([0.6, 0.4, 0.2, 0.0, 0.0])
    assert rates([2, 4], last_step=4, decay="linear", end_factor=0.5) == pytest.approx([0.6, 0.4])


def test_plateau():
    assert rates([9], decay="plateau", plateaus=3) == pytest.approx([0.1])
    assert rates([9], decay="plateau", plateaus=2, plateau_factor=0.25) == pytest.approx([0.05])
    assert rates([9], decay="plateau", plateaus=3, end_factor=0.5) == pytest.approx([0.4])
    assert rates([1, 2], decay="plateau", plateaus=1, warmup_steps=2) == pytest.approx([0.4, 0.4])


def test_plateaus_are_counted():
    assert [count_plateaus([5.0, 4.0, 4.0, 4.5, 3.0, 3.0][:length], 1) for length in range(7)] == [0, 0, 0, 1, 2, 2, 3]
    assert [count_plateaus([5.0, 6.0, 6.0, 6.0, 6.0, 4.0][:length], 2) for length in range(7)] == [0, 0, 0, 1, 1, 2, 2]


def test_patience_asks_for_a_gain():
    assert epochs_without_gain([], 0.0) == 0
    assert epochs_without_gain([3.0, 2.0, 2.0, 2.5], 0.0) == 2
    # Small gains add up to one that counts.
    assert epochs_without_gain([3.0, 2.9, 2.8], 0.15) == 0
    assert epochs_without_gain([3.0, 2.9, 2.9], 0.15) == 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"end_factor": 0.1}, "end_factor is 0.1, but decay is 'none': it goes with cosine, linear, plateau"),
        (
            {"decay": "cosine", "plateau_patience": 2},
            "plateau_patience is 2, but decay is 'cosine': it goes with plateau",
        ),
        ({"decay": "inverse_square_root"}, "warmup_steps is 0: decay 'inverse_square_root' begins at its end"),
    ],
)
def test_settings_of_other_decays_are_refused(settings, said):
    with pytest.raises(pydantic.ValidationError, match=said):
        ScheduleConfig(**settings)


def test_a_warm_up_that_never_ends_is_refused():
    with pytest.raises(ValueError, match="warmup_steps is 4,000: the whole training has 4,000 steps"):
        rates([1], last_step=4000, decay="cosine", warmup_steps=4000)
