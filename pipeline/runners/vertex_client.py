"""Sends runs to Vertex AI with its official client, the package google-cloud-aiplatform."""

import contextlib
import json
from collections.abc import Iterator
from typing import Any

import google.auth.exceptions
from google.api_core import exceptions
from google.cloud import aiplatform_v1

from pipeline.deploy_config import VertexConfig
from pipeline.runners.cluster_errors import ClusterError
from pipeline.runners.cluster_run import RunRequest, States, without_none

STATES = States(succeeded=frozenset({"SUCCEEDED"}), failed=frozenset({"FAILED", "CANCELLED", "PAUSED"}))

_STATE_PREFIX = "PIPELINE_STATE_"
_CALL_SECONDS = 60.0


def vertex_request(
    vertex: VertexConfig,
    documents: list[dict[str, Any]],
    parameters: dict[str, str | int],
    run_name: str,
    pipeline_root: str | None,
) -> RunRequest:
    """What is sent for a run.

    Args:
      vertex: project, region, service account and network.
      documents: what `compile_for_vertex` made, alone in a list.
      parameters: of the run.
      run_name: of the run, which becomes the job's id.
      pipeline_root: bucket and path of the artifacts; None: the compiled one.

    Raises:
      ClusterError: the pipeline root is none of Cloud Storage.
    """
    [job] = documents
    root = pipeline_root or vertex.pipeline_root
    if not root.startswith("gs://"):
        raise ClusterError(f"--pipeline-root {root}: wanted gs://BUCKET/PATH")
    body = without_none(
        {
            **job,
            "runtimeConfig": {"gcsOutputDirectory": root, "parameterValues": parameters},
            "serviceAccount": vertex.service_account,
            "network": vertex.network,
        }
    )
    return RunRequest(
        vertex.api or f"https://{vertex.region}-aiplatform.googleapis.com",
        run_name,
        {
            "parent": f"projects/{vertex.project}/locations/{vertex.region}",
            "pipelineJobId": run_name,
            "pipelineJob": body,
        },
    )


class VertexSubmitter:
    """A connection to Vertex AI, with the Application Default Credentials of Google Cloud."""

    def __init__(self, address: str):
        """Connects.

        Args:
          address: of the API.

        Raises:
          ClusterError: there are no credentials.
        """
        self._address = address
        with _errors_in_one_line(address):
            self._client = aiplatform_v1.PipelineServiceClient(
                transport="rest", client_options={"api_endpoint": address}
            )

    def submit(self, request: RunRequest) -> str:
        """Creates the PipelineJob.

        Raises:
          ClusterError: it was refused, or the API cannot be reached.
        """
        job = aiplatform_v1.PipelineJob.from_json(json.dumps(request.body["pipelineJob"]))
        with _errors_in_one_line(self._address):
            created = self._client.create_pipeline_job(
                parent=request.body["parent"],
                pipeline_job=job,
                pipeline_job_id=request.body["pipelineJobId"],
                timeout=_CALL_SECONDS,
            )
        return created.name

    def state(self, run_id: str) -> str:
        """The job's state, as RUNNING.

        Raises:
          ClusterError: the API does not know it, or cannot be reached.
        """
        with _errors_in_one_line(self._address):
            job = self._client.get_pipeline_job(name=run_id, timeout=_CALL_SECONDS)
        return aiplatform_v1.PipelineState(job.state).name.removeprefix(_STATE_PREFIX)

    def link(self, run_id: str) -> str:
        """The job's page in the console of Google Cloud."""
        _, project, _, region, _, job = run_id.split("/")
        return f"https://console.cloud.google.com/vertex-ai/pipelines/locations/{region}/runs/{job}?project={project}"


@contextlib.contextmanager
def _errors_in_one_line(address: str) -> Iterator[None]:
    try:
        yield
    except google.auth.exceptions.DefaultCredentialsError as error:
        raise ClusterError(
            "no credentials of Google Cloud: call `gcloud auth application-default login`, or let"
            " GOOGLE_APPLICATION_CREDENTIALS name a key's file"
        ) from error
    except google.auth.exceptions.GoogleAuthError as error:
        raise ClusterError(f"the credentials of Google Cloud are no good: {error}") from error
    except exceptions.GoogleAPICallError as error:
        raise ClusterError(f"{address} answered {error.code} {error.message}") from error
    except OSError as error:
        raise ClusterError(f"{address} cannot be reached: {error}") from error
