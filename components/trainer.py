"""TFX's Trainer, with a length of training that can be a parameter of the run."""

from typing import Any

from tfx import types
from tfx.components.trainer import executor
from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.proto import trainer_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs
from tfx.utils import json_utils

from components.pushed_model import without_missing_model

EPOCHS_KEY = "epochs"
MAX_STEPS_KEY = "max_steps"


class TrainerExecutor(executor.GenericExecutor):
    """Runs `trainer.run.run_fn`."""

    def Do(
        self,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Trains a model.

        Args:
          input_dict: transformed examples, their transform graph, and perhaps a model to start from.
          output_dict: the model, and what was recorded of its training.
          exec_properties: those of TFX's Trainer; and, where they are given, the most epochs and the most steps (0:
            epochs alone decide) in place of those in custom_config.
        """
        config = json_utils.loads(exec_properties[standard_component_specs.CUSTOM_CONFIG_KEY])
        if EPOCHS_KEY in exec_properties:
            config["training"][EPOCHS_KEY] = exec_properties[EPOCHS_KEY]
        if MAX_STEPS_KEY in exec_properties:
            config["training"][MAX_STEPS_KEY] = exec_properties[MAX_STEPS_KEY] or None
        super().Do(
            without_missing_model(input_dict, standard_component_specs.BASE_MODEL_KEY),
            output_dict,
            {**exec_properties, standard_component_specs.CUSTOM_CONFIG_KEY: json_utils.dumps(config)},
        )


class TrainerSpec(component_spec.ComponentSpec):
    """What goes into Trainer and comes out of it: as for TFX's Trainer, and two more."""

    PARAMETERS = {
        **standard_component_specs.TrainerSpec.PARAMETERS,
        EPOCHS_KEY: component_spec.ExecutionParameter(type=int, optional=True),
        MAX_STEPS_KEY: component_spec.ExecutionParameter(type=int, optional=True),
    }
    INPUTS = standard_component_specs.TrainerSpec.INPUTS
    OUTPUTS = standard_component_specs.TrainerSpec.OUTPUTS
    TYPE_ANNOTATION = standard_component_specs.TrainerSpec.TYPE_ANNOTATION


class Trainer(base_component.BaseComponent):
    """Trains the encoder-decoder on the split train, its loss on the split eval telling when to stop."""

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(TrainerExecutor)

    def __init__(
        self,
        examples: types.BaseChannel,
        transform_graph: types.BaseChannel,
        custom_config: dict[str, Any],
        base_model: types.BaseChannel | None = None,
        hyperparameters: types.BaseChannel | None = None,
        epochs: int | RuntimeParameter | None = None,
        max_steps: int | RuntimeParameter | None = None,
        custom_executor_spec: executor_spec.ExecutorSpec | None = None,
    ):
        """Creates the component.

        Args:
          examples: transformed examples.
          transform_graph: what they were transformed with.
          custom_config: what `trainer.run.run_fn` needs.
          base_model: the model that training starts from; it may be empty.
          hyperparameters: what a Tuner found best.
          epochs: the most epochs, in place of those in custom_config.
          max_steps: the most steps, in place of those in custom_config; 0: epochs alone decide.
          custom_executor_spec: of what runs the training elsewhere.
        """
        spec = TrainerSpec(
            examples=examples,
            transform_graph=transform_graph,
            base_model=base_model,
            hyperparameters=hyperparameters,
            run_fn="trainer.run.run_fn",
            train_args=trainer_pb2.TrainArgs(splits=["train"]),
            eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
            custom_config=json_utils.dumps(custom_config),
            epochs=epochs,
            max_steps=max_steps,
            model=types.Channel(type=standard_artifacts.Model),
            model_run=types.Channel(type=standard_artifacts.ModelRun),
        )
        super().__init__(spec=spec, custom_executor_spec=custom_executor_spec)
