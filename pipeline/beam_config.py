"""Settings of the engine that runs the Beam pipelines inside the components."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section

# Components whose work is a Beam pipeline.
BEAM_COMPONENTS = (
    "ParallelTextExampleGen",
    "StatisticsGen",
    "TextProfiler",
    "Transform",
    "TransformedStatisticsGen",
    "Evaluator",
)

_ADDRESS = r"^[^\s:/]+:[0-9]{1,5}$"
_JAR_DESCRIPTION = "Jar of the job server, a file or an URL; none: Beam fetches that of its own version."
_JOB_ENDPOINT_DESCRIPTION = "Address of a job server that runs, HOST:PORT; none: one is started for each component."


class WorkersConfig(Section):
    """Where the Python workers of a job server run."""

    environment: Literal["loopback", "pool", "container"] = Field(
        "loopback",
        description=(
            "In the process that sends the job; in a worker pool, a process beside each machine of the engine; or in"
            " containers that the engine starts."
        ),
    )
    address: str | None = Field(
        None, pattern=_ADDRESS, description="Environment pool: its address as the engine sees it, HOST:PORT."
    )
    image: str | None = Field(None, min_length=1, description="Environment container: its image.")
    has_package: bool = Field(
        True,
        description=(
            "Pool or container has this package installed, of the same version; false: each job brings it as a wheel."
        ),
    )
    processes: int = Field(1, ge=1, le=1024, description="Worker processes for each machine of the engine.")
    keep_seconds: int = Field(
        600, ge=0, le=86_400, description="How long a worker waits for more to do, of the same job, before it ends."
    )

    @pydantic.model_validator(mode="after")
    def _settings_of_one_environment(self) -> "WorkersConfig":
        for environment, key in (("pool", "address"), ("container", "image")):
            given = getattr(self, key)
            if environment == self.environment and given is None:
                raise ValueError(f"{key} is needed where environment is {environment!r}")
            if environment != self.environment and given is not None:
                raise ValueError(f"{key} is {given!r}, but environment is {self.environment!r}, not {environment!r}")
        if self.environment == "loopback" and not self.has_package:
            raise ValueError("has_package is false, but environment is 'loopback', where workers have what you have")
        return self


class DirectConfig(Section):
    """Beam's own runner, on the machine of the component."""

    workers: int = Field(1, ge=1, le=1024, description="Worker processes; 1: all in the process of the component.")


class FlinkConfig(Section):
    """Apache Flink."""

    job_endpoint: str | None = Field(None, pattern=_ADDRESS, description=_JOB_ENDPOINT_DESCRIPTION)
    master: str | None = Field(
        None,
        pattern=r"^(\[local\]|(https?://)?[^\s:/]+:[0-9]{1,5})$",
        description=(
            "Address of the JobManager's REST API, HOST:PORT; none: [local], a cluster inside the job server. A job"
            " server that runs has its own."
        ),
    )
    version: Literal["1.17", "1.18", "1.19", "1.20", "2.0", "2.1", "2.2"] = Field(
        "1.19",
        description=(
            "Version of Flink, up to 1.19 under TFX 1.16, from 1.19 on under TFX 1.21. A job server that runs has its"
            " own."
        ),
    )
    job_server_jar: str | None = Field(None, min_length=1, description=_JAR_DESCRIPTION)
    parallelism: int | None = Field(
        None, ge=1, le=32_768, description="Parts that run at a time, of each step; none: the cluster's default."
    )
    workers: WorkersConfig = Field(WorkersConfig(), description=WorkersConfig.__doc__)

    @pydantic.model_validator(mode="after")
    def _one_job_server(self) -> "FlinkConfig":
        _refuse_beside_endpoint(self.job_endpoint, master=self.master, job_server_jar=self.job_server_jar)
        return self


class SparkConfig(Section):
    """Apache Spark."""

    job_endpoint: str | None = Field(None, pattern=_ADDRESS, description=_JOB_ENDPOINT_DESCRIPTION)
    master: str | None = Field(
        None,
        pattern=r"^(local(\[(\d+|\*)\])?|spark://\S+)$",
        description="URL of the master, spark://HOST:PORT; none: local[*], inside the job server.",
    )
    job_server_jar: str | None = Field(None, min_length=1, description=_JAR_DESCRIPTION)
    workers: WorkersConfig = Field(WorkersConfig(), description=WorkersConfig.__doc__)

    @pydantic.model_validator(mode="after")
    def _one_job_server(self) -> "SparkConfig":
        _refuse_beside_endpoint(self.job_endpoint, master=self.master, job_server_jar=self.job_server_jar)
        return self


