"""What a model was made of and with: versions, hashes, and the artifacts that a report was written from."""

import hashlib
import itertools
import os
import platform
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import NamedTuple

from tfx import types
from tfx.dsl.io import fileio

from transform.text import read_tokens

_PACKAGES = (
    *("tfx-seq2seq", "tfx", "tensorflow", "keras", "tensorflow-transform", "tensorflow-model-analysis"),
    "apache-beam",
)
# Where the Trainer puts the vocabularies, below the exported model.
_VOCABULARIES = {side: os.path.join("assets.extra", "training", f"{side}_vocabulary") for side in ("source", "target")}
# What an artifact tells of itself besides its place.
_PROPERTIES = ("spans", "version", "input_fingerprint")


class Version(NamedTuple):
    """An installed package."""

    package: str
    version: str


class Hash(NamedTuple):
    """SHA-256 of something, as hex, and what else is known of it."""

    what: str
    sha256: str
    note: str = ""


class Ancestor(NamedTuple):
    """An artifact; `id` is empty where ML Metadata is out of reach."""

    what: str
    id: str
    uri: str
    note: str


def versions() -> list[Version]:
    """Of Python and the packages that decide what comes out; such as are not installed are left out."""
    installed = (distribution for package in _PACKAGES for distribution in metadata.distributions(name=package))
    found = {distribution.metadata["Name"]: distribution.version for distribution in installed}
    return [Version("Python", platform.python_version()), *itertools.starmap(Version, found.items())]


def hashes(code_version: str, schema: str, model: str) -> list[Hash]:
    """What tells code, schema, vocabularies and model from others.

    Args:
      code_version: fingerprint of the code.
      schema: path of the schema's file.
      model: folder of the SavedModel.
    """
    found = [Hash("code", code_version), Hash("schema", _sha256(schema))]
    for side, name in _VOCABULARIES.items():
        path = os.path.join(model, name)
        if fileio.exists(path):
            found.append(Hash(f"{side} vocabulary", _sha256(path), f"{len(read_tokens(path)):,} tokens"))
    graph = os.path.join(model, "saved_model.pb")
    return [*found, Hash("graph of the model", _sha256(graph))]


def ancestors(input_dict: Mapping[str, Sequence[types.Artifact]]) -> list[Ancestor]:
    """The artifacts that go into a component."""
    return [
        Ancestor(key.replace("_", " "), str(artifact.id or ""), artifact.uri, _note(artifact))
        for key, artifacts in input_dict.items()
        for artifact in artifacts
    ]


def _note(artifact: types.Artifact) -> str:
    told = {name: artifact.get_custom_property(name) for name in _PROPERTIES}
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in told.items() if value)


def _sha256(path: str) -> str:
    with fileio.open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()
