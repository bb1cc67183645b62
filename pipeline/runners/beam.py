"""Runs a pipeline as one Beam job whose elements are its nodes."""

from tfx.orchestration.beam import beam_dag_runner

from pipeline.runners.launch import launch_node


class _ReportingNode(beam_dag_runner.PipelineNodeAsDoFn):
    """A node in a Beam job, launched by `launch_node`."""

    def _run_node(self) -> None:
        launch_node(self._pipeline, self._pipeline_node, self._mlmd_connection_config)


class BeamRunner(beam_dag_runner.BeamDagRunner):
    """BeamDagRunner, with nodes launched by `launch_node`."""

    _PIPELINE_NODE_DO_FN_CLS = _ReportingNode
