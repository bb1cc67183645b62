"""TFX's Evaluator, which besides keeps the examples, measures confidence, and asks for more than chance."""

import json
import os
from typing import Any

from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator import constants, executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils, standard_component_specs
from tfx.utils import io_utils, proto_utils

from components.metrics.calibration import CALIBRATION_COLUMNS, measure_calibration, write_calibration
from components.metrics.calibration_config import CalibrationConfig
from components.metrics.confidence import measure_confidence, write_confidence
from components.metrics.decoded import recorded_metrics, recorded_slicings
from components.metrics.example_rows import FOLDER, columns_of_sums, read_examples
from components.pushed_model import without_missing_model
from trainer.metrics.catalog import create_statistic


class Executor(executor.Executor):
    """Executor of components.evaluator.Evaluator."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates, keeps the decoded examples, measures how sure figures and answers are, and takes back a blessing
        that is not sure."""
        uri = artifact_utils.get_single_uri(output_dict[standard_component_specs.EVALUATION_KEY])
        config = proto_utils.json_to_proto(
            exec_properties[standard_component_specs.EVAL_CONFIG_KEY], config_pb2.EvalConfig()
        )
        first = config.metrics_specs[0].metrics[0]
        # Extractors are told nothing but the configuration.
        first.config = json.dumps({**json.loads(first.config), "examples_folder": os.path.join(uri, FOLDER)})
        told = {**exec_properties, standard_component_specs.EVAL_CONFIG_KEY: proto_utils.proto_to_json(config)}
        # On a cluster there is always a baseline, but without files where there is no model to beat.
        inputs = without_missing_model(input_dict, standard_component_specs.BASELINE_MODEL_KEY)
        super().Do(inputs, output_dict, told)

        metrics = recorded_metrics(config)
        statistics = {metric["name"]: create_statistic(metric["name"], metric["target"]["unit"]) for metric in metrics}
        confidence = measure_confidence(
            read_examples(uri, columns_of_sums(list(statistics))),
            statistics,
            slicings=recorded_slicings(config),
            max_p_values={metric["name"]: metric["max_p_value"] for metric in metrics if metric.get("max_p_value")},
        )
        write_confidence(confidence, uri)
        calibration = measure_calibration(
            read_examples(uri, CALIBRATION_COLUMNS), CalibrationConfig.model_validate(metrics[0]["calibration"])
        )
        write_calibration(calibration, uri)
        if confidence.failures:
            _take_back(artifact_utils.get_single_instance(output_dict[standard_component_specs.BLESSING_KEY]))


def _take_back(blessing: types.Artifact) -> None:
    blessed = os.path.join(blessing.uri, constants.BLESSED_FILE_NAME)
    if fileio.exists(blessed):
        fileio.remove(blessed)
    io_utils.write_string_file(os.path.join(blessing.uri, constants.NOT_BLESSED_FILE_NAME), "")
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, constants.NOT_BLESSED_VALUE)
