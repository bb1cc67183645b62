"""A fingerprint of this project's own sources, for the cache keys of the components that run them.

TFX's cache sees the content of a `module_file`, but not the code behind a dotted path.
"""

import hashlib
from importlib import util
from pathlib import Path


def code_version(*packages: str) -> str:
    """SHA-256 over the names and contents of all files of the packages, as hex.

    Templates and other files that lie beside the modules count as the sources do; what Python compiles them to, and
    hidden files, do not.

    Args:
      packages: importable names, such as `transform` or `components.example_gen`; single modules are allowed.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        spec = util.find_spec(package)
        folders = spec.submodule_search_locations
        root = Path(folders[0]) if folders else Path(spec.origin).parent
        for source in package_files(root) if folders else [Path(spec.origin)]:
            content = source.read_bytes()
            digest.update(f"{package}/{source.relative_to(root)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def package_files(root: Path) -> list[Path]:
    """All files of the package in a folder, sorted; without what Python compiles them to, and hidden ones."""
    found = (path for path in root.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(_is_left_out(part) for part in path.relative_to(root).parts))


def _is_left_out(name: str) -> bool:
    return name.startswith(".") or name == "__pycache__"
