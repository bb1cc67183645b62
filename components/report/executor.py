"""What Report runs: reads what the run left, and writes the report."""

import datetime
import json
import logging
import os
from typing import Any

import yaml
from tensorflow_model_analysis.writers import eval_config_writer
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.config.evaluation import EvaluationConfig
from components.data_checks.blessing import REPORT_FILE
from components.data_checks.drift import Distance
from components.data_profile.files import read_profile
from components.metrics.calibration import Calibration, read_calibration
from components.metrics.confidence import OVERALL, rows_by_slice
from components.metrics.decoded import recorded_slicings
from components.metrics.example_rows import read_examples
from components.report.attention import read_attention
from components.report.charts import Chart, reliability_chart
from components.report.data import data_section
from components.report.outcome import outcome_of, wanted
from components.report.provenance import ancestors, hashes, versions
from components.report.rendering import CARD, PAGE, render
from components.report.samples import choose_samples
from components.report.slices import PICTURE_WIDTH, metric_tables
from components.report.training import training_section
from components.serving_validator.report import read_report as read_trial
from components.verdict import read_verdict
from trainer.tuning.values import settings_of

CONFIG_KEY = "config"
CODE_VERSION_KEY = "code_version"
REPORT_KEY = "report"

_LOGGER = logging.getLogger("seq2seq.report")


class RunReport(types.Artifact):
    """A report: the files PAGE and CARD."""

    # By this name a container on a cluster looks for the class, in components/__init__.py.
    TYPE_NAME = "components.RunReport"


class Executor(base_executor.BaseExecutor):
    """Executor of Report."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Writes PAGE and CARD.

        Args:
          input_dict: see ReportSpec.
          output_dict: the report.
          exec_properties: sections of the configuration, and the fingerprint of the code.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        report = artifact_utils.get_single_instance(output_dict[REPORT_KEY])
        run_id = self._context.pipeline_run_id if self._context else None
        content = read_content(input_dict, json.loads(exec_properties[CONFIG_KEY]), exec_properties[CODE_VERSION_KEY])
        content |= {"run_id": run_id or "", "written": datetime.datetime.now(datetime.timezone.utc)}
        for template in (PAGE, CARD):
            io_utils.write_string_file(os.path.join(report.uri, template), render(template, content))
        _LOGGER.info("%s", os.path.join(report.uri, PAGE))


def read_content(
    input_dict: dict[str, list[types.Artifact]], config: dict[str, Any], code_version: str
) -> dict[str, Any]:
    """All that the templates show, by its name there, but for the run and the time.

    Args:
      input_dict: see ReportSpec.
      config: sections of the configuration by their names.
      code_version: fingerprint of the code.
    """
    uris = {key: artifact_utils.get_single_uri(artifacts) for key, artifacts in input_dict.items() if artifacts}
    model = artifact_utils.get_single_instance(input_dict["model"])
    saved_model = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
    verdict = read_verdict(uris["evaluation"], uris["model_blessing"])
    trial = read_trial(uris["infra_blessing"]) if "infra_blessing" in uris else None
    examples = read_examples(uris["evaluation"])
    slicings = recorded_slicings(eval_config_writer.load_eval_run(uris["evaluation"])[0])
    counts = {name: len(rows) for name, rows in rows_by_slice(examples, slicings).items()}
    samples = choose_samples(examples)
    shown = [*samples.worst, *samples.best]
    drawn = list(zip(shown, read_attention(saved_model, [each.source for each in shown]), strict=True))
    calibration = read_calibration(uris["evaluation"])
    return {
        "name": config["name"],
        "outcome": outcome_of(verdict.blessed, verdict.failures, trial, _pushed_version(input_dict)),
        "wanted": wanted(
            EvaluationConfig.model_validate(config["evaluation"]).thresholds,
            verdict.metrics.get(OVERALL, {}),
            verdict.baseline_metrics.get(OVERALL, {}),
        ),
        "split": config["evaluation"]["split"],
        "examples": examples.num_rows,
        "tables": metric_tables(verdict.metrics, verdict.baseline_metrics, verdict.sureness, counts),
        "calibration": calibration,
        "reliability": _reliability(calibration) if calibration and calibration.bins else None,
        "samples": samples,
        "worst": drawn[: len(samples.worst)],
        "best": drawn[len(samples.worst) :],
        "training": training_section(_read_json(uris["model_run"], "training.json")),
        "data": data_section(read_profile(uris["profile"]), _distances(uris["data_blessing"])),
        "trial": trial,
        "config": yaml.safe_dump(config, allow_unicode=True, sort_keys=False, width=100),
        "tuned": _tuned(uris.get("hyperparameters")),
        "picture_width": PICTURE_WIDTH,
        "versions": versions(),
        "hashes": hashes(code_version, io_utils.get_only_uri_in_dir(uris["schema"]), saved_model),
        "ancestors": ancestors(input_dict),
    }


def _pushed_version(input_dict: dict[str, list[types.Artifact]]) -> str | None:
    pushed = artifact_utils.get_single_instance(input_dict["pushed_model"])
    return pushed.get_string_custom_property("pushed_version") or None


def _distances(data_blessing_uri: str) -> list[Distance]:
    return [Distance(**each) for each in _read_json(data_blessing_uri, REPORT_FILE)["drift"]]


def _read_json(folder: str, name: str) -> Any:
    with fileio.open(os.path.join(folder, name), "r") as file:
        return json.loads(file.read())


def _reliability(calibration: Calibration) -> Chart:
    return reliability_chart(
        "Reliability",
        [
            (
                each.confidence,
                each.exact_match,
                each.examples / calibration.examples,
                f"{each.examples:,} answers of confidence {each.confidence:.3g}: {each.exact_match:.3g} are right",
            )
            for each in calibration.bins
        ],
    )


def _tuned(uri: str | None) -> dict[str, Any]:
    """The settings that a search chose."""
    if uri is None:
        return {}
    return settings_of(_read_json(uri, os.path.basename(io_utils.get_only_uri_in_dir(uri)))["values"])