class DataflowConfig(Section):
    """Dataflow, of Google Cloud. Whoever compiles for Vertex AI need not repeat what is in deploy.vertex."""

    project: str | None = Field(
        None,
        pattern=r"^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$",
        description="Project of Google Cloud; none: that of deploy.vertex.",
    )
    region: str | None = Field(
        None, pattern=r"^[a-z]+-[a-z]+[0-9]+$", description="Region, as europe-west4; none: that of deploy.vertex."
    )
    temp_location: str | None = Field(
        None,
        pattern=r"^gs://.+",
        description="Bucket and path of temporary files; none: dataflow below deploy.vertex.pipeline_root.",
    )
    image: str | None = Field(
        None,
        min_length=1,
        description="Image of the workers, with this package installed; none: that of deploy.vertex.",
    )
    machine_type: str | None = Field(None, pattern=r"^[a-z0-9-]+$", description="Machine type of the workers.")
    max_workers: int = Field(10, ge=1, le=4000, description="Most workers.")
    subnetwork: str | None = Field(None, min_length=1, description="Subnetwork of the workers, as a full URL.")
    service_account: str | None = Field(
        None, pattern=r"^[^@\s]+@[^@\s]+$", description="Service account of the workers; none: that of deploy.vertex."
    )
    labels: dict[str, str] = Field({}, description="Labels of the jobs, besides those of deploy.vertex.")


class PortableConfig(Section):
    """Any engine that takes jobs by Beam's job API."""

    job_endpoint: str = Field(pattern=_ADDRESS, description="Address of the job server, HOST:PORT.")
    workers: WorkersConfig = Field(WorkersConfig(), description=WorkersConfig.__doc__)


class EngineConfig(Section):
    """An engine, and its settings in the section of its name; those of another engine are refused."""

    engine: Literal["direct", "flink", "spark", "dataflow", "portable"] = Field(
        "direct", description="What runs the Beam pipelines."
    )
    direct: DirectConfig | None = Field(None, description=DirectConfig.__doc__)
    flink: FlinkConfig | None = Field(None, description=FlinkConfig.__doc__)
    spark: SparkConfig | None = Field(None, description=SparkConfig.__doc__)
    dataflow: DataflowConfig | None = Field(None, description=DataflowConfig.__doc__)
    portable: PortableConfig | None = Field(None, description=PortableConfig.__doc__)
    arguments: list[str] = Field(
        [], description="Further arguments of Beam's pipeline options, as --NAME=VALUE; of two the last one counts."
    )

    @pydantic.model_validator(mode="after")
    def _settings_of_one_engine(self) -> "EngineConfig":
        for engine in ("direct", "flink", "spark", "dataflow", "portable"):
            if engine != self.engine and getattr(self, engine) is not None:
                raise ValueError(
                    f"{engine} is given, but engine is {self.engine!r}: leave it out, or set engine: {engine}"
                )
        if self.engine == "portable" and self.portable is None:
            raise ValueError("portable.job_endpoint is needed where engine is 'portable'")
        return self

    @pydantic.field_validator("arguments")
    @classmethod
    def _arguments_are_options(cls, arguments: list[str]) -> list[str]:
        for argument in arguments:
            if not argument.startswith("--") or argument.startswith("--runner"):
                raise ValueError(f"{argument!r} is none: wanted --NAME=VALUE, and not --runner, which engine says")
        return arguments


class BeamConfig(EngineConfig):
    """The engine that runs the Beam pipelines inside the components."""

    per_component: dict[str, EngineConfig] = Field(
        {}, description="Engines of single components, by their names, in place of the one above."
    )

    @pydantic.field_validator("per_component")
    @classmethod
    def _components_run_beam(cls, engines: dict[str, EngineConfig]) -> dict[str, EngineConfig]:
        for name in engines:
            if name not in BEAM_COMPONENTS:
                raise ValueError(f"{name!r} is no component that runs Beam: these do: {', '.join(BEAM_COMPONENTS)}")
        return engines

    def engine_of(self, component: str) -> EngineConfig:
        """The engine of a component."""
        return self.per_component.get(component, self)


def _refuse_beside_endpoint(job_endpoint: str | None, **settings: str | None) -> None:
    for key, value in settings.items():
        if job_endpoint is not None and value is not None:
            raise ValueError(f"{key} is {value!r}, but job_endpoint names a job server that runs and has its own")
