"""Runs a pipeline in this process, one node after the other."""

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration.local import local_dag_runner
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runners.launch import launch_node


class LocalRunner(local_dag_runner.LocalDagRunner):
    """LocalDagRunner, with nodes launched by `launch_node`."""

    def __init__(self, connection: metadata_store_pb2.ConnectionConfig):
        """Takes how ML Metadata is reached: the compiled pipeline names no password."""
        super().__init__()
        self._connection = connection

    def run_with_ir(self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None) -> None:
        """Runs the nodes of a compiled pipeline in their order.

        Raises:
          ValueError: `run_options` were given; what has not changed is left to the cache.
          Exception: whatever the first node to fail raised.
        """
        if run_options is not None:
            raise ValueError("partial runs are not supported: what has not changed comes from the cache")
        for node in pipeline.nodes:
            launch_node(pipeline, node.pipeline_node, self._connection)
