"""The wheel holds every package, and nothing that is not to be installed."""

import email
import zipfile

import pytest

from tests.wheel import ROOT, build_wheel

TEMPLATES = "components/report/templates"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    with zipfile.ZipFile(build_wheel(tmp_path_factory.mktemp("built"))) as archive:
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


def test_the_templates_of_the_report_are_in_it(wheel):
    expected = {f"{TEMPLATES}/{path.name}" for path in (ROOT / TEMPLATES).iterdir()}
    assert expected <= set(wheel.namelist())
    assert f"{TEMPLATES}/report.html" in expected


def test_it_names_the_command_and_the_extras(wheel):
    [entry_points] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "seq2seq = pipeline.cli.main:main" in wheel.read(entry_points).decode()
    [metadata] = [name for name in wheel.namelist() if name.endswith("/METADATA")]
    fields = email.message_from_bytes(wheel.read(metadata))
    assert fields["Name"] == "tfx-seq2seq"
    assert "kubeflow" in fields.get_all("Provides-Extra")
    assert any(requirement.startswith("tfx==") for requirement in fields.get_all("Requires-Dist"))
