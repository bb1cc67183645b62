"""Runs a pipeline as one Beam job whose elements are its nodes."""

import functools
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.beam import beam_dag_runner

from pipeline.runners.launch import launch_node


class _ReportingNode(beam_dag_runner.PipelineNodeAsDoFn):
    """A node in a Beam job, launched by `launch_node`."""

    def __init__(self, connection: metadata_store_pb2.ConnectionConfig, **arguments: Any):
        super().__init__(**arguments)
        self._connection = connection

    def _run_node(self) -> None:
        launch_node(self._pipeline, self._pipeline_node, self._connection)


class BeamRunner(beam_dag_runner.BeamDagRunner):
    """BeamDagRunner, with nodes launched by `launch_node`."""

    def __new__(cls, connection: metadata_store_pb2.ConnectionConfig) -> "BeamRunner":
        """Keeps the connection from BeamDagRunner, which would take it for arguments of its predecessor."""
        del connection
        return super().__new__(cls)

    def __init__(self, connection: metadata_store_pb2.ConnectionConfig):
        """Takes how ML Metadata is reached: the compiled pipeline, which is logged, names no password."""
        super().__init__()
        self._PIPELINE_NODE_DO_FN_CLS = functools.partial(_ReportingNode, connection)
