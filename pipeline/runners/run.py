"""One run of a pipeline, on the orchestrator that was asked for."""

import copy
from typing import Literal

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils

from pipeline.metadata_database import without_password
from pipeline.run_id import new_run_id
from pipeline.runners.beam import BeamRunner
from pipeline.runners.local import LocalRunner

Orchestrator = Literal["local", "beam"]

_RUNNERS = {"local": LocalRunner, "beam": BeamRunner}


def run_pipeline(pipeline: tfx_pipeline.Pipeline, orchestrator: Orchestrator = "local") -> str:
    """Runs a pipeline to its end.

    Args:
      pipeline: what `create_pipeline` made.
      orchestrator: `local`, node after node in this process; or `beam`, nodes as elements of a Beam job.

    Returns:
      The run's id, under which ML Metadata keeps it.

    Raises:
      MetadataError: the database of ML Metadata cannot be reached.
      Exception: whatever the first node to fail raised.
    """
    run_id = new_run_id()
    connection = pipeline.metadata_connection_config
    named = copy.copy(pipeline)
    named.metadata_connection_config = without_password(connection)
    compiled = compiler.Compiler().compile(named)
    runtime_parameter_utils.substitute_runtime_parameter(compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    _RUNNERS[orchestrator](connection).run_with_ir(compiled)
    return run_id
