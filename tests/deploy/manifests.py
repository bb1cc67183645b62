"""Manifests of Kubernetes, as they lie in a folder and as kustomize builds them."""

import pathlib
import shutil
import subprocess

import kubernetes_validate
import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[2]
# The oldest that still is looked after on managed clusters, and the newest that the schemas are there for.
VERSIONS = ("1.29", kubernetes_validate.latest_version())


def written(folder):
    """The objects in a folder's files, by file name; kustomize's own files and its patches are left out."""
    files = {path.name: path for path in sorted(folder.glob("*.yaml"))}
    resources = yaml.safe_load(files["kustomization.yaml"].read_text(encoding="utf-8"))["resources"]
    return {name: yaml.safe_load(files[name].read_text(encoding="utf-8")) for name in resources if name in files}


def built(folder):
    """The objects that kustomize makes of a folder; skips the test where there is none."""
    commands = {"kustomize": ["kustomize", "build"], "kubectl": ["kubectl", "kustomize"]}
    command = next((command for name, command in commands.items() if shutil.which(name)), None)
    if command is None:
        pytest.skip("neither kustomize nor kubectl is on PATH")
    output = subprocess.run([*command, str(folder)], check=True, capture_output=True, text=True).stdout
    return list(yaml.safe_load_all(output))


def check(manifest):
    """Holds an object to the strict schemas of Kubernetes: a field that there is not is an error."""
    for version in VERSIONS:
        kubernetes_validate.validate(manifest, version, strict=True)


def only(manifests, kind):
    """The one object of a kind."""
    [manifest] = [manifest for manifest in manifests if manifest["kind"] == kind]
    return manifest


def pods(manifests):
    """Specifications of the pods, by the name of what starts them."""
    kinds = ("Deployment", "StatefulSet", "Job")
    starting = [manifest for manifest in manifests if manifest["kind"] in kinds]
    return {manifest["metadata"]["name"]: manifest["spec"]["template"]["spec"] for manifest in starting}


def containers(pod):
    """The containers of a pod, sidecars included."""
    return [*pod["containers"], *pod.get("initContainers", [])]


def check_hardened(pod):
    """Holds a pod to the restricted standard of Kubernetes, read-only root file systems besides."""
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in containers(pod):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]


def check_volumes(pod):
    """Every mount has its volume, and every volume is mounted."""
    mounts = {mount["name"] for container in containers(pod) for mount in container.get("volumeMounts", [])}
    assert mounts == {volume["name"] for volume in pod["volumes"]}
