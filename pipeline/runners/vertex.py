"""Compiles a task's pipeline for Vertex AI Pipelines."""

import re
from typing import Any

from tfx import types
from tfx.dsl.components.base import executor_spec
from tfx.dsl.components.base.base_node import BaseNode
from tfx.extensions.google_cloud_ai_platform import constants
from tfx.extensions.google_cloud_ai_platform.pusher.component import Pusher
from tfx.extensions.google_cloud_ai_platform.trainer.executor import TRAINING_ARGS_KEY
from tfx.extensions.google_cloud_ai_platform.tuner.executor import TUNING_ARGS_KEY

from components.vertex_jobs import VertexTrainerExecutor, VertexTuner
from pipeline.config import Config
from pipeline.create import create_pipeline
from pipeline.deploy_config import CustomJobConfig, VertexConfig
from pipeline.placement import OnCluster, parameters_of
from pipeline.runners.cluster_errors import ClusterError
from pipeline.runners.cluster_limits import check_cloud_labels, check_spec
from pipeline.runners.cluster_spec import beam_on_cluster, compile_job, set_parameters, set_resources

_KEY = "deploy.vertex"

# Runs are named after the task, and Vertex AI has names begin with a letter.
_JOB_NAME = re.compile(r"[a-z][a-z0-9-]*")


def compile_for_vertex(config: Config) -> dict[str, Any]:
    """Compiles a task's pipeline.

    Returns:
      The PipelineJob, in the form of its JSON.

    Raises:
      ClusterError: the configuration has no `deploy.vertex`, or a limit of the target is passed.
    """
    vertex = config.deploy.vertex
    if vertex is None:
        raise ClusterError(f"{_KEY}: this section is needed, with project, region, image and pipeline_root")
    if not _JOB_NAME.fullmatch(config.name):
        raise ClusterError(f"name is {config.name!r}: on Vertex AI it must begin with a letter")
    check_cloud_labels(vertex.labels, f"{_KEY}.labels")
    parameters = parameters_of(config, vertex.data, vertex.push_to)
    place = OnVertex(parameters, vertex.pipeline_root, config, beam_on_cluster(config, "vertex"))
    job = compile_job(create_pipeline(config, place), vertex.image)
    spec = job["pipelineSpec"]
    set_parameters(spec, parameters)
    set_resources(spec, vertex.resources, f"{_KEY}.resources")
    spec["defaultPipelineRoot"] = vertex.pipeline_root
    check_spec(spec)
    return {**job, "displayName": config.name, "labels": {**job.get("labels", {}), **vertex.labels}}


class OnVertex(OnCluster):
    """A cluster with machines for training alone, and endpoints, each where the configuration asks for it."""

    def training_job(self) -> dict[str, Any]:
        """The CustomJob of the Trainer, if there is to be one."""
        machines = self._config.deploy.vertex.training
        return {} if machines is None else self._job(TRAINING_ARGS_KEY, machines, "training")

    def trainer_executor(self) -> executor_spec.ExecutorSpec | None:
        """What starts the CustomJob, if there is to be one."""
        if self._config.deploy.vertex.training is None:
            return None
        return executor_spec.ExecutorClassSpec(VertexTrainerExecutor)

    def tuner(self, custom_config: dict[str, Any], **arguments: Any) -> BaseNode:
        """The Tuner, as a CustomJob if it is to be one."""
        machines = self._config.deploy.vertex.tuning
        if machines is None:
            return super().tuner(custom_config, **arguments)
        job = self._job(TUNING_ARGS_KEY, machines, "tuning")
        return VertexTuner(custom_config={**custom_config, **job}, **arguments).with_id("Tuner")

    def _job(self, key: str, machines: CustomJobConfig, purpose: str) -> dict[str, Any]:
        vertex = self._config.deploy.vertex
        return {
            constants.ENABLE_VERTEX_KEY: True,
            constants.VERTEX_REGION_KEY: vertex.region,
            key: custom_job(vertex, machines, f"{self._config.name}-{purpose}"),
        }

    def further_pushers(self, **channels: types.BaseChannel | None) -> list[BaseNode]:
        """The step that deploys to an endpoint, if there is to be one."""
        vertex = self._config.deploy.vertex
        endpoint = vertex.endpoint
        if endpoint is None:
            return []
        pusher = Pusher(
            **channels,
            custom_config={
                constants.ENABLE_VERTEX_KEY: True,
                constants.VERTEX_REGION_KEY: vertex.region,
                constants.VERTEX_CONTAINER_IMAGE_URI_KEY: endpoint.serving_image,
                constants.SERVING_ARGS_KEY: {
                    "project_id": vertex.project,
                    "endpoint_name": endpoint.name,
                    "machine_type": endpoint.machine_type,
                    "min_replica_count": endpoint.min_replicas,
                    "max_replica_count": endpoint.max_replicas,
                },
            },
        )
        return [pusher.with_id("EndpointPusher")]


def custom_job(vertex: VertexConfig, machines: CustomJobConfig, name: str) -> dict[str, Any]:
    """A CustomJob of one machine, as TFX takes it: in the form of its JSON, with its project.

    Args:
      vertex: image, labels, service account and network.
      machines: what kind of machine.
      name: of the job, for people.
    """
    machine: dict[str, Any] = {"machine_type": machines.machine_type}
    if machines.accelerator is not None:
        machine |= {"accelerator_type": machines.accelerator, "accelerator_count": machines.accelerator_count}
    job: dict[str, Any] = {
        "worker_pool_specs": [
            {"machine_spec": machine, "replica_count": 1, "container_spec": {"image_uri": vertex.image}}
        ]
    }
    if vertex.service_account is not None:
        job["service_account"] = vertex.service_account
    if vertex.network is not None:
        job["network"] = vertex.network
    return {"project": vertex.project, "display_name": name, "job_spec": job, "labels": dict(vertex.labels)}
