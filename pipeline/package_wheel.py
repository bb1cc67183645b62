"""This package as a wheel, made of the installed files: what workers that do not have it are sent."""

import base64
import hashlib
import zipfile
from importlib import metadata, util
from pathlib import Path

from components.whole_file import whole_file
from pipeline.beam_arguments import needs_wheel
from pipeline.code_version import code_version, package_files
from pipeline.config import Config
from pipeline.workspace import Workspace

_DISTRIBUTION = "tfx-seq2seq"
_PACKAGES = ("pipeline", "components", "trainer", "transform", "serving")

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


def wheel_for_workers(config: Config) -> str | None:
    """Path of the wheel that workers of the task are sent, written where it is not there; None where none get it.

    Raises:
      OSError: it cannot be written.
    """
    return str(write_wheel(Workspace.of(config).packages)) if needs_wheel(config.beam) else None


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
        found += [(f"{package}/{path.relative_to(folder)}", path.read_bytes()) for path in package_files(Path(folder))]
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
