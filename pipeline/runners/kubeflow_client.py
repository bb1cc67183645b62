"""Sends runs to Kubeflow Pipelines with its official client, the package kfp."""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import kfp
import kfp_server_api
import urllib3
from kfp.client.set_volume_credentials import ServiceAccountTokenVolumeCredentials

from pipeline.deploy_config import KubeflowConfig
from pipeline.runners.cluster_errors import ClusterError
from pipeline.runners.cluster_file import to_yaml
from pipeline.runners.cluster_run import RunRequest, States, without_none

STATES = States(
    succeeded=frozenset({"SUCCEEDED", "SKIPPED"}), failed=frozenset({"FAILED", "CANCELED", "CANCELLED", "ERROR"})
)

_TOKEN_PATH = "KF_PIPELINES_SA_TOKEN_PATH"


def kubeflow_request(
    kubeflow: KubeflowConfig,
    documents: list[dict[str, Any]],
    parameters: dict[str, str | int],
    task: str,
    run_name: str,
    pipeline_root: str | None,
) -> RunRequest:
    """What is sent for a run.

    Args:
      kubeflow: address, namespace and service account.
      documents: what `compile_for_kubeflow` made.
      parameters: of the run.
      task: its name, which is that of the experiment.
      run_name: of the run.
      pipeline_root: bucket and path of the artifacts; None: the compiled one, or the server's own.

    Raises:
      ClusterError: there is no address.
    """
    if kubeflow.host is None:
        raise ClusterError("deploy.kubeflow.host is needed: the address of the Kubeflow Pipelines API")
    spec, *platform = documents
    run = without_none(
        {
            "display_name": run_name,
            "pipeline_spec": {"pipeline_spec": spec, "platform_spec": platform[0]} if platform else spec,
            "runtime_config": without_none({"parameters": parameters, "pipeline_root": pipeline_root}),
            "service_account": kubeflow.service_account,
        }
    )
    return RunRequest(
        kubeflow.host, run_name, without_none({"experiment": task, "namespace": kubeflow.namespace, "run": run})
    )


class KubeflowSubmitter:
    """A connection to the API of Kubeflow Pipelines.

    Credentials are those that kfp finds: the token in the file that KF_PIPELINES_SA_TOKEN_PATH names, that of Google
    for a host of googleusercontent.com, or those in the context file of kfp.
    """

    def __init__(self, kubeflow: KubeflowConfig):
        """Connects.

        Args:
          kubeflow: address and namespace.

        Raises:
          ClusterError: the API cannot be reached.
        """
        self._host = str(kubeflow.host).rstrip("/")
        has_token = _TOKEN_PATH in os.environ
        with _errors_in_one_line(self._host):
            self._client = kfp.Client(
                host=self._host,
                namespace=kubeflow.namespace or "kubeflow",
                credentials=ServiceAccountTokenVolumeCredentials() if has_token else None,
            )

    def submit(self, request: RunRequest) -> str:
        """Creates the experiment where there is none, and the run in it.

        Raises:
          ClusterError: the server refused it, or cannot be reached.
        """
        run = request.body["run"]
        spec = run["pipeline_spec"]
        documents = [spec["pipeline_spec"], spec["platform_spec"]] if "platform_spec" in spec else [spec]
        with (
            _errors_in_one_line(self._host),
            contextlib.redirect_stdout(io.StringIO()),  # kfp prints links
            tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as package,
        ):
            package.write(to_yaml(documents))
            package.flush()
            experiment = self._client.create_experiment(
                request.body["experiment"], namespace=request.body.get("namespace")
            )
            created = self._client.run_pipeline(
                experiment.experiment_id,
                run["display_name"],
                pipeline_package_path=package.name,
                params=run["runtime_config"]["parameters"],
                pipeline_root=run["runtime_config"].get("pipeline_root"),
                service_account=run.get("service_account"),
            )
            return created.run_id

    def state(self, run_id: str) -> str:
        """The run's state, as RUNNING.

        Raises:
          ClusterError: the server does not know it, or cannot be reached.
        """
        with _errors_in_one_line(self._host):
            return self._client.get_run(run_id).state or "PENDING"

    def link(self, run_id: str) -> str:
        """The run's page in Kubeflow's own interface."""
        return f"{self._host}/#/runs/details/{run_id}"


@contextlib.contextmanager
def _errors_in_one_line(host: str) -> Iterator[None]:
    try:
        yield
    except kfp_server_api.ApiException as error:
        hint = f"; a token's file can be named by {_TOKEN_PATH}" if error.status in (401, 403) else ""
        raise ClusterError(f"{host} answered {error.status} {error.reason}: {error.body}{hint}") from error
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ClusterError(f"{host} cannot be reached: {error}") from error
