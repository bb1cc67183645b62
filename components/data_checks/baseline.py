"""The profile to compare with: that of the data that passed the gate last, this run's own data left out."""

import logging

from ml_metadata.metadata_store import metadata_store
from tfx import types
from tfx.dsl.components.common.resolver import Resolver, ResolverStrategy
from tfx.dsl.io import fileio

from components.data_checks.blessing import PROFILE_ID_PROPERTY, DataBlessing
from components.data_profile.component import PROFILE_KEY, TEXT_SETTINGS_PROPERTY, TextProfile

NODE_ID = "latest_profile_that_passed"

_BLESSING = "blessing"
_CURRENT = "current"

_LOGGER = logging.getLogger("seq2seq.data_gate")


class LatestProfileThatPassed(ResolverStrategy):
    """Finds the profile of the data that passed last, in which texts become tokens as they do in this run's."""

    def resolve_artifacts(
        self, store: metadata_store.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]]:
        """Picks one profile; none where there is none, as on a first run.

        Args:
          store: not needed.
          input_dict: all profiles and data blessings of the pipeline, and the profile of this run.
        """
        del store
        [current] = input_dict[_CURRENT]
        profiles = {profile.id: profile for profile in input_dict[PROFILE_KEY] if profile.id != current.id}
        return {PROFILE_KEY: _latest(current, profiles, input_dict[_BLESSING]), _BLESSING: [], _CURRENT: []}


def latest_profile_that_passed(current: types.BaseChannel) -> Resolver:
    """The node that finds it; its output `profile` is empty where there is none.

    Args:
      current: the profile of this run.
    """
    return Resolver(
        strategy_class=LatestProfileThatPassed,
        **{
            PROFILE_KEY: types.Channel(type=TextProfile),
            _BLESSING: types.Channel(type=DataBlessing),
            _CURRENT: current,
        },
    ).with_id(NODE_ID)


def _latest(
    current: types.Artifact, profiles: dict[int, types.Artifact], blessings: list[types.Artifact]
) -> list[types.Artifact]:
    text_settings = current.get_string_custom_property(TEXT_SETTINGS_PROPERTY)
    for blessing in sorted(blessings, key=lambda blessing: blessing.id, reverse=True):
        profile = profiles.get(blessing.get_int_custom_property(PROFILE_ID_PROPERTY))
        if profile is None or profile.get_string_custom_property(TEXT_SETTINGS_PROPERTY) != text_settings:
            continue
        if fileio.exists(profile.uri):
            return [profile]
        _LOGGER.warning("The profile in %s is gone: an earlier one, if any, takes its place", profile.uri)
    return []
