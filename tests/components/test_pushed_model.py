"""The newest version that is not the candidate is found, in a folder or a bucket; the same one is not pushed twice."""

import pathlib
import shutil

import pytest
from tfx.types import standard_artifacts

from components import pushed_versions
from components.pushed_model import Executor, without_missing_model
from tests.components.lookup_model import Row, save_model

pytestmark = pytest.mark.tfx


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Folders of three exports, the last two of the same content."""
    folder = tmp_path_factory.mktemp("models")
    for name, text in (("a", "one"), ("b", "two"), ("c", "two")):
        save_model([Row("source", ["right"], text)], folder / name)
    return folder


def model_in(folder):
    """An artifact of a folder."""
    model = standard_artifacts.Model()
    model.uri = str(folder)
    model.set_string_custom_property("tfx_version", "1.16.0")
    return model


def find(tmp_path, push_to, candidate=None):
    """What NewestPushedModel finds: the bytes of its graph."""
    found = tmp_path / "found"
    shutil.rmtree(found, ignore_errors=True)
    inputs = {"candidate": [model_in(candidate)]} if candidate else {}
    Executor().Do(inputs, {"model": [model_in(found)]}, {"push_to": str(push_to)})
    path = found / "Format-Serving" / "fingerprint.pb"
    return path.read_bytes() if path.exists() else None


def content(models, name):
    [path] = (models / name).rglob("fingerprint.pb")
    return path.read_bytes()


def exported(models, name):
    return str(next((models / name).rglob("saved_model.pb")).parent)


def test_the_newest_version_that_is_not_the_candidate_is_found(models, tmp_path):
    served = tmp_path / "served"
    assert find(tmp_path, served) is None
    pushed_versions.push(exported(models, "a"), str(served))
    pushed_versions.push(exported(models, "b"), str(served))
    (served / "9999999999").mkdir()  # of a push that was broken off
    assert find(tmp_path, served) == content(models, "b")
    assert find(tmp_path, served, models / "b") == content(models, "a")
    assert find(tmp_path, served, models / "c") == content(models, "b"), "another export is another model"


def test_the_same_model_is_not_pushed_twice_in_a_row(models, tmp_path):
    served = str(tmp_path / "served")
    first = pushed_versions.push(exported(models, "a"), served)
    assert pushed_versions.push(exported(models, "a"), served) == first
    second = pushed_versions.push(exported(models, "b"), served)
    third = pushed_versions.push(exported(models, "a"), served)
    assert pushed_versions.versions(served) == [int(pathlib.Path(path).name) for path in (first, second, third)]


def test_in_a_bucket_the_graph_comes_last_and_a_push_that_fails_leaves_nothing(models, tmp_path, monkeypatch):
    monkeypatch.setattr(pushed_versions, "is_mounted", lambda folder: False)
    served = str(tmp_path / "served")
    version = pathlib.Path(pushed_versions.push(exported(models, "a"), served))
    files = [path for path in version.rglob("*") if path.is_file()]
    assert max(files, key=lambda path: path.stat().st_mtime_ns).name == "saved_model.pb"
    assert {path.relative_to(version) for path in files} == {
        path.relative_to(exported(models, "a"))
        for path in pathlib.Path(exported(models, "a")).rglob("*")
        if path.is_file()
    }
    broken = tmp_path / "broken"
    shutil.copytree(exported(models, "b"), broken)
    (broken / "saved_model.pb").unlink()
    with pytest.raises(OSError, match="saved_model"):
        pushed_versions.push(str(broken), served)
    assert pushed_versions.versions(served) == [int(version.name)]


def test_a_model_without_files_is_no_input(models, tmp_path):
    there, missing = model_in(models / "a"), model_in(tmp_path / "nothing")
    assert without_missing_model({"model": [there], "base_model": [missing]}, "base_model") == {"model": [there]}
    assert without_missing_model({"base_model": [there]}, "base_model") == {"base_model": [there]}
    assert without_missing_model({"model": [there]}, "base_model") == {"model": [there]}
