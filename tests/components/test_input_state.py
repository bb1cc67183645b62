"""On a cluster, where no driver runs, the state of the input files is found by a step."""

import os

import pytest
from tfx.types import standard_artifacts
from tfx.utils import proto_utils

from components.config.data import DataConfig
from components.example_gen.input_state import Executor
from components.example_gen.rows import DataError
from components.example_gen.settings import pack_patterns, pack_settings

pytestmark = pytest.mark.tfx


@pytest.fixture
def state_of(tmp_path):
    """Gives the state of files in a folder, by two patterns."""
    inputs = [{"pattern": "span-{SPAN}/*.tsv", "splits": {"train": 1}}, {"pattern": "eval.tsv", "splits": {"eval": 1}}]

    def look(base):
        data = DataConfig.model_validate({"base": "elsewhere", "inputs": inputs})
        state = standard_artifacts.String()
        state.uri = str(tmp_path / "state")
        config = proto_utils.proto_to_json(pack_patterns(data))
        settings = proto_utils.proto_to_json(pack_settings(data, code_version=""))
        properties = {"input_base": str(base), "input_config": config, "custom_config": settings}
        Executor().Do({}, {"state": [state]}, properties)
        return state.read()

    return look


def test_it_changes_with_any_file_and_with_a_new_span_alone(state_of, tmp_path):
    base = tmp_path / "data"
    (base / "span-1").mkdir(parents=True)
    (base / "span-1" / "train.tsv").write_text("a\tb\n", encoding="utf-8")
    (base / "eval.tsv").write_text("a\tb\n", encoding="utf-8")
    (base / "other.tsv").write_text("not read", encoding="utf-8")
    states = [state_of(base)]
    (base / "other.tsv").write_text("still not read", encoding="utf-8")
    assert state_of(base) == states[0]
    os.utime(base / "eval.tsv", ns=(1, 1))
    states.append(state_of(base))
    (base / "span-2").mkdir()
    (base / "span-2" / "train.tsv").write_text("a\tb\n", encoding="utf-8")
    states.append(state_of(base))
    assert len(set(states)) == 3


def test_a_missing_span_is_told(state_of, tmp_path):
    with pytest.raises(DataError, match="no files match"):
        state_of(tmp_path)
