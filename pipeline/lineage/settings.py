"""The configuration that steps ran with, as ML Metadata has recorded it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.lineage.graph import Step

# What is recorded with the settings, and is none of the configuration.
_NO_SETTINGS = {"code_version", "checkpoints"}


def recorded_config(steps: Iterable[Step]) -> dict[str, Any]:
    """Keys of the configuration with their values, as `training.epochs`.

    What no component is given, such as the names of folders, is not recorded.
    """
    config: dict[str, Any] = {}
    for step in steps:
        config.update(_OF_NODE.get(step.node, lambda settings: {})(unpacked(step)))
    return config


def code_version(step: Step) -> str | None:
    """The fingerprint of the code that a step ran; None where it is TFX's own code."""
    found = list(_found(unpacked(step), "code_version"))
    return found[0] if found else None


def unpacked(step: Step) -> dict[str, Any]:
    """The execution properties of a step, those that are JSON read."""
    return {name: _unpacked(value) for name, value in step.settings.items()}


def _unpacked(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return _unpacked(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {name: _unpacked(each) for name, each in value.items()}
    return [_unpacked(each) for each in value] if isinstance(value, list) else value


def _found(value: Any, key: str) -> Iterable[Any]:
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        for each in value.values():
            yield from _found(each, key)
    elif isinstance(value, list):
        for each in value:
            yield from _found(each, key)


def _flat(value: Any, prefix: str) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not value:
        return {prefix: value}
    return {
        key: each
        for name, below in value.items()
        if name not in _NO_SETTINGS
        for key, each in _flat(below, f"{prefix}.{name}" if prefix else name).items()
    }


def _of_examples(settings: dict[str, Any]) -> dict[str, Any]:
    return _flat(settings["custom_config"]["custom_config"]["value"]["data"], "data")


def _of_schema(settings: dict[str, Any]) -> dict[str, Any]:
    reviewed = settings.get("reviewed")
    return {
        "data.schema": f"reviewed, SHA-256 {hashlib.sha256(reviewed.encode()).hexdigest()}" if reviewed else "inferred"
    }


def _of_gate(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        **_flat(settings["checks"]["quality"], "data.quality"),
        **_flat(settings["checks"]["drift"], "data.drift"),
    }


def _of_trainer(settings: dict[str, Any]) -> dict[str, Any]:
    return _flat(settings["custom_config"], "")


def _of_evaluator(settings: dict[str, Any]) -> dict[str, Any]:
    evaluation = settings["eval_config"]
    metrics = [metric for spec in evaluation["metrics_specs"] for metric in spec["metrics"]]
    config = {
        "evaluation.split": ", ".join(settings["example_splits"]),
        "evaluation.slices": [_slice(spec) for spec in evaluation["slicing_specs"]],
        "evaluation.metrics": [metric["config"]["name"] for metric in metrics],
    }
    for metric in metrics:
        name = metric["config"]["name"]
        bounds = [each["threshold"] for each in metric.get("per_slice_thresholds", [])]
        if bounds:
            config[f"evaluation.thresholds.{name}"] = bounds
        if metric["config"].get("max_p_value") is not None:
            config[f"evaluation.max_p_value.{name}"] = metric["config"]["max_p_value"]
    return config


def _slice(spec: dict[str, Any]) -> str:
    values = [f"{key}:{value}" for key, value in spec.get("feature_values", {}).items()]
    return ", ".join([*spec.get("feature_keys", []), *values]) or "overall"


def _of_validator(settings: dict[str, Any]) -> dict[str, Any]:
    return {
        **_flat(settings["serving_spec"], "serving.validation.server"),
        "serving.validation.examples": settings["request_spec"].get("num_examples"),
    }


_OF_NODE = {
    "ParallelTextExampleGen": _of_examples,
    "TextSchemaGen": _of_schema,
    "DataGate": _of_gate,
    "Trainer": _of_trainer,
    "Evaluator": _of_evaluator,
    "ServingValidator": _of_validator,
}
