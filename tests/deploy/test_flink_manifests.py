"""The manifests of the session cluster of Flink: valid, hardened, and of the versions that Beam can work with."""

from importlib import metadata

import pytest
import yaml

from tests.deploy.manifests import ROOT, built, check, check_hardened, check_volumes, containers, only, pods, written

FLINK = ROOT / "deploy" / "flink" / "kubernetes"
MANIFESTS = written(FLINK)
PODS = pods(MANIFESTS.values())
CONF = yaml.safe_load((FLINK / "flink-conf.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(MANIFESTS))
def test_a_manifest_is_what_kubernetes_takes(name):
    check(MANIFESTS[name])


@pytest.mark.parametrize("name", sorted(PODS))
def test_a_pod_has_few_rights_and_all_its_volumes(name):
    check_hardened(PODS[name])
    check_volumes(PODS[name])


def test_what_kustomize_builds_is_what_kubernetes_takes():
    manifests = built(FLINK)
    for manifest in manifests:
        check(manifest)
    images = {container["image"].partition(":")[0] for pod in pods(manifests).values() for container in containers(pod)}
    assert images == {"flink", "apache/beam_flink1.18_job_server", "registry.example.com/seq2seq"}
    config = only(manifests, "ConfigMap")["metadata"]["name"]
    for name in ("flink-job-manager", "flink-task-manager"):
        assert {"name": "config", "configMap": {"name": config}} in pods(manifests)[name]["volumes"]


def test_every_pod_sees_the_workspace_at_the_same_place():
    for pod in PODS.values():
        for container in containers(pod):
            [path] = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == "workspace"]
            assert path == "/workspace"


def test_each_task_manager_has_a_worker_pool_beside_it():
    manager, pool = PODS["flink-task-manager"]["containers"]
    assert pool["args"] == ["beam-workers", f"--address=0.0.0.0:{pool['ports'][0]['containerPort']}"]
    assert "command" not in pool, "the image's entry point is seq2seq"
    assert pool["image"] == PODS["pipeline"]["containers"][0]["image"]
    assert manager["resources"]["limits"]["memory"] == "4Gi"


def test_ports_are_those_of_the_configuration_and_of_the_service():
    ports = {
        (container["name"], port["name"]): port["containerPort"]
        for pod in PODS.values()
        for container in containers(pod)
        for port in container.get("ports", [])
    }
    assert ports["job-manager", "rpc"] == CONF["jobmanager.rpc.port"]
    assert ports["job-manager", "blobs"] == CONF["blob.server.port"]
    assert ports["task-manager", "rpc"] == CONF["taskmanager.rpc.port"]
    assert ports["task-manager", "data"] == CONF["taskmanager.data.port"]
    service = MANIFESTS["job_manager_service.yaml"]
    assert service["metadata"]["name"] == CONF["jobmanager.rpc.address"]
    assert {port["port"] for port in service["spec"]["ports"]} == {
        port for (container, _), port in ports.items() if container == "job-manager"
    }
    [job_server] = PODS["pipeline"]["initContainers"]
    assert f"--flink-master={service['metadata']['name']}:{ports['job-manager', 'rest']}" in job_server["args"]


def test_the_job_server_is_of_the_first_generation_s_beam():
    images = yaml.safe_load((FLINK / "kustomization.yaml").read_text(encoding="utf-8"))["images"]
    versions = {image["name"]: image["newTag"] for image in images}
    flink = versions["flink"].split("-")[0]
    [job_server] = [name for name in versions if "job_server" in name]
    assert job_server == f"apache/beam_flink{flink.rpartition('.')[0]}_job_server"
    lock = (ROOT / "deploy" / "locks" / "tfx-1.16.txt").read_text(encoding="utf-8")
    assert f"apache-beam=={versions[job_server]} " in lock
    assert versions["seq2seq"] == metadata.version("tfx-seq2seq")
