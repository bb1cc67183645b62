"""Which generation of TFX set-up takes."""

import os
import re
import subprocess

import pytest

from tests.deploy.manifests import ROOT

SCRIPT = ROOT / "deploy" / "generation.sh"


def _chosen(folder, glibc="2.36", programs=(), **variables):
    """What the script prints where the system has that glibc, and beside it these programs alone."""
    tools = {"getconf": f"echo glibc {glibc}", **dict.fromkeys(programs, "exit 0")}
    for name, body in tools.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    for name in ("bash", "cut", "sort", "head", "env"):
        found = next(f"{place}/{name}" for place in ("/bin", "/usr/bin") if os.path.exists(f"{place}/{name}"))
        (folder / name).symlink_to(found)
    return subprocess.run([SCRIPT], env={"PATH": str(folder), **variables}, capture_output=True, text=True)


@pytest.mark.parametrize(
    ("glibc", "programs", "chosen"),
    [
        ("2.36", ["python3.13", "c++"], "1.16 3.10"),
        ("2.39", ["python3.13", "c++"], "1.21 3.13"),
        ("2.100", ["python3.13", "c++"], "1.21 3.13"),
        ("2.41", ["c++"], "1.16 3.10"),
        ("2.41", ["python3.13"], "1.16 3.10"),
        ("", ["python3.13", "c++"], "1.16 3.10"),
    ],
)
def test_the_newer_one_where_it_can_run(tmp_path, glibc, programs, chosen):
    outcome = _chosen(tmp_path, glibc, programs)
    assert (outcome.returncode, outcome.stdout) == (0, f"{chosen}\n")


@pytest.mark.parametrize(("wanted", "chosen"), [("1.16", "1.16 3.10"), ("1.21", "1.21 3.13")])
@pytest.mark.parametrize("glibc", ["2.36", "2.41"])
def test_the_one_that_is_asked_for(tmp_path, glibc, wanted, chosen):
    outcome = _chosen(tmp_path, glibc, ["python3.13", "c++"], SEQ2SEQ_TFX=wanted)
    assert outcome.stdout == f"{chosen}\n"


def test_another_one_is_refused(tmp_path):
    outcome = _chosen(tmp_path, SEQ2SEQ_TFX="1.17")
    assert outcome.returncode == 2
    assert "SEQ2SEQ_TFX is '1.17': it can be 1.16 or 1.21" in outcome.stderr


def test_each_generation_has_a_lock_that_pins_it_with_hashes():
    for generation, tensorflow in (("1.16", "2.16"), ("1.21", "2.21")):
        lock = (ROOT / "deploy" / "locks" / f"tfx-{generation}.txt").read_text(encoding="utf-8")
        assert re.search(rf"^tfx=={generation}\.\d+ \\$", lock, re.MULTILINE)
        assert re.search(rf"^tensorflow=={tensorflow}\.\d+ \\$", lock, re.MULTILINE)
        pinned = re.findall(
            r"^[a-z0-9._-]+(?:\[[a-z,]+\])?==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE
        )
        assert len(pinned) == len(re.findall(r"^[a-z]", lock, re.MULTILINE)) > 150
