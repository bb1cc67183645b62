"""Settings of training on more than one device."""

from typing import Literal

import pydantic
from pydantic import Field

from transform.config import Section


class DistributionConfig(Section):
    """The devices that train one model together, each on its share of every batch."""

    strategy: Literal["none", "mirrored", "multi_worker_mirrored"] = Field(
        "none",
        description=(
            "none: one device. mirrored: several devices of one machine. multi_worker_mirrored: several machines, which"
            " the environment variable TF_CONFIG names when training starts."
        ),
    )
    devices: list[str] | None = Field(
        None, min_length=1, description="mirrored: the devices, as in `GPU:0`; none: all GPUs of the machine."
    )
    communication: Literal["auto", "ring", "nccl"] = Field(
        "auto", description="multi_worker_mirrored: how gradients are summed. ring: over gRPC. nccl: between GPUs."
    )

    @pydantic.model_validator(mode="after")
    def _settings_belong_to_the_strategy(self) -> "DistributionConfig":
        if self.devices is not None and self.strategy != "mirrored":
            raise ValueError(f"devices are {self.devices}, but strategy is {self.strategy!r}: they go with mirrored")
        if self.communication != "auto" and self.strategy != "multi_worker_mirrored":
            raise ValueError(
                f"communication is {self.communication!r}, but strategy is {self.strategy!r}: it goes with"
                " multi_worker_mirrored"
            )
        return self
