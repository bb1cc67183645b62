"""The components that a configuration makes."""

import pytest
from tfx.dsl.components.base.base_beam_component import BaseBeamComponent

from pipeline.beam_config import BEAM_COMPONENTS
from pipeline.config_file import load_config
from pipeline.create import create_pipeline
from tests.pipeline.toy_task import write_task

pytestmark = pytest.mark.tfx


def test_what_can_have_an_engine_is_what_runs_beam(tmp_path):
    pipeline = create_pipeline(load_config(write_task(tmp_path).config))
    beam = [node.id for node in pipeline.components if isinstance(node, BaseBeamComponent)]
    assert sorted(beam) == sorted(BEAM_COMPONENTS)


def test_the_span_that_is_asked_for_is_in_no_cache_key_but_that_of_reading(tmp_path):
    task = write_task(tmp_path)
    newest, fixed = (
        {node.id: str(sorted(node.exec_properties.items())) for node in create_pipeline(config).components}
        for config in (load_config(task.config), load_config(task.config, ["data.span=7"]))
    )
    assert [name for name in newest if newest[name] != fixed[name]] == ["ParallelTextExampleGen"]
