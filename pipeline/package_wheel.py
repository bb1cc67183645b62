"""This package as a wheel, made of the installed files: what workers that do not have it are sent."""

import base64
import hashlib
import zipfile
from importlib import metadata, util
from pathlib import Path

from components.whole_file import whole_file
from pipeline.code_version import code_version

_DISTRIBUTION = "tfx-seq2seq"
_PACKAGES = ("pipeline", "components", "trainer", "transform", "serving")
_COMPILED = ("__pycache__", ".pyc")

# The same content gives the same bytes: no file has a time of its own.
_EPOCH = (1980, 1, 1, 0, 0, 0)


def wheel_path(folder: Path) -> Path:
    """Where `write_wheel` puts the wheel of the code as it is now; the version in its name has a fingerprint."""
    return folder / f"{_DISTRIBUTION.replace('-', '_')}-{_version()}-py3-none-any.whl"


def write_wheel(folder: Path) -> Path:
    """Writes the wheel, unless it is there.

    Args:
      folder: where to; made if there is none.

    Returns:
      Its path. The file appears as a whole.

    Raises:
      OSError: it cannot be written.
    """
    path = wheel_path(folder)
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _write(archive)
    return path


def _version() -> str:
    return f"{metadata.version(_DISTRIBUTION)}+{code_version(*_PACKAGES)[:12]}"


def _write(archive: zipfile.ZipFile) -> None:
    information = f"{_DISTRIBUTION.replace('-', '_')}-{_version()}.dist-info"
    record = [f"{information}/RECORD,,"]
    for name, content in [*_modules(), *_information(information)]:
        archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(content)}")
    archive.writestr(zipfile.ZipInfo(f"{information}/RECORD", _EPOCH), "\n".join(record) + "\n")


def _modules() -> list[tuple[str, bytes]]:
    found = []
    for package in _PACKAGES:
        [folder] = util.find_spec(package).submodule_search_locations
        for path in sorted(Path(folder).rglob("*")):
            name = f"{package}/{path.relative_to(folder)}"
            if path.is_file() and not any(part in name for part in _COMPILED):
                found.append((name, path.read_bytes()))
    return found


def _information(folder: str) -> list[tuple[str, bytes]]:
    distribution = metadata.distribution(_DISTRIBUTION)
    lines = distribution.read_text("METADATA").split("\n")
    version = lines.index(f"Version: {distribution.version}")
    lines[version] = f"Version: {_version()}"
    wheel = "Wheel-Version: 1.0\nGenerator: seq2seq\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return [
        (f"{folder}/METADATA", "\n".join(lines).encode()),
        (f"{folder}/WHEEL", wheel.encode()),
        (f"{folder}/entry_points.txt", (distribution.read_text("entry_points.txt") or "").encode()),
    ]
