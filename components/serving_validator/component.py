"""ServingValidator: TFX's InfraValidator, which also looks at the answers and needs no Docker."""

import json

from tfx import types
from tfx.dsl.components.base import base_component, executor_spec
from tfx.proto import infra_validator_pb2
from tfx.types import component_spec, standard_artifacts, standard_component_specs

from components.config.serving import ValidationConfig
from components.serving_validator.executor import ServingValidatorExecutor
from serving import contract
from trainer.config.decoding import DecodingConfig


class ServingValidatorSpec(component_spec.ComponentSpec):
    """What goes into ServingValidator and comes out of it: as for InfraValidator, and a few more."""

    PARAMETERS = {
        **standard_component_specs.InfraValidatorSpec.PARAMETERS,
        "decoding": component_spec.ExecutionParameter(type=str),
        "code_version": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {
        **standard_component_specs.InfraValidatorSpec.INPUTS,
        standard_component_specs.MODEL_BLESSING_KEY: component_spec.ChannelParameter(
            type=standard_artifacts.ModelBlessing
        ),
    }
    OUTPUTS = standard_component_specs.InfraValidatorSpec.OUTPUTS


class ServingValidator(base_component.BaseComponent):
    """Blesses a model that a server loads and that answers by the contract; the blessing holds a warmed-up copy of it.

    A model that the Evaluator did not bless is not tried out, and not blessed. It is no subclass of InfraValidator,
    which TFX refuses to compile for Kubeflow.
    """

    SPEC_CLASS = ServingValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ServingValidatorExecutor)

    def __init__(
        self,
        config: ValidationConfig,
        *,
        model_name: str,
        split: str,
        decoding: DecodingConfig,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        model_blessing: types.BaseChannel,
        code_version: str,
    ):
        """Creates the component.

        Args:
          config: on which server, and with how many examples.
          model_name: name under which the model will be served.
          split: of the examples.
          decoding: how the model decodes.
          examples: raw examples.
          model: the candidate.
          model_blessing: what the Evaluator found.
          code_version: fingerprint of the code that runs, for the cache key.
        """
        spec = ServingValidatorSpec(
            model=model,
            model_blessing=model_blessing,
            examples=examples,
            blessing=types.Channel(type=standard_artifacts.InfraBlessing),
            serving_spec=_serving_spec(config, model_name),
            validation_spec=infra_validator_pb2.ValidationSpec(
                max_loading_time_seconds=config.max_start_seconds, num_tries=1
            ),
            request_spec=infra_validator_pb2.RequestSpec(
                tensorflow_serving=infra_validator_pb2.TensorFlowServingRequestSpec(
                    signature_names=[contract.SERVING_DEFAULT, contract.SERVING_EXAMPLES]
                ),
                split_name=split,
                num_examples=config.examples,
                make_warmup=True,
            ),
            decoding=json.dumps(decoding.model_dump()),
            code_version=code_version,
        )
        super().__init__(spec=spec)


def _serving_spec(config: ValidationConfig, model_name: str) -> infra_validator_pb2.ServingSpec:
    spec = infra_validator_pb2.ServingSpec(model_name=model_name)
    spec.tensorflow_serving.SetInParent()
    if config.runner in ("docker", "kubernetes"):
        name, _, tag = config.image.rpartition(":")
        spec.tensorflow_serving.image_name = name
        spec.tensorflow_serving.tags.append(tag)
        (spec.local_docker if config.runner == "docker" else spec.kubernetes).SetInParent()
    return spec
