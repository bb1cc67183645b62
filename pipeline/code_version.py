"""A fingerprint of this project's own sources, for the cache keys of the components that run them.

TFX's cache sees the content of a `module_file`, but not the code behind a dotted path.
"""

import hashlib
from importlib import util
from pathlib import Path


def code_version(*packages: str) -> str:
    """SHA-256 over the names and contents of all Python sources of the packages, as hex.

    Args:
      packages: importable names, such as `transform` or `components.example_gen`; single modules are allowed.
    """
    digest = hashlib.sha256()
    for package in sorted(packages):
        spec = util.find_spec(package)
        folders = spec.submodule_search_locations
        sources = sorted(Path(folders[0]).rglob("*.py")) if folders else [Path(spec.origin)]
        root = Path(folders[0]) if folders else Path(spec.origin).parent
        for source in sources:
            content = source.read_bytes()
            digest.update(f"{package}/{source.relative_to(root)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()
