"""Which models are to be served: ModelConfig messages, from flags, a file, or a request."""

from collections.abc import Sequence
from pathlib import Path

from tensorflow_serving.config import model_server_config_pb2

from serving.server.errors import invalid_argument
from serving.server.text_protos import ConfigFileError, read_text_proto

PLATFORM = "tensorflow"
_TYPES = model_server_config_pb2.ModelType


def single_model(name: str, base_path: Path) -> model_server_config_pb2.ModelConfig:
    """The configuration of one model, its newest version served."""
    return model_server_config_pb2.ModelConfig(name=name, base_path=str(base_path.absolute()), model_platform=PLATFORM)


def read_model_config_file(path: Path) -> list[model_server_config_pb2.ModelConfig]:
    """The models of a file as `--model_config_file` takes it.

    Raises:
      ConfigFileError: the file is no ModelServerConfig, or has a custom configuration.
    """
    config = read_text_proto(path, model_server_config_pb2.ModelServerConfig)
    if config.WhichOneof("config") == "custom_model_config":
        raise ConfigFileError(f"{path}: custom_model_config is not supported: give a model_config_list")
    return list(config.model_config_list.config)


def check_models(models: Sequence[model_server_config_pb2.ModelConfig]) -> None:
    """Refuses configurations that cannot be served.

    Raises:
      ServingError: a model is listed twice, its path is relative, or its platform is another than TensorFlow.
    """
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise invalid_argument(f"Illegal to list model {name} multiple times in config list")
    for model in models:
        if not Path(model.base_path).is_absolute():
            raise invalid_argument(
                f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
            )
    for model in models:
        platform = platform_of(model)
        if platform != PLATFORM:
            raise invalid_argument(f"Model {model.name} requests unsupported platform {platform}")


def platform_of(model: model_server_config_pb2.ModelConfig) -> str:
    """The platform that a configuration names, by its name or by the older `model_type`.

    Raises:
      ServingError: it names none, or both.
    """
    if model.model_type != _TYPES.MODEL_TYPE_UNSPECIFIED:
        if model.model_platform:
            raise invalid_argument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and ModelServerConfig::model_platform."
            )
        if model.model_type == _TYPES.TENSORFLOW:
            return PLATFORM
        raise invalid_argument(f"ModelServerConfig::model_type choice {model.model_type} not supported.")
    if not model.model_platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform,"
            f" model name is {model.name}"
        )
    return model.model_platform
