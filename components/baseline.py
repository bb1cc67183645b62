"""The model to beat: the latest blessed one that is not the candidate itself."""

import logging
from collections.abc import Sequence

from ml_metadata.metadata_store import metadata_store
from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.common.resolver import Resolver, ResolverStrategy
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts

NODE_ID = "latest_blessed_model"

_MODEL = "model"
_BLESSING = "model_blessing"
_CANDIDATE = "candidate"

_LOGGER = logging.getLogger("seq2seq.baseline")


class LatestBlessedModelOtherThanCandidate(ResolverStrategy):
    """Finds the model that was blessed last, the candidate left out.

    TFX's own LatestBlessedModelStrategy would find the candidate where it has been blessed before: an unchanged run
    would then have another baseline than the first one, and compare the model with itself. It also takes the model
    that was trained last, which is not the one blessed last where an earlier configuration is run again.
    """

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Picks one model and its blessing; none where no other model has been blessed, as on a first run.

        Args:
          store: not needed.
          input_dict: all models and blessings of the pipeline, and the candidate of this run.
        """
        del store
        candidates = {model.id for model in input_dict[_CANDIDATE]}
        models = {model.id: model for model in input_dict[_MODEL] if model.id not in candidates}
        model, blessing = latest_blessed(models, input_dict[_BLESSING])
        return {_MODEL: model, _BLESSING: blessing, _CANDIDATE: []}


def latest_blessed_model_other_than(candidate: types.BaseChannel) -> Resolver:
    """The node that finds the model to beat; its output `model` is empty where there is none.

    Args:
      candidate: the model of this run.
    """
    return Resolver(
        strategy_class=LatestBlessedModelOtherThanCandidate,
        **{
            _MODEL: types.Channel(type=standard_artifacts.Model),
            _BLESSING: types.Channel(type=standard_artifacts.ModelBlessing),
            _CANDIDATE: candidate,
        },
    ).with_id(NODE_ID)


def latest_blessed(
    models: dict[int, types.Artifact], blessings: Sequence[types.Artifact]
) -> tuple[list[types.Artifact], list[types.Artifact]]:
    """The model that was blessed last, and its blessing; two empty lists where none was whose files are still there.

    Args:
      models: the models to choose from, by their ids.
      blessings: blessings of these and of other models.
    """
    for blessing in sorted(blessings, key=lambda blessing: blessing.id, reverse=True):
        model = models.get(blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY))
        if model is None or not blessing.get_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY):
            continue
        if fileio.exists(model.uri):
            return [model], [blessing]
        _LOGGER.warning("The blessed model in %s is gone: an earlier one, if any, takes its place", model.uri)
    return [], []
