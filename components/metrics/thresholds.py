"""Thresholds of the configuration as TFMA checks them, and in words what one that failed says."""

import math

from tensorflow_model_analysis.proto import config_pb2

from components.config.evaluation import ThresholdConfig
from trainer.metrics.names import LOWER_IS_BETTER

# What rounding may add to a difference of two figures: 0.945 - 0.95 is below -0.005.
_ROUNDING = 1e-9


def to_tfma(threshold: ThresholdConfig) -> config_pb2.MetricThreshold:
    """The threshold as part of an EvalConfig.

    Its value threshold is there even where it has no bounds: a figure that is not a number fails that too, and
    without one a first run, in which TFMA leaves out the comparison with the missing baseline, would bless nothing.
    """
    value_threshold = config_pb2.GenericValueThreshold()
    if threshold.at_least is not None:
        value_threshold.lower_bound.value = threshold.at_least
    if threshold.at_most is not None:
        value_threshold.upper_bound.value = threshold.at_most
    result = config_pb2.MetricThreshold()
    result.value_threshold.CopyFrom(value_threshold)
    if threshold.max_regression is not None:
        result.change_threshold.CopyFrom(_change_threshold(threshold.metric, threshold.max_regression))
    return result


def _change_threshold(metric: str, max_regression: float) -> config_pb2.GenericChangeThreshold:
    allowed = max_regression + _ROUNDING
    if metric in LOWER_IS_BETTER:
        return config_pb2.GenericChangeThreshold(
            direction=config_pb2.MetricDirection.LOWER_IS_BETTER, absolute={"value": allowed}
        )
    return config_pb2.GenericChangeThreshold(
        direction=config_pb2.MetricDirection.HIGHER_IS_BETTER, absolute={"value": -allowed}
    )


def failure(threshold: config_pb2.MetricThreshold, figure: float | None, baseline_figure: float | None) -> str:
    """Says how a figure fails a threshold.

    Args:
      threshold: one that failed, with a value threshold or a change threshold.
      figure: the candidate's; None where it was not measured.
      baseline_figure: that of the blessed model; None where there is none.
    """
    if figure is None or (threshold.HasField("change_threshold") and baseline_figure is None):
        return "was not measured"
    if math.isnan(figure):
        return "is not a number (nan)"
    if threshold.HasField("change_threshold"):
        change = threshold.change_threshold
        sign = 1 if change.direction == config_pb2.MetricDirection.LOWER_IS_BETTER else -1
        max_regression = round(sign * change.absolute.value - _ROUNDING, 9)
        wanted = f"{-max_regression:g} better" if max_regression < 0 else f"no more than {max_regression:g} worse"
        return f"is {figure:.6g}, and that of the latest blessed model {baseline_figure:.6g}: it must be {wanted}"
    bounds = threshold.value_threshold
    if bounds.HasField("lower_bound") and figure < bounds.lower_bound.value:
        return f"is {figure:.6g}: it must be at least {bounds.lower_bound.value:g}"
    return f"is {figure:.6g}: it must be at most {bounds.upper_bound.value:g}"
