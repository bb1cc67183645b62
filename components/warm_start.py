"""The model that training starts from: the one blessed last, unless it came out of this very training."""

from collections import defaultdict
from typing import Any, NamedTuple

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto.metadata_store_pb2 import Event
from tfx import types
from tfx.dsl.components.common.resolver import Resolver, ResolverStrategy
from tfx.types import standard_artifacts
from tfx.types.standard_component_specs import BASE_MODEL_KEY, CUSTOM_CONFIG_KEY
from tfx.utils import json_utils

from components.baseline import latest_blessed

NODE_ID = "model_to_start_from"

_MODEL = "model"
_BLESSING = "model_blessing"


class LatestBlessedModelOfAnotherTraining(ResolverStrategy):
    """Finds the model that was blessed last, for a training to start from.

    Where that model came out of a training with the same settings, code and data, the model is found which that
    training started from: an unchanged run then takes its Trainer from the cache, and does not train on and on.
    """

    def __init__(self, custom_config: str):
        """Takes the settings of the training.

        Args:
          custom_config: the Trainer's execution property of this name.
        """
        self._custom_config = custom_config

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Picks one model; none where there is none to start from, as on a first run.

        Args:
          store: tells how a model was trained.
          input_dict: all models and blessings of the pipeline, and what this run trains on, by the Trainer's keys.
        """
        models = {model.id: model for model in input_dict[_MODEL]}
        data = {key: _ids(artifacts) for key, artifacts in input_dict.items() if key not in (_MODEL, _BLESSING)}
        found, _ = latest_blessed(models, input_dict[_BLESSING])
        if found:
            training = _training_of(found[0], store)
            if training.custom_config == self._custom_config and data.items() <= training.inputs.items():
                found = [models[base] for base in training.inputs.get(BASE_MODEL_KEY, [])]
        return {**{key: [] for key in input_dict}, _MODEL: found}


def model_to_start_from(custom_config: dict[str, Any], **data: types.BaseChannel) -> Resolver:
    """The node that finds it; its output `model` is empty where there is none.

    Args:
      custom_config: that of the Trainer.
      data: the Trainer's inputs `examples` and `transform_graph`.
    """
    return Resolver(
        strategy_class=LatestBlessedModelOfAnotherTraining,
        config={"custom_config": json_utils.dumps(custom_config)},
        **{
            _MODEL: types.Channel(type=standard_artifacts.Model),
            _BLESSING: types.Channel(type=standard_artifacts.ModelBlessing),
            **data,
        },
    ).with_id(NODE_ID)


class _Training(NamedTuple):
    """What a model came out of: the Trainer's custom_config, and the ids of its inputs by their keys."""

    custom_config: str
    inputs: dict[str, list[int]]


def _training_of(model: types.Artifact, store: metadata_store.MetadataStore) -> _Training:
    # Runs that took the model from the cache are among its producers; they had the same inputs.
    events = store.get_events_by_artifact_ids([model.id])
    producer = min(event.execution_id for event in events if event.type == Event.OUTPUT)
    [execution] = store.get_executions_by_id([producer])
    inputs = defaultdict(list)
    for event in store.get_events_by_execution_ids([producer]):
        if event.type == Event.INPUT:
            inputs[event.path.steps[0].key].append(event.artifact_id)
    properties = execution.custom_properties
    return _Training(properties[CUSTOM_CONFIG_KEY].string_value, {key: sorted(ids) for key, ids in inputs.items()})


def _ids(artifacts: list[types.Artifact]) -> list[int]:
    return sorted(artifact.id for artifact in artifacts)
