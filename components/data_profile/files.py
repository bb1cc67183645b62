"""Profiles as files."""

import os

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems

from components.data_profile.profile import Profile

PROFILE_FILE = "profile.json"


def write_profile(profile: beam.PCollection, folder: str) -> beam.PCollection:
    """Writes a single Profile to PROFILE_FILE in a folder."""
    return (
        profile
        | "ToJson" >> beam.Map(lambda profile: profile.model_dump_json())
        | "WriteProfile"
        >> beam.io.WriteToText(os.path.join(folder, PROFILE_FILE), num_shards=1, shard_name_template="")
    )


def read_profile(folder: str) -> Profile:
    """Reads what `write_profile` wrote."""
    with FileSystems.open(os.path.join(folder, PROFILE_FILE)) as stream:
        return Profile.model_validate_json(stream.read())
