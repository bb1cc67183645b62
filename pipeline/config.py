"""The whole configuration of one task: its sections, and the rules that bind them together."""

from typing import Any

import pydantic
from pydantic import Field

from components.config.data import DataConfig
from components.config.evaluation import EvaluationConfig
from components.config.serving import ServingConfig
from pipeline.beam_config import BeamConfig
from pipeline.deploy_config import DeployConfig
from pipeline.metadata_config import MetadataConfig
from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.config.tuner import TunerConfig
from trainer.tuning.values import with_values
from transform.config import Section, TextConfig


class Config(Section):
    """One task, read from one YAML file."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="Name of the task: lower-case letters, digits and hyphens, 63 at most.",
    )
    workspace: str = Field(
        "runs",
        min_length=1,
        description="Folder of artifacts, metadata, logs and pushed models, each task in a folder of its name.",
    )
    data: DataConfig = Field(description=DataConfig.__doc__)
    source: TextConfig = Field(TextConfig(), description="How source text becomes token ids.")
    target: TextConfig = Field(TextConfig(), description="How target text becomes token ids.")
    shared_vocabulary: bool = Field(False, description="One vocabulary, learned from and used by both sides.")
    model: ModelConfig = Field(ModelConfig(), description=ModelConfig.__doc__)
    training: TrainingConfig = Field(TrainingConfig(), description=TrainingConfig.__doc__)
    tuner: TunerConfig = Field(TunerConfig(), description=TunerConfig.__doc__)
    decoding: DecodingConfig = Field(DecodingConfig(), description=DecodingConfig.__doc__)
    evaluation: EvaluationConfig = Field(description=EvaluationConfig.__doc__)
    serving: ServingConfig = Field(ServingConfig(), description=ServingConfig.__doc__)
    metadata: MetadataConfig = Field(MetadataConfig(), description=MetadataConfig.__doc__)
    beam: BeamConfig = Field(BeamConfig(), description=BeamConfig.__doc__)
    deploy: DeployConfig = Field(DeployConfig(), description=DeployConfig.__doc__)

    @pydantic.model_validator(mode="after")
    def _sections_agree(self) -> "Config":
        splits = sorted(self.data.split_names())
        if self.evaluation.split not in splits:
            raise ValueError(f"evaluation.split is {self.evaluation.split!r}: data.inputs feed {', '.join(splits)}")
        if self.evaluation.split == "train":
            raise ValueError("evaluation.split is 'train': measure on pairs that the model was not trained on")
        for key in self.evaluation.slice_by:
            if key not in self.data.slice_keys:
                raise ValueError(f"evaluation.slice_by has {key!r}: data.slice_keys are {self.data.slice_keys}")
        if self.model.attention == "none":
            for key in ("coverage_penalty", "replace_unknown"):
                if getattr(self.decoding, key):
                    raise ValueError(f"decoding.{key} is {getattr(self.decoding, key)}, but model.attention is 'none'")
            guided = self.training.objective.guided_attention.weight
            if guided:
                raise ValueError(
                    f"training.objective.guided_attention.weight is {guided:g}, but model.attention is 'none'"
                )
        model, r_drop = self.model, self.training.objective.r_drop
        if r_drop and not (model.dropout or model.embedding_dropout or model.recurrent_dropout):
            raise ValueError(
                f"training.objective.r_drop is {r_drop:g}, but nothing is dropped: model.dropout, embedding_dropout and"
                " recurrent_dropout are 0"
            )
        if self.model.share_embeddings and not self.shared_vocabulary:
            raise ValueError("model.share_embeddings is true, but shared_vocabulary is false")
        shortest, longest = self.decoding.min_length, self.target.max_length
        if self.decoding.max_length is None and shortest > longest:
            raise ValueError(f"decoding.min_length is {shortest}: target.max_length {longest} is the most")
        if self.shared_vocabulary:
            for key in ("unit", "vocabulary_size", "min_count"):
                source, target = getattr(self.source, key), getattr(self.target, key)
                if source != target:
                    raise ValueError(
                        f"shared_vocabulary is true, but source.{key} is {source!r} and target.{key} is {target!r}:"
                        " they must be equal"
                    )
        return self

    @pydantic.model_validator(mode="after")
    def _searched_values_can_be_used(self) -> "Config":
        if self.tuner.enabled and self.training.distribution.strategy == "multi_worker_mirrored":
            raise ValueError(
                "tuner.enabled is true, but training.distribution.strategy is 'multi_worker_mirrored': a search runs on"
                " one machine"
            )
        for key, values in self.tuner.space.items():
            if self.training.warm_start != "none" and key.startswith("model.") and not key.endswith("dropout"):
                raise ValueError(
                    f"tuner.space has {key!r}, but training.warm_start is {self.training.warm_start!r}: the"
                    " architecture is that of the model to start from"
                )
            for value in values.extremes():
                refusal = self._refusal_of(key, value)
                if refusal:
                    raise ValueError(f"tuner.space has {key!r} with {value!r}: {refusal}")
        return self

    def _refusal_of(self, key: str, value: Any) -> str | None:
        """Why the configuration would be refused if a key had another value; None where it would not be."""
        try:
            type(self).model_validate(with_values(self.model_dump(), {key: value, "tuner": {}}))
        except pydantic.ValidationError as error:
            fault = error.errors()[0]
            if fault["type"] == "extra_forbidden":
                return f"{'.'.join(map(str, fault['loc']))} is no key of the configuration"
            return fault["msg"].removeprefix("Value error, ")
        return None
