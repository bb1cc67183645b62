"""Runs are sent with the official clients, as the APIs' published schemas say, and followed to their end."""

import json
import sys

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from pipeline.config_file import ConfigError
from tests.pipeline.cluster_server import serving
from tests.pipeline.toy_task import seq2seq, write_task

pytestmark = pytest.mark.tfx

PARAMETERS = ("--parameter", "data=gs://bucket/data", "--parameter", "push_to=gs://bucket/served")


def write_config(folder, address="http://localhost:1", **kubeflow):
    folder.mkdir(exist_ok=True)
    return write_task(
        folder,
        deploy={
            "kubeflow": {"image": "registry.example.com/seq2seq:1", "host": address, **kubeflow},
            "vertex": {
                "project": "some-project",
                "region": "europe-west4",
                "api": address,
                "image": "registry.example.com/seq2seq:1",
                "pipeline_root": "gs://bucket/root",
                "service_account": "runner@some-project.iam.gserviceaccount.com",
                "labels": {"team": "nlp"},
            },
        },
    ).config


@pytest.fixture
def google_credentials(tmp_path, monkeypatch):
    """Gives a function that makes a service account's key, whose tokens would come from an address."""

    def use(address):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = tmp_path / "key.json"
        account = {
            "type": "service_account",
            "client_email": "someone@some-project.iam.gserviceaccount.com",
            "private_key": pem.decode(),
            "token_uri": f"{address}/token",
        }
        path.write_text(json.dumps(account), encoding="utf-8")
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))

    return use


def test_kubeflow_gets_an_experiment_and_a_run_and_is_followed(tmp_path):
    import kfp_server_api
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    with serving("SUCCEEDED") as cluster:
        config = write_config(tmp_path / "toy", cluster.address, service_account="runner", labels={"team": "nlp"})
        arguments = ("submit", config, "--target", "kubeflow", *PARAMETERS, "--parameter", "epochs=1")
        outcome = seq2seq(*arguments, "--pipeline-root", "gs://bucket/root", "--wait", "--poll-seconds", "0.1")
        _, _, body = cluster.created()
    assert outcome.exit_code == 0, outcome.output
    lines = outcome.output.splitlines()
    assert lines[0].endswith(f"to {cluster.address}: {cluster.address}/#/runs/details/r1")
    assert lines[1:] == ["PENDING", "RUNNING", "SUCCEEDED"]
    [experiment] = [request[4] for request in cluster.requests if request[:2] == ("POST", "/apis/v2beta1/experiments")]
    assert experiment["display_name"] == "toy"
    assert set(body) <= set(kfp_server_api.V2beta1Run.attribute_map.values())
    assert set(body["runtime_config"]) <= set(kfp_server_api.V2beta1RuntimeConfig.attribute_map.values())
    assert body["experiment_id"] == "e1"
    assert body["service_account"] == "runner"
    assert body["runtime_config"] == {
        "parameters": {"data": "gs://bucket/data", "push_to": "gs://bucket/served", "epochs": 1},
        "pipeline_root": "gs://bucket/root",
    }
    spec = json_format.ParseDict(body["pipeline_spec"]["pipeline_spec"], pipeline_spec_pb2.PipelineSpec())
    assert spec.pipeline_info.name == "toy"
    executors = body["pipeline_spec"]["platform_spec"]["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors["Trainer_executor"] == {"podMetadata": {"labels": {"team": "nlp"}}}


def test_vertex_gets_a_pipeline_job_and_is_followed(tmp_path, google_credentials):
    from google.auth import jwt
    from google.cloud import aiplatform_v1

    with serving("PIPELINE_STATE_FAILED") as cluster:
        google_credentials(cluster.address)
        config = write_config(tmp_path / "toy", cluster.address)
        outcome = seq2seq(
            *("submit", config, "--target", "vertex", *PARAMETERS, "--parameter", "max_steps=7"),
            *("--wait", "--poll-seconds", "0.1"),
        )
        query, headers, body = cluster.created()
    assert outcome.exit_code == 1, outcome.output
    assert outcome.output.splitlines()[1:] == ["PENDING", "RUNNING", "FAILED"]
    assert "https://console.cloud.google.com/vertex-ai/pipelines/locations/europe-west4/runs/toy-" in outcome.output
    [path] = [request[1] for request in cluster.requests if request[1].endswith("/pipelineJobs")]
    assert path == "/v1/projects/some-project/locations/europe-west4/pipelineJobs"
    # A service account signs its token itself.
    token = headers["authorization"].removeprefix("Bearer ")
    assert jwt.decode(token, verify=False)["iss"] == "someone@some-project.iam.gserviceaccount.com"
    assert query["pipelineJobId"][0].startswith("toy-")
    job = aiplatform_v1.PipelineJob.from_json(json.dumps(body))
    assert job.display_name == "toy"
    assert job.labels["team"] == "nlp"
    assert job.service_account == "runner@some-project.iam.gserviceaccount.com"
    assert job.runtime_config.gcs_output_directory == "gs://bucket/root"
    assert dict(job.runtime_config.parameter_values) == {
        "data": "gs://bucket/data",
        "push_to": "gs://bucket/served",
        "max_steps": 7,
    }
    assert "Trainer" in job.pipeline_spec["root"]["dag"]["tasks"]


@pytest.mark.parametrize("target", ["kubeflow", "vertex"])
def test_a_dry_run_prints_what_would_be_sent_and_sends_nothing(tmp_path, target):
    with serving() as cluster:
        config = write_config(tmp_path / "toy", cluster.address)
        outcome = seq2seq("submit", config, "--target", target, *PARAMETERS, "--dry-run")
    assert outcome.exit_code == 0, outcome.output
    assert cluster.requests == []
    assert outcome.output.startswith(f"# Would be sent to {cluster.address}\n")
    body = yaml.safe_load(outcome.output)
    sent = body["run"]["runtime_config"] if target == "kubeflow" else body["pipelineJob"]["runtimeConfig"]
    values = sent["parameters"] if target == "kubeflow" else sent["parameterValues"]
    assert values == {"data": "gs://bucket/data", "push_to": "gs://bucket/served"}


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ((), "parameter data is needed: set deploy.kubeflow.data, or give --parameter data=VALUE"),
        ((*PARAMETERS, "--parameter", "epochs=0"), "--parameter epochs=0: wanted a whole number from 1"),
        ((*PARAMETERS, "--parameter", "max_steps=many"), "--parameter max_steps=many: wanted a whole number from 0"),
        ((*PARAMETERS, "--parameter", "seed=1"), "with a name out of data, epochs, max_steps, push_to"),
        ((*PARAMETERS, "--parameter", "data="), "--parameter data=: the value is empty"),
    ],
)
def test_parameters_are_checked_before_anything_is_sent(tmp_path, parameters, said):
    with serving() as cluster:
        config = write_config(tmp_path / "toy", cluster.address)
        with pytest.raises(ConfigError, match=said):
            seq2seq("submit", config, "--target", "kubeflow", *parameters)
    assert cluster.requests == []


