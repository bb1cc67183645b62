"""The rules of the house that a machine can check: which way imports run, and what is installed."""

import ast
import pathlib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("serving", "transform", "trainer", "components", "pipeline")
ALLOWED = {
    "serving": {"serving"},
    "transform": {"transform", "serving.contract"},
    "trainer": {"trainer", "transform", "serving.contract"},
    "components": {"components", "trainer", "transform", "serving"},
    "pipeline": {"pipeline", "components", "trainer", "transform", "serving"},
}


def _modules(package):
    return sorted((ROOT / package).rglob("*.py"))


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            pytest.fail(f"{path}: relative import")


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_run_one_way(package):
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if name.split(".")[0] in (*PACKAGES, "tests")
        and not any(name == allowed or name.startswith(f"{allowed}.") for allowed in ALLOWED[package])
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_keras_is_never_reached_through_tensorflow(package):
    # Which Keras tf.keras is depends on what was imported first.
    wrong = [
        str(path.relative_to(ROOT))
        for path in _modules(package)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "keras" and isinstance(node.value, ast.Name)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_tfx_is_imported_by_its_parts(package):
    # tfx.v1 takes the client of Vertex AI along, as long again as TensorFlow, in every process of a pipeline.
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _modules(package)
        for name in _imports(path)
        if name == "tfx.v1" or name.startswith("tfx.v1.")
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_is_a_package_and_every_module_says_what_it_is(package):
    for folder in {path.parent for path in _modules(package)}:
        assert (folder / "__init__.py").exists(), folder
    for path in _modules(package):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
