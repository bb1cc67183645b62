"""Pipelines of a few nodes, with a stand-in for training: a model that answers the first so many rows right."""

import dataclasses
import pathlib
import shutil

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration import metadata
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.types import standard_artifacts

from pipeline.history import Run, runs_of
from pipeline.runners.run import run_pipeline
from tests.components.lookup_model import Row, save_model, write_examples, write_schema

ROWS = [Row(f"source {index}", [f"right {index}"], "", slices={"kind": "loud"}) for index in range(10)]


@component
def Data(examples: OutputArtifact[standard_artifacts.Examples], schema: OutputArtifact[standard_artifacts.Schema]):
    """Writes ROWS."""
    examples.split_names = '["eval"]'
    for artifact, write in ((examples, write_examples), (schema, lambda _, folder: write_schema(["kind"], folder))):
        shutil.rmtree(artifact.uri)
        write(ROWS, pathlib.Path(artifact.uri))


@component
def Train(right: Parameter[int], model: OutputArtifact[standard_artifacts.Model]):
    """Writes a model that answers `right` of ROWS right."""
    rows = [dataclasses.replace(row, hypothesis=row.references[0]) for row in ROWS[:right]] + ROWS[right:]
    save_model(rows, pathlib.Path(model.uri))


@component
def Bless(
    blessed: Parameter[int],
    model: InputArtifact[standard_artifacts.Model],
    blessing: OutputArtifact[standard_artifacts.ModelBlessing],
    baseline_model: InputArtifact[standard_artifacts.Model] = None,
):
    """Blesses a model or not, and records what it was compared with."""
    blessing.set_int_custom_property("blessed", blessed)
    blessing.set_int_custom_property("current_model_id", model.id)
    blessing.set_int_custom_property("baseline_model_id", baseline_model.id if baseline_model else 0)


@component
def Evaluate(
    calibration: Parameter[str],
    model: InputArtifact[standard_artifacts.Model],
    evaluation: OutputArtifact[standard_artifacts.ModelEvaluation],
):
    """An evaluation that has nothing but a calibration."""
    del model
    pathlib.Path(evaluation.uri, "calibration.json").write_text(calibration, encoding="utf-8")


@component
def Validate(
    blessed: Parameter[int],
    model: InputArtifact[standard_artifacts.Model],
    blessing: OutputArtifact[standard_artifacts.InfraBlessing],
):
    """Blesses a model on a server or not; where it does, the blessing holds a copy with a warm-up file."""
    blessing.set_int_custom_property("blessed", blessed)
    if blessed:
        stamped = pathlib.Path(blessing.uri, "stamped_model")
        shutil.copytree(pathlib.Path(model.uri, "Format-Serving"), stamped)
        (stamped / "assets.extra").mkdir()
        (stamped / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"")
        blessing.set_int_custom_property("has_model", 1)


def run(root: pathlib.Path, components) -> Run:
    """Runs components as a pipeline whose artifacts and metadata are below a folder, and tells what came of it."""
    run_id = run_pipeline(
        tfx_pipeline.Pipeline(
            pipeline_name="toy",
            pipeline_root=str(root / "artifacts"),
            components=components,
            enable_cache=True,
            metadata_connection_config=_connection(root),
        )
    )
    [finished] = runs(root, run_id=run_id)
    return finished


def runs(root: pathlib.Path, pipeline: str = "toy", run_id: str | None = None) -> list[Run]:
    """What `runs_of` finds in the metadata below a folder."""
    return runs_of(metadata_store.MetadataStore(_connection(root)), pipeline, run_id)


def last_artifact(root: pathlib.Path, type_name: str) -> metadata_store_pb2.Artifact:
    """The artifact of a type that was written last."""
    with metadata.Metadata(_connection(root)) as handle:
        return max(handle.store.get_artifacts_by_type(type_name), key=lambda artifact: artifact.id)


def _connection(root):
    return metadata.sqlite_metadata_connection_config(str(root / "metadata.sqlite"))
