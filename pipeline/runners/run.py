"""One run of a pipeline, on the orchestrator that was asked for."""

import datetime
from typing import Literal

from tfx.dsl.compiler import compiler, constants
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils

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
      Exception: whatever the first node to fail raised.
    """
    run_id = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H%M%S-%f")
    compiled = compiler.Compiler().compile(pipeline)
    runtime_parameter_utils.substitute_runtime_parameter(compiled, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id})
    _RUNNERS[orchestrator]().run_with_ir(compiled)
    return run_id
