"""Launching one node of a pipeline, as every local runner does it."""

import time
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import data_types, launcher, outputs_utils
from tfx.proto.orchestration import execution_result_pb2, pipeline_pb2

from pipeline.metadata_database import connect, database_errors
from pipeline.runners.beam_jobs import run_jobs
from pipeline.runners.beam_specs import as_placeholders, take_arguments
from pipeline.runners.events import NodeEvent, NodeState, publish
from pipeline.runners.memory import peak_memory


class NodeInterruptedError(Exception):
    """A node was interrupted from the keyboard."""


class NodeFailedError(RuntimeError):
    """A node could not be run, because what it reads could not be had."""


class _Connection(metadata.Metadata):
    """TFX's connection, opened as everybody else opens it."""

    def __enter__(self) -> "_Connection":
        self._store = connect(self.connection_config)
        self._users += 1
        return self


class NodeLauncher(launcher.Launcher):
    """TFX's launcher, which cleans up after an interruption and tells whether the node ran or came from the cache."""

    def __init__(self, *args: Any, beam_arguments: list[str], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._beam_arguments = beam_arguments
        self.state: NodeState = "completed"

    def _prepare_execution(self):
        prepared = super()._prepare_execution()
        if not prepared.is_execution_needed:
            self.state = self._state_of(prepared.execution_info)
        return prepared

    def _state_of(self, execution_info: data_types.ExecutionInfo) -> NodeState:
        if not execution_info.execution_id:
            return "failed"
        with self._mlmd_connection as handle:
            [execution] = handle.store.get_executions_by_id([execution_info.execution_id])
        cached = metadata_store_pb2.Execution.CACHED
        return "cached" if execution.last_known_state == cached else "failed"

    def _run_executor(self, execution_info: data_types.ExecutionInfo) -> execution_result_pb2.ExecutorOutput:
        # TFX cleans up and records the failure for an Exception alone, and a KeyboardInterrupt is none.
        try:
            return run_jobs(
                self._pipeline_node.node_info.id, self._beam_arguments, lambda: self._run_once(execution_info)
            )
        except KeyboardInterrupt as interrupt:
            outputs_utils.remove_output_dirs(execution_info.output_dict)
            raise NodeInterruptedError(self._pipeline_node.node_info.id) from interrupt

    def _run_once(self, execution_info: data_types.ExecutionInfo) -> execution_result_pb2.ExecutorOutput:
        if self._beam_arguments:
            self._executor_operator.beam_pipeline_args = as_placeholders(self._beam_arguments)
        return super()._run_executor(execution_info)


def launch_node(
    pipeline: pipeline_pb2.Pipeline,
    node: pipeline_pb2.PipelineNode,
    connection: metadata_store_pb2.ConnectionConfig,
) -> None:
    """Runs one node or takes it from the cache, and publishes what came of it.

    Raises:
      NodeInterruptedError: it was interrupted from the keyboard; its outputs are gone and it is recorded as failed.
      NodeFailedError: its inputs could not be resolved.
      MetadataError: the database of ML Metadata cannot be reached.
      Exception: whatever its executor raised.
    """
    deployment = runner_utils.extract_local_deployment_config(pipeline)
    name = node.node_info.id
    executor_spec = runner_utils.extract_executor_spec(deployment, name)
    node_launcher = NodeLauncher(
        beam_arguments=take_arguments(executor_spec),
        pipeline_node=node,
        mlmd_connection=_Connection(connection),
        pipeline_info=pipeline.pipeline_info,
        pipeline_runtime_spec=pipeline.runtime_spec,
        executor_spec=executor_spec,
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, name),
    )
    publish(NodeEvent(name, "started"))
    started = time.monotonic()
    state: NodeState = "failed"
    with peak_memory() as memory:
        try:
            with database_errors(connection):
                node_launcher.launch()
            state = node_launcher.state
        finally:
            memory.sample()
            publish(NodeEvent(name, state, time.monotonic() - started, memory.bytes))
    if state == "failed":
        raise NodeFailedError(f"{name}: its inputs could not be resolved; the log says why")
