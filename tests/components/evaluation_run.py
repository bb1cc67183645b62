"""One real evaluation: the executor of the Evaluator that the pipeline has, on artifacts in folders."""

import dataclasses
import pathlib

from tfx.types import channel_utils, standard_artifacts

from components.config.evaluation import EvaluationConfig
from components.evaluator import create_evaluator
from components.evaluator_executor import Executor
from components.verdict import read_verdict
from transform.config import TextConfig


@dataclasses.dataclass(frozen=True)
class Evaluated:
    """What an evaluation left."""

    verdict: object
    evaluation: pathlib.Path
    blessing: standard_artifacts.ModelBlessing


def evaluate(
    folder, config: EvaluationConfig, *, examples, schema, model, baseline=None, target=None, beam_arguments=()
) -> Evaluated:
    """Evaluates a model on examples, which are folders of artifacts; `beam_arguments` are Beam's pipeline options."""
    inputs = {
        "examples": standard_artifacts.Examples(),
        "schema": standard_artifacts.Schema(),
        "model": standard_artifacts.Model(),
    }
    inputs["examples"].split_names = '["train", "eval"]'
    for name, uri in (("examples", examples), ("schema", schema), ("model", model)):
        inputs[name].uri = str(uri)
    inputs["model"].id = 1
    input_dict = {name: [artifact] for name, artifact in inputs.items()}
    if baseline is not None:
        input_dict["baseline_model"] = [standard_artifacts.Model()]
        input_dict["baseline_model"][0].uri = str(baseline)
    outputs = {"evaluation": standard_artifacts.ModelEvaluation(), "blessing": standard_artifacts.ModelBlessing()}
    for name, artifact in outputs.items():
        artifact.uri = str(folder / name)
        (folder / name).mkdir(parents=True)
    component = create_evaluator(
        config,
        target=target or TextConfig(),
        code_version="1",
        baseline_model=channel_utils.as_channel([standard_artifacts.Model()]),
        **{name: channel_utils.as_channel([artifact]) for name, artifact in inputs.items()},
    )
    output_dict = {name: [artifact] for name, artifact in outputs.items()}
    Executor(Executor.Context(beam_pipeline_args=list(beam_arguments))).Do(
        input_dict, output_dict, dict(component.exec_properties)
    )
    verdict = read_verdict(outputs["evaluation"].uri, outputs["blessing"].uri)
    return Evaluated(verdict, folder / "evaluation", outputs["blessing"])
