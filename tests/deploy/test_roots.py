"""Making a root file system of Debian: what is said where none can be made, and what is left of it."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.deploy.manifests import ROOT

SCRIPT = ROOT / "deploy" / "roots" / "make.sh"
# Status of a script that cannot do its work on this machine.
CANNOT = 77

can_mount = pytest.mark.skipif(
    subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0,
    reason="it needs root, and a system that lets root make namespaces for mounts",
)


def _programs(folder, **bodies):
    """An environment where these programs, each with its body in sh, hide those of the system."""
    folder.mkdir()
    for name, body in bodies.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}


def _make(root, environment):
    return subprocess.run([SCRIPT, "trixie", root, "git"], env=environment, capture_output=True, text=True)


def test_another_user_is_told_that_it_needs_root(tmp_path):
    outcome = _make(tmp_path / "root", _programs(tmp_path / "bin", id="echo 1000"))
    assert outcome.returncode == CANNOT
    assert "root cannot be made here: it needs root" in outcome.stderr


def test_refused_mounts_are_told(tmp_path):
    environment = _programs(tmp_path / "bin", id="echo 0", setpriv="echo unshare failed: not permitted; exit 1")
    outcome = _make(tmp_path / "root", environment)
    assert outcome.returncode == CANNOT
    assert "cannot be made here: a mount in a namespace is refused: unshare failed: not permitted" in outcome.stderr


@can_mount
def test_a_mirror_that_is_not_reached_is_told_and_nothing_is_left(tmp_path):
    body = 'mkdir -p "$4"; echo "E: Failed getting release file http://mirror.example/"; exit 1'
    outcome = _make(tmp_path / "root", _programs(tmp_path / "bin", debootstrap=body))
    assert outcome.returncode == CANNOT
    assert "E: Failed getting release file http://mirror.example/" in outcome.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "root.log"]


@can_mount
@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_stays_mounted_or_runs_when_it_is_interrupted(tmp_path, sent):
    body = 'mkdir -p "$4/proc"; mount -t proc proc "$4/proc"; : >"$4/mounted"; exec sleep 600'
    environment = _programs(tmp_path / "bin", debootstrap=body)
    end, held = os.pipe()  # every process below holds it as long as it runs
    process = subprocess.Popen([SCRIPT, "trixie", tmp_path / "root", "git"], env=environment, pass_fds=[held])
    os.close(held)
    partial = tmp_path / "root.partial"
    while not (partial / "mounted").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(sent)
    assert process.wait() == -sent
    assert os.read(end, 1) == b""
    os.close(end)
    assert not list((partial / "proc").iterdir())
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
