"""The Dockerfile copies files that are there, its context makes a whole package, and little is left open in it."""

import fnmatch
import re
import subprocess
import sys
import zipfile

import pytest

from tests.deploy.manifests import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
INSTALL = ROOT / "deploy" / "install.sh"


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    """The files that `docker build` gets to see: by .dockerignore the last pattern that fits a path decides."""
    patterns = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    folder = tmp_path_factory.mktemp("context")
    for name in tracked.stdout.decode().splitlines():
        seen = True
        for pattern in patterns:
            prefix = pattern.removeprefix("!").removeprefix("**/")
            parents = name.split("/")
            if any(fnmatch.fnmatch("/".join(parents[:depth]), prefix) for depth in range(1, len(parents) + 1)):
                seen = pattern.startswith("!")
        if seen and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def test_the_context_has_what_is_installed_and_no_tests(context):
    packages = ["components", "pipeline", "serving", "trainer", "transform"]
    expected = ["README.md", "deploy", "pyproject.toml", "setup.py", *packages]
    assert sorted(path.name for path in context.iterdir()) == sorted(expected)
    assert sorted(path.name for path in (context / "deploy").iterdir()) == sorted(
        ["find_uv.sh", "generation.sh", "install.sh", "locks"]
    )
    # What the scripts call is among it.
    for script in (context / "deploy").glob("*.sh"):
        called = set(re.findall(r"deploy/([a-z_]+\.sh)", script.read_text())) - {"install.sh"}
        assert all((context / "deploy" / name).exists() for name in called), script


def test_the_context_makes_the_whole_package(context, tmp_path):
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=context, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    packages = ("pipeline", "components", "trainer", "transform", "serving")
    with zipfile.ZipFile(wheel) as archive:
        packaged = {name for name in archive.namelist() if name.startswith(packages)}
    expected = {str(path.relative_to(ROOT)) for name in packages for path in (ROOT / name).rglob("*.py")}
    assert expected <= packaged
    assert "serving/demo/static/demo.js" in packaged


def test_the_last_stage_is_not_root_and_has_no_compiler():
    last = DOCKERFILE.split("\nFROM ")[-1]
    [user] = re.findall(r"^USER (\d+):\d+$", last, re.MULTILINE)
    assert int(user) > 0
    assert f"USER_ID={user}\n" in INSTALL.read_text()
    assert "install.sh build" not in last
    runtime = re.search(r"^runtime\(\) \{\n(.*?)^\}", INSTALL.read_text(), re.MULTILINE | re.DOTALL)[1]
    assert "g++" not in runtime
    for source in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (ROOT / source).exists()
    assert 'ENTRYPOINT ["tini", "--", "seq2seq"]' in last
    assert " tini" in runtime


@pytest.mark.parametrize("arguments", [[], ["build"], ["remove"]])
def test_a_wrong_call_of_the_installer_does_nothing_and_says_what_is_right(arguments):
    outcome = subprocess.run([INSTALL, *arguments], capture_output=True, text=True)
    assert outcome.returncode != 0
    assert outcome.stdout == ""
    assert "usage: install.sh build TARGET" in outcome.stderr
