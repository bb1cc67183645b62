"""One trained model, exported anew with other ways of decoding."""

from pathlib import Path

from pipeline.config import Config
from trainer.config.decoding import DecodingConfig
from trainer.export.saved_model import export_model
from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.record import read_origin
from trainer.warm_start.transfer import warm_start
from transform.features import SHARED_VOCABULARY, SOURCE_VOCABULARY, TARGET_VOCABULARY
from transform.text import TextProcessor


class TrainedModel:
    """The weights and vocabularies of a pushed model.

    Args:
        config: The configuration that the model was trained by.
        directory: Its folder, as `seq2seq run` pushed it.
    """

    def __init__(self, config: Config, directory: Path):
        self.config = config
        names = (SHARED_VOCABULARY,) * 2 if config.shared_vocabulary else (SOURCE_VOCABULARY, TARGET_VOCABULARY)
        self.source_vocabulary, self.target_vocabulary = (str(directory / "assets" / name) for name in names)
        self.source = TextProcessor(config.source, self.source_vocabulary)
        self.target = TextProcessor(config.target, self.target_vocabulary)
        self.model = Seq2Seq(config.model, self.source.vocabulary_size, self.target.vocabulary_size)
        vocabularies = {"source": self.source_vocabulary, "target": self.target_vocabulary}
        warm_start(self.model, read_origin(str(directory)), vocabularies)

    def export(self, directory: Path, decoding: DecodingConfig) -> None:
        """Exports it as version 1 of a model in `directory`."""
        export_model(
            model=self.model,
            source_config=self.config.source,
            target_config=self.config.target,
            source_vocabulary=self.source_vocabulary,
            target_vocabulary=self.target_vocabulary,
            decoding=decoding,
            directory=str(directory / "1"),
        )
