"""The wheel that workers are sent is a proper one, of the code that runs here."""

import email
import os
import subprocess
import sys
import zipfile

import pytest

from pipeline.package_wheel import wheel_path, write_wheel
from tests.wheel import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return write_wheel(tmp_path_factory.mktemp("wheels") / "packages")


def test_it_has_every_module_and_file_of_the_demo_page(wheel):
    expected = {
        str(path.relative_to(ROOT))
        for package in ("pipeline", "components", "trainer", "transform", "serving")
        for pattern in ("*.py", "templates/*", "static/*")
        for path in (ROOT / package).rglob(pattern)
    }
    with zipfile.ZipFile(wheel) as archive:
        assert {name for name in archive.namelist() if ".dist-info/" not in name} == expected
        assert archive.read("pipeline/config.py") == (ROOT / "pipeline" / "config.py").read_bytes()


def test_its_metadata_has_the_version_of_its_name_and_what_it_needs(wheel):
    _, version, *_ = wheel.name.split("-")
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(f"tfx_seq2seq-{version}.dist-info/METADATA"))
    assert metadata["Version"] == version
    assert version.startswith("0.1.0+")
    assert any(requirement.startswith("tfx==") for requirement in metadata.get_all("Requires-Dist"))


def test_it_is_written_once(wheel):
    before = wheel.stat()
    assert write_wheel(wheel.parent) == wheel == wheel_path(wheel.parent)
    assert wheel.stat() == before
    assert os.listdir(wheel.parent) == [wheel.name]


def test_the_same_code_gives_the_same_bytes(wheel, tmp_path):
    assert write_wheel(tmp_path).read_bytes() == wheel.read_bytes()


def test_an_installer_takes_it_and_it_can_be_imported(wheel, tmp_path):
    uv = subprocess.run([ROOT / "deploy" / "find_uv.sh"], check=True, capture_output=True, text=True).stdout.strip()
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-cache", "--no-deps", "--python", sys.executable]
    subprocess.run([*install, "--target", tmp_path / "installed", wheel], check=True, capture_output=True)
    found = subprocess.run(
        [sys.executable, "-c", "import components.example_gen.pairs as module; print(module.__file__)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "installed")},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert found.stdout.strip() == str(tmp_path / "installed" / "components" / "example_gen" / "pairs.py")


def test_where_it_cannot_be_written_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError):
        write_wheel(tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]
