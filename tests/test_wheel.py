"""The wheel holds every package, and nothing that is not to be installed."""

import email
import pathlib
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    source = tmp_path_factory.mktemp("source")
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in tracked.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    target = tmp_path_factory.mktemp("wheel")
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(target)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    [path] = target.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_every_module_is_in_it_and_no_tests(wheel):
    packaged = {name for name in wheel.namelist() if name.endswith(".py")}
    expected = {
        str(path.relative_to(ROOT))
        for package in ("pipeline", "components", "trainer", "transform", "serving")
        for path in (ROOT / package).rglob("*.py")
    }
    assert packaged == expected


def test_the_files_of_the_demo_page_are_in_it(wheel):
    expected = {
        str(path.relative_to(ROOT))
        for folder in ("templates", "static")
        for path in (ROOT / "serving" / "demo" / folder).iterdir()
    }
    assert expected <= set(wheel.namelist())
    assert "serving/demo/static/demo.js" in expected


def test_it_names_the_command_and_the_extras(wheel):
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "seq2seq = pipeline.cli.main:main" in wheel.read(entry_points).decode()
    [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    fields = email.message_from_bytes(wheel.read(metadata))
    assert fields["Name"] == "tfx-seq2seq"
    assert "kubeflow" in fields.get_all("Provides-Extra")
    assert any(requirement.startswith("tfx==") for requirement in fields.get_all("Requires-Dist"))
