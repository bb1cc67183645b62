"""TextProfiler as a component: what it leaves of the files in which it groups."""

import pytest
from tfx.types import standard_artifacts

from components.data_profile.component import Executor, TextProfile
from components.data_profile.files import read_profile
from pipeline.beam_arguments import beam_arguments
from pipeline.beam_config import BeamConfig
from tests.components.test_data_profile import settings
from tests.components.toy_examples import PAIRS, write_split

pytestmark = pytest.mark.tfx


def profile(folder, split_names):
    """Runs the component on examples in a folder."""
    examples, found = standard_artifacts.Examples(), TextProfile()
    examples.uri, examples.split_names = str(folder / "examples"), split_names
    found.uri = str(folder / "profile")
    context = Executor.Context(
        beam_pipeline_args=beam_arguments(BeamConfig()), tmp_dir=str(folder / "temporary"), unique_id="1"
    )
    properties = {"settings": settings(slice_keys=[]).model_dump_json()}
    Executor(context).Do({"examples": [examples]}, {"profile": [found]}, properties)


def left_of(folder):
    return [path for path in (folder / "temporary").rglob("*") if path.is_file()]


def test_no_file_but_the_profile_is_left(tmp_path):
    write_split(tmp_path / "examples" / "Split-train")
    write_split(tmp_path / "examples" / "Split-eval")
    profile(tmp_path, '["train", "eval"]')
    found = read_profile(str(tmp_path / "profile")).splits
    assert found["eval"].shared_sources["train"].count == len(PAIRS)
    assert [path.name for path in (tmp_path / "profile").iterdir()] == ["profile.json"]
    assert left_of(tmp_path) == []


def test_no_file_is_left_when_a_place_cannot_be_read(tmp_path):
    write_split(tmp_path / "examples" / "Split-train")
    (tmp_path / "examples" / "Split-train" / "z-damaged.gz").write_bytes(b"no gzip")
    with pytest.raises(Exception, match="DataLossError"):
        profile(tmp_path, '["train"]')
    assert left_of(tmp_path) == []
    assert not (tmp_path / "profile" / "profile.json").exists()
