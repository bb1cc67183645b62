"""Settings of a cluster that a configuration may not have."""

import pytest

from pipeline.config_file import ConfigError
from tests.pipeline.toy_task import seq2seq, write_task

IMAGE = "registry.example.com/seq2seq:1"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("image", "No Image", "deploy.kubeflow.image: found 'No Image'"),
        ("pipeline_root", "minio://bucket/root", "deploy.kubeflow.pipeline_root: found 'minio://bucket/root'"),
        ("resources", [{"component": "Trainer", "cpu": 0}], "deploy.kubeflow.resources.0.cpu: found 0"),
        ("resources", [{"component": "a"}, {"component": "a"}], "component 'a' is there more than once"),
        ("volumes", [{"claim": "Models", "mount_path": "/m"}], "deploy.kubeflow.volumes.0.claim: found 'Models'"),
        ("serviceaccount", "x", "deploy.kubeflow.serviceaccount: unknown key; did you mean service_account?"),
    ],
)
def test_settings_of_a_cluster_are_checked_when_they_are_read(tmp_path, key, value, said):
    config = write_task(tmp_path, deploy={"kubeflow": {"image": IMAGE, key: value}}).config
    with pytest.raises(ConfigError) as told:
        seq2seq("config", "show", config)
    assert said in str(told.value)
