"""What a training works on: the transformed pairs, their vocabularies, and models of the sizes that these ask for."""

import dataclasses

import tensorflow_transform as tft

from trainer.config.decoding import DecodingConfig
from trainer.config.model import ModelConfig
from trainer.config.training import TrainingConfig
from trainer.data.pairs import Pairs
from trainer.distribution.replicas import part_random_numbers
from trainer.learning.decoded_sample import TargetText
from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.start import start_weights
from transform.config import TextConfig
from transform.features import SHARED_VOCABULARY, SOURCE_VOCABULARY, TARGET_VOCABULARY
from transform.text import TextProcessor, read_tokens


@dataclasses.dataclass(frozen=True)
class Task:
    """What TFX hands to a training.

    Attributes:
        source: How source text becomes ids.
        target: How target text becomes ids.
        source_vocabulary: Path of the source's vocabulary.
        target_vocabulary: Path of the target's vocabulary.
        train: Pairs to train on.
        evaluation: Pairs whose loss tells when to stop.
        blessed_model: Folder of the model that was blessed last; None where none was, or none is asked for.
    """

    source: TextConfig
    target: TextConfig
    source_vocabulary: str
    target_vocabulary: str
    train: Pairs
    evaluation: Pairs
    blessed_model: str | None

    @classmethod
    def of(cls, fn_args) -> "Task":
        """The task in TFX's FnArgs, of a Trainer or of a Tuner.

        Args:
            fn_args: Its custom_config holds the sections source and target of the configuration, and shared_vocabulary.
        """
        config = fn_args.custom_config
        source, target = (TextConfig.model_validate(config[side]) for side in ("source", "target"))
        transformed = tft.TFTransformOutput(fn_args.transform_graph_path)
        names = (SHARED_VOCABULARY,) * 2 if config["shared_vocabulary"] else (SOURCE_VOCABULARY, TARGET_VOCABULARY)
        source_vocabulary, target_vocabulary = (transformed.vocabulary_file_by_name(name) for name in names)
        feature_spec = transformed.transformed_feature_spec()
        train, evaluation = (
            Pairs(split, files, feature_spec, source.on_too_long, target.on_too_long)
            for split, files in (("train", fn_args.train_files), ("eval", fn_args.eval_files))
        )
        return cls(source, target, source_vocabulary, target_vocabulary, train, evaluation, fn_args.base_model)

    def build_model(self, model: ModelConfig, training: TrainingConfig) -> Seq2Seq:
        """A model with the weights that training starts from: random, or as `training.warm_start` says.

        It is to be built in the scope of the strategy that trains it.

        Raises:
            FileNotFoundError: Where there is no model to start from.
            ValueError: Where that model has another architecture.
        """
        built = Seq2Seq(
            model,
            len(read_tokens(self.source_vocabulary)),
            len(read_tokens(self.target_vocabulary)),
            training.seed,
        )
        vocabularies = {"source": self.source_vocabulary, "target": self.target_vocabulary}
        start_weights(built, training.warm_start, self.blessed_model, vocabularies)
        part_random_numbers(built)
        return built

    def target_text(self, decoding: DecodingConfig) -> TargetText:
        """What decoding needs beside the model while it trains."""
        return TargetText(TextProcessor(self.target, self.target_vocabulary), decoding)
