"""One run of benchmarks/scale.py, in a process of its own: prints what each component cost, as JSON."""

import json
import logging
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from tfx.dsl.compiler import compiler, constants
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.orchestration.portable import runtime_parameter_utils
from tfx.types import standard_artifacts

from benchmarks.scale_data import export_echo_model, write_pairs
from components.evaluator import create_evaluator
from pipeline.config import Config
from pipeline.create import create_pipeline
from pipeline.ingestion import create_ingestion
from pipeline.placement import OnThisMachine
from pipeline.run_id import new_run_id
from pipeline.runners.events import NodeEvent
from pipeline.runners.local import LocalRunner


class _Ended(logging.Handler):
    """Keeps the events of nodes that have ended, one node at a time, and the processor time that each of them took."""

    def __init__(self):
        super().__init__()
        self.events: list[tuple[NodeEvent, float]] = []
        self._started = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.node_event.state == "started":
            self._started = _processor_seconds()
        else:
            self.events.append((record.node_event, _processor_seconds() - self._started))


def _processor_seconds() -> float:
    """Of this process and of its children that have ended."""
    return sum(os.times()[:4])


def run(what: str, count: int, workers: int, folder: Path) -> list[dict[str, Any]]:
    """Runs the part of the pipeline, and gives what each of its components cost, as benchmarks.scale.Cost has it."""
    evaluated = what == "predictions"
    # Of two splits of the same weight, one is evaluated.
    write_pairs(folder, 2 * count if evaluated else count)
    config = _config(folder, {"train": 1, "eval": 1} if evaluated else {"train": 98, "eval": 2}, workers)
    placement = OnThisMachine(config)
    pipeline = _evaluation(config, placement, folder) if evaluated else create_pipeline(config)
    names = [node.id for node in pipeline.components]
    last = "Evaluator" if evaluated else "Transform"
    costs = run_nodes(names[: 1 + names.index(last)], pipeline, placement)
    return [cost for cost in costs if cost["node"] == "Evaluator" or not evaluated]


def run_nodes(
    names: Collection[str], pipeline: tfx_pipeline.Pipeline, placement: OnThisMachine
) -> list[dict[str, Any]]:
    """Runs some of the nodes, and gives what each of them cost, as benchmarks.scale.Cost has it."""
    ended = _Ended()
    logger = logging.getLogger("seq2seq.run")
    logger.setLevel(logging.INFO)
    logger.addHandler(ended)
    compiled = compiler.Compiler().compile(pipeline)
    parameters = {constants.PIPELINE_RUN_ID_PARAMETER_NAME: new_run_id()}
    runtime_parameter_utils.substitute_runtime_parameter(compiled, parameters)
    nodes = [node for node in compiled.nodes if node.pipeline_node.node_info.id in names]
    del compiled.nodes[:]
    compiled.nodes.extend(nodes)
    LocalRunner(placement.metadata).run_with_ir(compiled)
    return [
        {
            "node": event.node,
            "seconds": event.seconds,
            "processor_seconds": processor_seconds,
            "peak_memory": event.peak_memory,
            "written": sum(
                file.stat().st_size for file in Path(placement.root, event.node).rglob("*") if file.is_file()
            ),
        }
        for event, processor_seconds in ended.events
    ]


def _evaluation(config: Config, placement: OnThisMachine, folder: Path) -> tfx_pipeline.Pipeline:
    export_echo_model(str(folder / "model" / "Format-Serving"))
    data = create_ingestion(config, placement)
    model = Importer(str(folder / "model"), standard_artifacts.Model).with_id("Model")
    evaluator = create_evaluator(
        config.evaluation,
        target=config.target,
        examples=data.examples.outputs["examples"],
        schema=data.schema.outputs["schema"],
        model=model.outputs["result"],
        baseline_model=None,
        code_version="benchmark",
    )
    nodes = [*data.nodes, model, evaluator]
    placement.set_engines(nodes)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=placement.root,
        components=nodes,
        metadata_connection_config=placement.metadata,
    )


def _config(folder: Path, splits: dict[str, int], workers: int) -> Config:
    text = {"max_length": 24, "vocabulary_size": 100}
    return Config.model_validate(
        {
            "name": "scale",
            "workspace": str(folder / "runs"),
            "beam": {"direct": {"workers": workers}},
            "data": {"base": str(folder), "inputs": [{"pattern": "pairs-*.tsv", "splits": splits}]},
            "source": {"unit": "char", **text},
            "target": {"unit": "space", **text},
            "evaluation": {
                "metrics": ["exact_match", "bleu", "token_error_rate"],
                "thresholds": [{"metric": "exact_match", "at_least": 0.0}],
            },
        }
    )


if __name__ == "__main__":
    asked = json.loads(sys.argv[1])
    sys.stdout.write(
        "\n" + json.dumps(run(asked["what"], asked["count"], asked["workers"], Path(asked["folder"]))) + "\n"
    )
