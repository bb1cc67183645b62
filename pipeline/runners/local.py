"""Runs a pipeline in this process, one node after the other."""

from tfx.orchestration.local import local_dag_runner
from tfx.proto.orchestration import pipeline_pb2

from pipeline.runners.launch import launch_node, metadata_connection


class LocalRunner(local_dag_runner.LocalDagRunner):
    """LocalDagRunner, with nodes launched by `launch_node`."""

    def run_with_ir(self, pipeline: pipeline_pb2.Pipeline, run_options: pipeline_pb2.RunOptions | None = None) -> None:
        """Runs the nodes of a compiled pipeline in their order.

        Raises:
          ValueError: `run_options` were given; what has not changed is left to the cache.
          Exception: whatever the first node to fail raised.
        """
        if run_options is not None:
            raise ValueError("partial runs are not supported: what has not changed comes from the cache")
        connection = metadata_connection(pipeline)
        for node in pipeline.nodes:
            launch_node(pipeline, node.pipeline_node, connection)
