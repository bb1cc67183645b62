"""The metrics as TFMA sees them: each a float per slice, which thresholds can be set on.

What an example adds to the sums is computed once, before TFMA copies the example into its slices: only a few numbers
per example and metric are copied and combined.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow_model_analysis as tfma

from components.metrics.decoded import decoded_example
from components.metrics.sums import SumCombineFn
from trainer.metrics.catalog import create_statistic
from trainer.metrics.names import MetricName
from trainer.metrics.statistic import CorpusStatistic


class TextMetric(tfma.metrics.Metric):
    """A metric of decoded text.

    The labels are the references. The predictions are the model's outputs TRANSLATION, LOG_PROBS, TARGET_LOG_PROB and
    TARGET_LENGTH.
    """

    def __init__(
        self,
        name: MetricName,
        target: dict[str, Any],
        code_version: str = "",
        signature: str = "",
        calibration: dict[str, Any] | None = None,
        max_p_value: float | None = None,
        examples_folder: str = "",
    ):
        """Creates the metric from what an EvalConfig records of it.

        Args:
          name: name of the metric in the configuration.
          target: the TextConfig of the target.
          code_version: fingerprint of the code; recorded only, so that the cache key changes with it.
          signature: sacrebleu's signature; recorded only.
          calibration: the CalibrationConfig; for the Evaluator's executor.
          max_p_value: how sure an improvement must be; for the Evaluator's executor.
          examples_folder: where decoded examples are kept; for the extractors.
        """
        super().__init__(
            _computations,
            name=name,
            target=target,
            code_version=code_version,
            signature=signature,
            calibration=calibration,
            max_p_value=max_p_value,
            examples_folder=examples_folder,
        )


def _computations(
    name: MetricName,
    target: dict[str, Any],
    code_version: str,
    signature: str,
    calibration: dict[str, Any] | None,
    max_p_value: float | None,
    examples_folder: str,
    model_names: Iterable[str] = ("",),
) -> list[tfma.metrics.MetricComputation]:
    """A computation per model: candidate, and baseline if there is one."""
    del code_version, signature, calibration, max_p_value, examples_folder
    statistic = create_statistic(name, target["unit"])
    return [
        tfma.metrics.MetricComputation(
            keys=[key],
            preprocessors=[_StatisticOfExample(statistic, key)],
            combiner=SumCombineFn(statistic, key),
        )
        for key in (tfma.metrics.MetricKey(name=name, model_name=model_name) for model_name in model_names)
    ]


class _StatisticOfExample(tfma.metrics.Preprocessor):
    """What one example adds to the sums of one metric of one model."""

    def __init__(self, statistic: CorpusStatistic, key: tfma.metrics.MetricKey):
        # TFMA tells computations apart by this name.
        super().__init__(name=f"{key.name} of model '{key.model_name}'")
        self._statistic = statistic
        self._model_name = key.model_name

    def process(self, extracts: tfma.Extracts) -> Iterator[np.ndarray]:
        """Yields float64 [width].

        Raises:
          ValueError: the example has no references.
        """
        inputs = tfma.metrics.StandardMetricInputs(extracts)
        example = decoded_example(inputs.get_predictions(self._model_name), inputs.get_labels(self._model_name))
        yield np.asarray(self._statistic.of_example(example), np.float64)
