"""Settings of the push, and of the trial on a server before it."""

from typing import Literal

from pydantic import Field

from transform.config import Section


class ValidationConfig(Section):
    """How a model is tried out on a server before it is pushed."""

    runner: Literal["process", "docker", "kubernetes", "none"] = Field(
        "process",
        description=(
            "Where the server runs. process: tensorflow_model_server if it is on the PATH, else the local model server."
            " docker, kubernetes: a container of serving.validation.image. none: models are pushed without a trial."
        ),
    )
    image: str = Field(
        "tensorflow/serving:2.16.1",
        pattern=r"^[^\s@]+:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$",
        description="Image and tag for the runners docker and kubernetes.",
    )
    examples: int = Field(
        48,
        ge=1,
        le=1000,
        description=(
            "Examples of evaluation.split that every signature is asked for. A few of them become warm-up requests:"
            " their texts then lie in the pushed model."
        ),
    )
    max_start_seconds: int = Field(
        180, ge=1, le=86_400, description="Longest time until the server has loaded the model."
    )


class ServingConfig(Section):
    """Where a blessed model goes, and under which name it is served."""

    model_name: str = Field("seq2seq", pattern=r"^[A-Za-z0-9_.-]+$", description="Name of the model for clients.")
    push_to: str | None = Field(
        None, min_length=1, description="Folder of the numbered versions; none: WORKSPACE/NAME/served/MODEL_NAME."
    )
    validation: ValidationConfig = Field(ValidationConfig(), description=ValidationConfig.__doc__)
