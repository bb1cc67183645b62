"""The fingerprint of sources changes with them, and with nothing else."""

import sys

import pytest

from pipeline.code_version import code_version


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "fingerprinted"
    (folder / "below").mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "below" / "__init__.py").write_text("ANSWER = 42\n")
    (folder / "single.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder
    for name in [name for name in sys.modules if name.startswith("fingerprinted")]:
        del sys.modules[name]


def test_it_changes_with_content_and_with_names_of_modules_below(package):
    before = code_version("fingerprinted")
    assert code_version("fingerprinted") == before
    (package / "below" / "__init__.py").write_text("ANSWER = 43\n")
    changed = code_version("fingerprinted")
    assert changed != before
    (package / "single.py").rename(package / "renamed.py")
    assert code_version("fingerprinted") not in (before, changed)


def test_templates_count_and_bytecode_and_hidden_files_do_not(package):
    (package / "below" / "page.html").write_text("<p>\n")
    before = code_version("fingerprinted")
    (package / "below" / "page.html").write_text("<b>\n")
    changed = code_version("fingerprinted")
    assert changed != before
    (package / "below" / "__pycache__").mkdir()
    (package / "below" / "__pycache__" / "page.pyc").write_text("compiled")
    (package / "below" / ".page.html.swp").write_text("being edited")
    assert code_version("fingerprinted") == changed


def test_a_single_module_is_fingerprinted_alone(package):
    before = code_version("fingerprinted.single")
    (package / "below" / "__init__.py").write_text("ANSWER = 43\n")
    assert code_version("fingerprinted.single") == before
    (package / "single.py").write_text("x = 2\n")
    assert code_version("fingerprinted.single") != before
