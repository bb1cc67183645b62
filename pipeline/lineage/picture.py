"""A lineage as a picture, in the language of Graphviz."""

import json
import subprocess
from pathlib import Path

from pipeline.lineage.graph import Artifact
from pipeline.lineage.trace import COMPARED_WITH, Lineage, data_files

_STYLE = """\
  rankdir=LR;
  node [fontname="Helvetica", fontsize=10];
  edge [fontname="Helvetica", fontsize=8, color="#555555"];"""


class PictureError(RuntimeError):
    """A picture cannot be drawn; the message is for people."""


def to_dot(lineage: Lineage) -> str:
    """Steps as boxes, artifacts as ellipses, files of the data as notes, and arrows from what was read to what came."""
    lines = ["digraph lineage {", _STYLE]
    for artifact in lineage.artifacts.values():
        lines.append(f"  a{artifact.id} [label={_quoted(_label(artifact))}, shape=ellipse];")
        for number, file in enumerate(data_files(artifact) if artifact.kind == "Examples" else []):
            lines.append(f"  f{artifact.id}_{number} [label={_quoted(Path(file.path).name)}, shape=note];")
    for step in lineage.steps:
        label = _quoted(f"{step.node}\nrun {step.run_id}")
        lines.append(f"  s{step.id} [label={label}, shape=box, style=rounded];")
        for key, ids in step.inputs.items():
            style = ", style=dashed" if key in COMPARED_WITH else ""
            lines += [f"  a{each} -> s{step.id} [label={_quoted(key)}{style}];" for each in ids]
        for ids in step.outputs.values():
            lines += [f"  s{step.id} -> a{each};" for each in ids]
            lines += [
                f"  f{each}_{number} -> s{step.id};"
                for each in ids
                if lineage.artifacts[each].kind == "Examples" and not step.inputs
                for number, _ in enumerate(data_files(lineage.artifacts[each]))
            ]
    return "\n".join([*lines, "}", ""])


def draw(dot: str, path: Path) -> None:
    """Writes a picture in the format that the file's name ends with, as .svg or .png.

    Raises:
      PictureError: Graphviz is not installed, or cannot draw it.
    """
    kind = path.suffix.removeprefix(".")
    if not kind:
        raise PictureError(f"{path}: the name must end in a format of Graphviz, as .svg or .png")
    beside = path.with_name(f".{path.name}.partial")
    try:
        subprocess.run(["dot", f"-T{kind}", "-o", str(beside)], input=dot, text=True, capture_output=True, check=True)
        beside.replace(path)
    except FileNotFoundError as error:
        raise PictureError(f"{path}: cannot be drawn: there is no `dot` on PATH, which Graphviz brings") from error
    except subprocess.CalledProcessError as error:
        raise PictureError(f"{path}: cannot be drawn: {error.stderr.strip()}") from error
    except OSError as error:
        raise PictureError(f"{path}: cannot be written: {error}") from error
    finally:
        beside.unlink(missing_ok=True)


def _label(artifact: Artifact) -> str:
    version = artifact.properties.get("pushed_version")
    told = f"version {version}" if version else f"number {artifact.id}"
    return f"{artifact.kind.removeprefix('components.')}\n{told}" + ("" if artifact.live else "\ndeleted")


def _quoted(text: str) -> str:
    # Graphviz reads strings as JSON writes them, but for its own escapes: \l, \N and the like.
    return json.dumps(text, ensure_ascii=False)
