"""Settings of the clusters that a task's pipeline can be compiled for and sent to."""

from typing import Literal

import pydantic
from pydantic import Field

from pipeline.beam_config import BeamConfig
from transform.config import Section

# Of a container image: registry and path in lower case, then perhaps a tag, perhaps a digest.
_IMAGE = r"^[a-z0-9]+([._:/-]+[a-z0-9]+)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"
_IMAGE_DESCRIPTION = "Container image that has this package installed; every step runs in it."
_DATA_DESCRIPTION = "Parameter data: folder of the data, as the cluster sees it; none: to be given with each run."
_PUSH_TO_DESCRIPTION = (
    "Parameter push_to: folder of the pushed versions, as the cluster sees it; none: to be given with each run."
)


class ResourcesConfig(Section):
    """What one step is given of a machine."""

    component: str = Field(min_length=1, description="Name of the step, as Trainer; default: all that are not named.")
    cpu: float | None = Field(None, gt=0.0, le=96.0, description="Most CPU cores; none: the cluster's default.")
    memory_gb: float | None = Field(
        None, gt=0.0, le=624.0, description="Most memory, in gigabytes; none: the cluster's default."
    )
    accelerator: str | None = Field(
        None,
        min_length=1,
        description="Kind of accelerator: nvidia.com/gpu on Kubeflow, as NVIDIA_TESLA_T4 on Vertex AI; none: none.",
    )
    accelerator_count: int = Field(1, ge=1, le=16, description="How many accelerators, if any.")


class VolumeConfig(Section):
    """A volume that every step sees."""

    claim: str = Field(
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$", description="Name of the PersistentVolumeClaim."
    )
    mount_path: str = Field(pattern=r"^/[^:]*$", description="Where it is mounted.")


class ClusterConfig(Section):
    """What all clusters have in common."""

    data: str | None = Field(None, min_length=1, description=_DATA_DESCRIPTION)
    push_to: str | None = Field(None, min_length=1, description=_PUSH_TO_DESCRIPTION)
    resources: list[ResourcesConfig] = Field([], description=ResourcesConfig.__doc__)
    beam: BeamConfig | None = Field(
        None, description="The engine of the Beam pipelines inside the steps; none: as the section beam says."
    )

    @pydantic.field_validator("resources")
    @classmethod
    def _steps_are_named_once(cls, resources: list[ResourcesConfig]) -> list[ResourcesConfig]:
        names = [entry.component for entry in resources]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise ValueError(f"component {name!r} is there more than once")
        return resources


class KubeflowConfig(ClusterConfig):
    """Kubeflow Pipelines, version 2."""

    image: str = Field(pattern=_IMAGE, max_length=512, description=_IMAGE_DESCRIPTION)
    pipeline_root: str | None = Field(
        None,
        pattern=r"^(gs|s3)://.+",
        description="Bucket and path of the artifacts, one that TFX can write: gs:// or s3://; none: with each run.",
    )
    host: str | None = Field(
        None, pattern=r"^https?://.+", description="Address of the Kubeflow Pipelines API; none: with each submission."
    )
    namespace: str | None = Field(
        None,
        pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
        description="Namespace of the runs, where Kubeflow has several users; none: the server's only one.",
    )
    service_account: str | None = Field(
        None,
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$",
        description="Kubernetes service account of the steps; none: the server's default.",
    )
    labels: dict[str, str] = Field({}, description="Labels of the steps' pods.")
    volumes: list[VolumeConfig] = Field([], description=VolumeConfig.__doc__)


class CustomJobConfig(Section):
    """A step that runs as a CustomJob of Vertex AI, on machines of its own."""

    machine_type: str = Field("n1-standard-8", pattern=r"^[a-z0-9-]+$", description="Machine type of Compute Engine.")
    accelerator: str | None = Field(
        None, pattern=r"^[A-Z0-9_]+$", description="Kind of accelerator, as NVIDIA_TESLA_T4; none: none."
    )
    accelerator_count: Literal[1, 2, 4, 8, 16] = Field(1, description="How many accelerators, if any.")


class EndpointConfig(Section):
    """An endpoint of Vertex AI that blessed models are deployed to, besides the folder of versions."""

    name: str = Field(
        min_length=1, max_length=128, description="Display name of the endpoint; created where there is none."
    )
    serving_image: str = Field(
        "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest",
        pattern=_IMAGE,
        description="Image that serves TensorFlow models on Vertex AI.",
    )
    machine_type: str = Field("n1-standard-4", pattern=r"^[a-z0-9-]+$", description="Machine type of the replicas.")
    min_replicas: int = Field(1, ge=1, le=1000, description="Fewest replicas.")
    max_replicas: int = Field(1, ge=1, le=1000, description="Most replicas.")

    @pydantic.model_validator(mode="after")
    def _replicas_are_in_order(self) -> "EndpointConfig":
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas is {self.min_replicas}, but max_replicas {self.max_replicas}")
        return self


class VertexConfig(ClusterConfig):
    """Vertex AI Pipelines."""

    project: str = Field(
        pattern=r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$", description="Project of Google Cloud."
    )
    region: str = Field(pattern=r"^[a-z]+-[a-z]+[0-9]+$", description="Region of all services, as europe-west4.")
    api: str | None = Field(None, pattern=r"^https?://.+", description="Address of the API; none: the region's own.")
    image: str = Field(pattern=_IMAGE, max_length=512, description=_IMAGE_DESCRIPTION)
    pipeline_root: str = Field(pattern=r"^gs://[a-z0-9].+", description="Bucket and path of the artifacts.")
    service_account: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="Service account of the steps; none: the project's default."
    )
    network: str | None = Field(
        None,
        pattern=r"^projects/[^/]+/global/networks/[^/]+$",
        description="Network that the steps are peered with, as projects/NUMBER/global/networks/NAME; none: none.",
    )
    labels: dict[str, str] = Field({}, description="Labels of the pipeline job, its CustomJobs and Dataflow jobs.")
    training: CustomJobConfig | None = Field(None, description="Trainer as a CustomJob; none: in the step itself.")
    tuning: CustomJobConfig | None = Field(None, description="Tuner as a CustomJob; none: in the step itself.")
    endpoint: EndpointConfig | None = Field(None, description=EndpointConfig.__doc__)


class DeployConfig(Section):
    """Clusters that the pipeline can be sent to."""

    kubeflow: KubeflowConfig | None = Field(None, description=KubeflowConfig.__doc__)
    vertex: VertexConfig | None = Field(None, description=VertexConfig.__doc__)
