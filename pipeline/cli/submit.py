"""`seq2seq submit`: a run of the pipeline on a cluster."""

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.compile import Target, TargetOption, missing_extra_told
from pipeline.cli.options import ConfigPath, Overrides
from pipeline.cli.quiet import quiet_libraries
from pipeline.config import Config
from pipeline.config_file import ConfigError, load_config

if TYPE_CHECKING:
    from pipeline.runners.cluster_run import RunRequest, States, Submitter

_FAILED = 1


def submit(
    config: ConfigPath,
    overrides: Overrides,
    target: TargetOption,
    parameters: Annotated[
        list[str],
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="A parameter of the run: data, push_to, epochs or max_steps; may be given several times.",
            default_factory=list,
            show_default=False,
        ),
    ],
    pipeline_root: Annotated[
        str | None, typer.Option(help="Bucket and path of the artifacts, in place of the configuration's.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be sent, and send nothing.")] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Follow the run to its end.")] = False,
    poll_seconds: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks at the run.")] = 15.0,
) -> None:
    """Compile the pipeline, and send a run of it to a cluster.

    Exits with 1 where the run failed that --wait followed, and with 2 where nothing could be sent.
    """
    settings = load_config(config, overrides)
    with quiet_libraries(), missing_extra_told(target):
        from pipeline.runners.cluster_errors import ClusterError

        try:
            _submit(settings, target, parameters, pipeline_root, dry_run, wait, poll_seconds)
        except ClusterError as error:
            raise ConfigError(f"{config}: {error}") from error


def _submit(
    settings: Config,
    target: Target,
    parameters: list[str],
    pipeline_root: str | None,
    dry_run: bool,
    wait: bool,
    poll_seconds: float,
) -> None:
    from pipeline.runners.cluster_file import to_yaml  # these import TFX
    from pipeline.runners.cluster_run import follow

    request = _request(settings, target, parameters, pipeline_root)
    if dry_run:
        typer.echo(f"# Would be sent to {request.address}")
        typer.echo(to_yaml([request.body]), nl=False)
        return
    submitter, states = _connect(settings, target, request)
    run_id = submitter.submit(request)
    typer.echo(f"Sent {request.run_name} to {request.address}: {submitter.link(run_id)}")
    if wait and not follow(submitter, run_id, states, typer.echo, poll_seconds):
        raise typer.Exit(_FAILED)


def _request(settings: Config, target: Target, parameters: list[str], pipeline_root: str | None) -> "RunRequest":
    from pipeline.runners.cluster_file import compile_for
    from pipeline.runners.cluster_run import parse_parameters, run_name

    documents = compile_for(settings, target.value)
    spec = documents[0] if target is Target.KUBEFLOW else documents[0]["pipelineSpec"]
    values = parse_parameters(parameters, spec, f"deploy.{target.value}")
    name = run_name(settings.name)
    if target is Target.KUBEFLOW:
        from pipeline.runners.kubeflow_client import kubeflow_request

        return kubeflow_request(settings.deploy.kubeflow, documents, values, settings.name, name, pipeline_root)
    from pipeline.runners.vertex_client import vertex_request

    return vertex_request(settings.deploy.vertex, documents, values, name, pipeline_root)


def _connect(settings: Config, target: Target, request: "RunRequest") -> tuple["Submitter", "States"]:
    if target is Target.KUBEFLOW:
        from pipeline.runners import kubeflow_client

        return kubeflow_client.KubeflowSubmitter(settings.deploy.kubeflow), kubeflow_client.STATES
    from pipeline.runners import vertex_client

    return vertex_client.VertexSubmitter(request.address), vertex_client.STATES
