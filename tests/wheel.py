"""The wheel of this checkout, and environments that have nothing else of it."""

import os
import pathlib
import subprocess
import sys
import sysconfig
import zipfile
from importlib import metadata

ROOT = pathlib.Path(__file__).parents[1]


def build_wheel(folder):
    """Builds the wheel from the checkout's files, those that are not committed yet included, and gives its path."""
    source, target = folder / "source", folder / "wheel"
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True
    )
    for name in tracked.stdout.decode().splitlines():
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = f"from setuptools import build_meta; build_meta.build_wheel({str(target)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    [path] = target.glob("*.whl")
    return path


def environment_of(wheel, folder):
    """A virtual environment with the wheel, where `python` is the first on the PATH, as environment variables.

    What the wheel depends on is lent to it by this environment, whose .pth files, and with them its editable
    installation of the checkout, it does not read. Making all of it anew takes minutes: that is done where
    SEQ2SEQ_TEST_CLEAN_VENV is set.
    """
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    variables["PATH"] = f"{folder / 'bin'}{os.pathsep}{variables['PATH']}"
    if os.environ.get("SEQ2SEQ_TEST_CLEAN_VENV"):
        uv = subprocess.run([ROOT / "deploy" / "find_uv.sh"], check=True, capture_output=True, text=True).stdout.strip()
        lock = ROOT / "deploy" / "locks" / f"tfx-{metadata.version('tfx').rpartition('.')[0]}.txt"
        python = ["--python", folder / "bin" / "python"]
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
        subprocess.run([uv, "pip", "sync", "--quiet", "--require-hashes", *python, lock], check=True)
        subprocess.run([uv, "pip", "install", "--quiet", "--no-deps", *python, wheel], check=True)
        return variables
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    [site_packages] = folder.glob("lib/python3*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site_packages)
    variables["PYTHONPATH"] = sysconfig.get_path("purelib")
    return variables
