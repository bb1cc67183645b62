"""Which versions of a model are to be served: what lies in its folder, and what its policy takes of that."""

import logging
import re
from pathlib import Path

from tensorflow_serving.config import file_system_storage_path_source_pb2, model_server_config_pb2

from serving.server.errors import invalid_argument

_LOGGER = logging.getLogger("seq2seq.server")
_NUMBER = re.compile(r"[+-]?[0-9]+")
_LARGEST = 2**63 - 1

VersionPolicy = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


def numbered_versions(base_path: Path) -> dict[int, Path]:
    """Folders named by a 64-bit number, by that number; all else is passed over."""
    return {
        int(child.name): child
        for child in sorted(base_path.iterdir())
        if _NUMBER.fullmatch(child.name) and -_LARGEST - 1 <= int(child.name) <= _LARGEST
    }


def aspired_versions(model: model_server_config_pb2.ModelConfig) -> dict[int, Path]:
    """Versions that the model's policy wants served: the latest one, unless it says otherwise.

    Raises:
      ServingError: the model's folder does not exist.
    """
    base_path = Path(model.base_path)
    try:
        present = numbered_versions(base_path)
    except OSError as error:
        raise invalid_argument(
            f"Could not find base path {base_path} for servable {model.name} with error {error.strerror}"
        ) from error
    policy = model.model_version_policy
    kind = policy.WhichOneof("policy_choice")
    if kind == "all":
        aspired = present
    elif kind == "specific":
        aspired = {version: path for version, path in present.items() if version in policy.specific.versions}
        for version in sorted(set(policy.specific.versions) - set(aspired)):
            _LOGGER.warning("version %d of %s was asked for and is not in %s", version, model.name, base_path)
    else:
        newest = sorted(present)[-max(policy.latest.num_versions, 1) :]
        aspired = {version: present[version] for version in newest}
    if not aspired:
        _LOGGER.warning(
            "No versions of servable %s found under base path %s. Did you forget to name your leaf directory as a"
            " number (eg. '/1/')?",
            *(model.name, base_path),
        )
    return aspired
