"""The manifests of TensorFlow Serving: valid, hardened, and a server with their arguments answers their probes."""

import shutil
import urllib.request

import grpc
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc

from components.batching_parameters import BATCHING_FILE, write_batching_parameters
from serving.client import Connection, TranslationClient
from serving.server.flags import parse_flags
from serving.server.model_configs import read_model_config_file
from serving.server.server import ModelServer
from serving.server.text_protos import BatchingParameters, read_text_proto
from tests.deploy.manifests import ROOT, built, check, check_hardened, check_volumes, only, pods, written
from tests.serving.conftest import free_port
from tests.serving.toy_models import save_translator

SERVING = ROOT / "deploy" / "serving"
CONFIG = SERVING / "config"
BASE = SERVING / "kubernetes" / "base"
BUCKET = SERVING / "kubernetes" / "overlays" / "bucket"
CONTAINER = written(BASE)["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("name", sorted(written(BASE)))
def test_a_manifest_is_what_kubernetes_takes(name):
    check(written(BASE)[name])


@pytest.mark.parametrize("folder", [BASE, BUCKET], ids=lambda folder: folder.name)
def test_what_kustomize_builds_is_what_kubernetes_takes(folder):
    manifests = built(folder)
    for manifest in manifests:
        check(manifest)
    [pod] = pods(manifests).values()
    check_hardened(pod)
    check_volumes(pod)
    image = pod["containers"][0]["image"]
    assert image == "tensorflow/serving:2.16.1"
    config = only(manifests, "ConfigMap")
    assert {"name": "config", "configMap": {"name": config["metadata"]["name"]}} in pod["volumes"]
    files = {path.name for path in CONFIG.iterdir()} - {"kustomization.yaml"}
    assert set(config["data"]) == files


def test_with_a_bucket_there_is_no_volume():
    manifests = built(BUCKET)
    assert "PersistentVolumeClaim" not in {manifest["kind"] for manifest in manifests}
    [pod] = pods(manifests).values()
    assert [volume["name"] for volume in pod["volumes"]] == ["config", "scratch"]
    assert 'base_path: "gs://' in only(manifests, "ConfigMap")["data"]["models.config"]
    ports = {entry["port"] for rule in only(manifests, "NetworkPolicy")["spec"]["egress"] for entry in rule["ports"]}
    assert {53, 443} <= ports


def test_selectors_find_the_pods_and_ports_have_names():
    manifests = written(BASE)
    template = manifests["deployment.yaml"]["spec"]["template"]
    labels = template["metadata"]["labels"]
    selectors = [
        manifests["deployment.yaml"]["spec"]["selector"]["matchLabels"],
        manifests["service.yaml"]["spec"]["selector"],
        manifests["disruption_budget.yaml"]["spec"]["selector"]["matchLabels"],
        manifests["network_policy.yaml"]["spec"]["podSelector"]["matchLabels"],
        template["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    target = manifests["autoscaler.yaml"]["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) == ("Deployment", manifests["deployment.yaml"]["metadata"]["name"])
    names = {port["name"] for port in CONTAINER["ports"]}
    assert {port["targetPort"] for port in manifests["service.yaml"]["spec"]["ports"]} == names
    ingress = manifests["network_policy.yaml"]["spec"]["ingress"]
    assert {entry["port"] for rule in ingress for entry in rule["ports"]} == names


def test_batches_are_as_the_pusher_proposes_them(tmp_path):
    write_batching_parameters(tmp_path)
    here = read_text_proto(CONFIG / BATCHING_FILE, BatchingParameters)
    assert here == read_text_proto(tmp_path / BATCHING_FILE, BatchingParameters)
    assert str(here.num_batch_threads.value) == CONTAINER["resources"]["requests"]["cpu"]


def test_the_bucket_changes_the_place_of_the_versions_alone():
    [here] = read_model_config_file(CONFIG / "models.config")
    [there] = read_model_config_file(BUCKET / "models.config")
    assert there.base_path.startswith("gs://")
    there.base_path = here.base_path
    assert there == here


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Ports, by those of the container in whose place they are, of a local server that runs with its arguments."""
    folder = tmp_path_factory.mktemp("container")
    shutil.copytree(CONFIG, folder / "etc" / "serving")
    models = folder / "etc" / "serving" / "models.config"
    models.write_text(models.read_text().replace('"/models/', f'"{folder}/models/'))
    save_translator(folder / "models" / "dates" / "1")
    ports = {port["containerPort"]: free_port() for port in CONTAINER["ports"]}
    arguments = [argument.replace("/etc/serving", str(folder / "etc" / "serving")) for argument in CONTAINER["args"]]
    for inside, outside in ports.items():
        arguments = [argument.replace(f"={inside}", f"={outside}") for argument in arguments]
    models, options, _ = parse_flags(arguments)
    server = ModelServer(models, options)
    assert {server.port, server.rest_port} == set(ports.values())
    yield ports
    server.stop()


@pytest.mark.parametrize("probe", ["startupProbe", "livenessProbe"])
def test_probes_over_grpc_are_answered(server, probe):
    with grpc.insecure_channel(f"localhost:{server[CONTAINER[probe]['grpc']['port']]}") as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_model_is_ready_translates_and_is_counted(server):
    inside = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    get = CONTAINER["readinessProbe"]["httpGet"]
    address = f"http://localhost:{server[inside[get['port']]]}"
    with urllib.request.urlopen(address + get["path"]) as response:
        assert b"AVAILABLE" in response.read()
    with TranslationClient(Connection(f"localhost:{server[inside['grpc']]}"), model="dates") as client:
        [answer] = client.translate(["a b"])
    assert answer.text
    annotations = written(BASE)["deployment.yaml"]["spec"]["template"]["metadata"]["annotations"]
    address = f"http://localhost:{server[int(annotations['prometheus.io/port'])]}"
    with urllib.request.urlopen(address + annotations["prometheus.io/path"]) as response:
        [counted] = [line for line in response.read().decode().splitlines() if ":serving:request_count{" in line]
    assert 'model_name="dates"' in counted


def test_every_file_of_kustomize_names_files_that_are_there():
    for path in SERVING.rglob("kustomization.yaml"):
        kustomization = yaml.safe_load(path.read_text(encoding="utf-8"))
        named = [*kustomization.get("resources", []), *(patch["path"] for patch in kustomization.get("patches", []))]
        named += [file for generator in kustomization.get("configMapGenerator", []) for file in generator["files"]]
        assert named
        assert all((path.parent / name).exists() for name in named)
