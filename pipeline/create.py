"""The pipeline of one task: reads top to bottom as the DAG."""

from tfx.components import StatisticsGen
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import pipeline as tfx_pipeline
from tfx.proto import trainer_pb2, transform_pb2

from components.evaluator import create_evaluator
from components.pusher import AtomicPusher
from components.report.component import Report
from components.serving_validator.component import ServingValidator
from components.trainer import Trainer
from components.transform import Transform
from pipeline.code_version import code_version
from pipeline.config import Config
from pipeline.ingestion import create_ingestion
from pipeline.placement import OnThisMachine, Placement

_TEXT_CODE = ("serving.contract", "transform")
_WRITING_CODE = (
    *("components.transform", "components.analyzer_cache", "components.example_gen.sink"),
    "components.example_gen.parts",
)
_TRAINING_CODE = (*_TEXT_CODE, "trainer")
_EVALUATION_CODE = (
    *("components.config.evaluation", "components.metrics", "components.evaluator", "components.evaluator_executor"),
    *("trainer.metrics", "transform"),
)
_VALIDATION_CODE = (
    *("components.serving_validator", "trainer.config.decoding", "transform.features"),
    *("serving.contract", "serving.tensors", "serving.client", "serving.step", "serving.server"),
)
_ALL_CODE = ("serving", "transform", "trainer", "components", "pipeline")
# Sections of the configuration that are told of; where things run is not among them.
_REPORTED = {
    *("name", "data", "source", "target", "shared_vocabulary", "model", "training", "tuner", "decoding", "evaluation"),
    "serving",
}


def create_pipeline(config: Config, placement: Placement | None = None) -> tfx_pipeline.Pipeline:
    """Builds the pipeline that a configuration describes.

    Each component is given its part of the configuration and a fingerprint of the code that it runs, so that a
    change to either runs it and what depends on it anew, and everything else is taken from the cache.

    Args:
      config: the task.
      placement: where it will run; None: on this machine.
    """
    placement = placement or OnThisMachine(config)
    text = {
        "source": config.source.model_dump(),
        "target": config.target.model_dump(),
        "shared_vocabulary": config.shared_vocabulary,
    }

    # Reads the pairs, describes them, and stops the run where they are not what they should be.
    data = create_ingestion(config, placement)

    # Learns the vocabularies, and turns text into padded ids with masks.
    transform = Transform(
        examples=data.examples.outputs["examples"],
        schema=data.schema.outputs["schema"],
        preprocessing_fn="transform.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=["train"], transform=["train", "eval"]),
        custom_config={
            **text,
            "code_version": code_version(*_TEXT_CODE, *_WRITING_CODE),
            "analyzer_cache": placement.analyzer_cache,
        },
        # TFX's own: ours is a folder, which is no input that would have Transform run anew.
        disable_analyzer_cache=True,
        # Transform's own statistics of all splits together would have Beam's direct runner hold every row in memory.
        disable_statistics=True,
    )
    transform.add_upstream_node(data.gate)

    # Describes in figures what came of it.
    transformed_statistics = StatisticsGen(examples=transform.outputs["transformed_examples"]).with_id(
        "TransformedStatisticsGen"
    )

    training = {
        **text,
        "model": config.model.model_dump(),
        "training": config.training.model_dump(),
        "decoding": config.decoding.model_dump(),
        "code_version": code_version(*_TRAINING_CODE),
        "checkpoints": placement.checkpoints,
    }
    training_data = {
        "examples": transform.outputs["transformed_examples"],
        "transform_graph": transform.outputs["transform_graph"],
    }

    # Finds the model whose weights training starts from: the last one that was blessed.
    start = None
    if config.training.warm_start == "blessed":
        start = placement.model_to_start_from(training, training_data)

    # Searches for the settings that the model is best trained with.
    tuner = None
    if config.tuner.enabled:
        tuner = placement.tuner(
            **training_data,
            base_model=start.outputs["model"] if start else None,
            tuner_fn="trainer.tune.tuner_fn",
            train_args=trainer_pb2.TrainArgs(splits=["train"]),
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config={**training, "tuner": config.tuner.model_dump()},
        )

    # Trains the encoder-decoder, and exports it with its text graph and signatures.
    trainer = Trainer(
        **training_data,
        base_model=start.outputs["model"] if start else None,
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        custom_config={**training, **placement.training_job()},
        epochs=placement.epochs,
        max_steps=placement.max_steps,
        custom_executor_spec=placement.trainer_executor(),
    )

    # Finds the model to beat: the last one that was blessed.
    baseline = placement.model_to_beat(trainer.outputs["model"])

    # Decodes text, measures it per slice, and blesses the model if it passes every threshold.
    evaluator = create_evaluator(
        config.evaluation,
        target=config.target,
        examples=data.examples.outputs["examples"],
        schema=data.schema.outputs["schema"],
        model=trainer.outputs["model"],
        baseline_model=baseline.outputs["model"],
        code_version=code_version(*_EVALUATION_CODE),
    )

    # Tries a blessed model out on a server, asks every signature for examples, and adds warm-up requests to it.
    validator = None
    if config.serving.validation.runner != "none":
        validator = ServingValidator(
            config.serving.validation,
            model_name=config.serving.model_name,
            split=config.evaluation.split,
            decoding=config.decoding,
            examples=data.examples.outputs["examples"],
            model=trainer.outputs["model"],
            model_blessing=evaluator.outputs["blessing"],
            code_version=code_version(*_VALIDATION_CODE),
        )

    # Makes a blessed model the newest version in the folder that TensorFlow Serving watches.
    blessed = {
        "model": trainer.outputs["model"],
        "model_blessing": evaluator.outputs["blessing"],
        "infra_blessing": validator.outputs["blessing"] if validator else None,
    }
    pusher = AtomicPusher(push_to=placement.push_to, evaluation=evaluator.outputs["evaluation"], **blessed)

    # Tells what came of it all, and why, on one page; of a model that was not pushed too.
    report = Report(
        # The span that was read, asked for or the newest, is told of the examples.
        config.model_dump(mode="json", include=_REPORTED, exclude={"data": {"span"}}),
        examples=data.examples.outputs["examples"],
        schema=data.schema.outputs["schema"],
        profile=data.profile.outputs["profile"],
        data_blessing=data.gate.outputs["blessing"],
        hyperparameters=tuner.outputs["best_hyperparameters"] if tuner else None,
        model=trainer.outputs["model"],
        model_run=trainer.outputs["model_run"],
        evaluation=evaluator.outputs["evaluation"],
        model_blessing=evaluator.outputs["blessing"],
        infra_blessing=validator.outputs["blessing"] if validator else None,
        pushed_model=pusher.outputs["pushed_model"],
        code_version=code_version(*_ALL_CODE),
    )

    components: list[BaseNode] = [
        *data.nodes,
        transform,
        transformed_statistics,
        *([start] if start else []),
        *([tuner] if tuner else []),
        trainer,
        baseline,
        evaluator,
        *([validator] if validator else []),
        pusher,
        *placement.further_pushers(**blessed),
        report,
    ]
    placement.set_engines(components)
    return tfx_pipeline.Pipeline(
        pipeline_name=config.name,
        pipeline_root=placement.root,
        components=components,
        enable_cache=True,
        metadata_connection_config=placement.metadata,
    )