def test_what_the_server_refuses_is_told_in_one_line(tmp_path, google_credentials):
    with serving(refusal=403) as cluster:
        google_credentials(cluster.address)
        config = write_config(tmp_path / "toy", cluster.address)
        for target, hint in (("kubeflow", "KF_PIPELINES_SA_TOKEN_PATH"), ("vertex", "")):
            with pytest.raises(ConfigError, match=r"answered 403 .*not allowed here") as told:
                seq2seq("submit", config, "--target", target, *PARAMETERS)
            assert hint in str(told.value)


def test_a_token_is_sent_to_kubeflow(tmp_path, monkeypatch):
    (tmp_path / "token").write_text("secret", encoding="utf-8")
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    with serving() as cluster:
        config = write_config(tmp_path / "toy", cluster.address)
        assert seq2seq("submit", config, "--target", "kubeflow", *PARAMETERS).exit_code == 0
        assert cluster.created()[1]["authorization"] == "Bearer secret"


def test_a_server_that_is_not_there_is_told(tmp_path):
    config = write_config(tmp_path / "toy")
    with pytest.raises(ConfigError, match="http://localhost:1 cannot be reached"):
        seq2seq("submit", config, "--target", "kubeflow", *PARAMETERS)


def test_missing_credentials_are_told(tmp_path, monkeypatch):
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    config = write_config(tmp_path / "toy")
    with pytest.raises(ConfigError, match="no credentials of Google Cloud: call `gcloud auth application-default"):
        seq2seq("submit", config, "--target", "vertex", *PARAMETERS)


def test_a_missing_client_is_told_with_the_extra_that_installs_it(tmp_path, monkeypatch):
    config = write_config(tmp_path / "toy")
    monkeypatch.delitem(sys.modules, "pipeline.runners.kubeflow_client", raising=False)
    monkeypatch.setitem(sys.modules, "kfp_server_api", None)
    with pytest.raises(ConfigError, match=r"kfp_server_api.*pip install 'tfx-seq2seq\[kubeflow\]'"):
        seq2seq("submit", config, "--target", "kubeflow", *PARAMETERS)
