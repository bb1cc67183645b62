"""What Beam is told of an engine: its pipeline options, as arguments of a command line."""

from pipeline.beam_config import (
    BeamConfig,
    DataflowConfig,
    DirectConfig,
    EngineConfig,
    FlinkConfig,
    PortableConfig,
    SparkConfig,
    WorkersConfig,
)
from pipeline.generation import direct_runner_arguments, flink_versions

# Where no argument names a package or an image, TFX builds an sdist of itself and sends it along with every job.
_PACKAGE_IS_INSTALLED = "--sdk_container_image=installed"

# Nor is a list of what is installed here sent along.
_NO_LIST_OF_PACKAGES = "--experiments=disable_logging_submission_environment"

# In Beam this is not only how long to wait for a job server: a job that takes longer is given up.
_LONGEST_JOB_SECONDS = 30 * 24 * 3600


class EngineError(ValueError):
    """An engine that cannot be used like this; the message names the key."""


def beam_arguments(engine: EngineConfig, wheel: str | None = None) -> list[str]:
    """Arguments for one engine.

    Args:
      engine: its settings.
      wheel: path of the package's wheel, which goes to workers that do not have the package; None: there is none.

    Returns:
      Pipeline options; none at all where Beam's defaults will do.

    Raises:
      EngineError: workers want the wheel, and there is none; Dataflow is not told all it needs; or there is no job
        server for that version of Flink.
    """
    if engine.engine == "direct":
        arguments = _direct(engine.direct or DirectConfig())
        return [_PACKAGE_IS_INSTALLED, *arguments, *engine.arguments] if arguments or engine.arguments else []
    if engine.engine == "dataflow":
        arguments = _dataflow(engine.dataflow or DataflowConfig())
    elif engine.engine == "flink":
        arguments = _flink(engine.flink or FlinkConfig(), wheel)
    elif engine.engine == "spark":
        arguments = _spark(engine.spark or SparkConfig(), wheel)
    else:
        arguments = _portable(engine.portable, wheel)
    return [*arguments, *engine.arguments]


def needs_wheel(beam: BeamConfig) -> bool:
    """Whether some engine's workers get the package with each job."""
    engines = [beam, *beam.per_component.values()]
    sections = [each.flink or each.spark or each.portable for each in engines]
    return any(section is not None and not section.workers.has_package for section in sections)


def _direct(direct: DirectConfig) -> list[str]:
    processes = [f"--direct_num_workers={direct.workers}", "--direct_running_mode=multi_processing"]
    return [*direct_runner_arguments(), *(processes if direct.workers > 1 else [])]


def _flink(flink: FlinkConfig, wheel: str | None) -> list[str]:
    if flink.job_endpoint is None and flink.version not in flink_versions():
        raise EngineError(
            f"flink.version is {flink.version!r}: the installed Beam has job servers for {', '.join(flink_versions())}"
        )
    job_server = [f"--flink_master={flink.master or '[local]'}", f"--flink_version={flink.version}"]
    if flink.job_server_jar is not None:
        job_server.append(f"--flink_job_server_jar={flink.job_server_jar}")
    parallelism = [] if flink.parallelism is None else [f"--parallelism={flink.parallelism}"]
    return [*_job_server("FlinkRunner", flink.job_endpoint, job_server), *parallelism, *_workers(flink.workers, wheel)]


def _spark(spark: SparkConfig, wheel: str | None) -> list[str]:
    job_server = [f"--spark_master_url={spark.master or 'local[*]'}"]
    if spark.job_server_jar is not None:
        job_server.append(f"--spark_job_server_jar={spark.job_server_jar}")
    return [*_job_server("SparkRunner", spark.job_endpoint, job_server), *_workers(spark.workers, wheel)]


def _portable(portable: PortableConfig, wheel: str | None) -> list[str]:
    return [*_job_server("PortableRunner", portable.job_endpoint, []), *_workers(portable.workers, wheel)]


def _job_server(runner: str, endpoint: str | None, own: list[str]) -> list[str]:
    """Of the job server that runs, or else of one that the runner starts for itself."""
    timeout = f"--job_server_timeout={_LONGEST_JOB_SECONDS}"
    if endpoint is not None:
        return ["--runner=PortableRunner", f"--job_endpoint={endpoint}", timeout]
    return [f"--runner={runner}", *own, timeout]


def _workers(workers: WorkersConfig, wheel: str | None) -> list[str]:
    environment = {
        "loopback": ["--environment_type=LOOPBACK"],
        "pool": ["--environment_type=EXTERNAL", f"--environment_config={workers.address}"],
        "container": ["--environment_type=DOCKER", f"--environment_config={workers.image}"],
    }
    if workers.has_package:
        package = _PACKAGE_IS_INSTALLED
    elif wheel is None:
        raise EngineError("workers.has_package is false: here they must have it, as there is no wheel to send them")
    else:
        package = f"--extra_package={wheel}"
    return [
        *environment[workers.environment],
        f"--sdk_worker_parallelism={workers.processes}",
        f"--environment_cache_millis={workers.keep_seconds * 1000}",
        package,
        _NO_LIST_OF_PACKAGES,
    ]


def _dataflow(dataflow: DataflowConfig) -> list[str]:
    for key in ("project", "region", "temp_location", "image"):
        if getattr(dataflow, key) is None:
            raise EngineError(f"dataflow.{key} is needed")
    return [
        "--runner=DataflowRunner",
        f"--project={dataflow.project}",
        f"--region={dataflow.region}",
        f"--temp_location={dataflow.temp_location}",
        # The workers' image has the package: nothing is built and uploaded for each job.
        f"--sdk_container_image={dataflow.image}",
        "--sdk_location=container",
        f"--max_num_workers={dataflow.max_workers}",
        *([f"--worker_machine_type={dataflow.machine_type}"] if dataflow.machine_type else []),
        *([f"--subnetwork={dataflow.subnetwork}"] if dataflow.subnetwork else []),
        *([f"--service_account_email={dataflow.service_account}"] if dataflow.service_account else []),
        *(f"--labels={name}={value}" for name, value in dataflow.labels.items()),
    ]
