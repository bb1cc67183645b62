"""Which weights a training starts from."""

import logging

from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.record import read_origin
from trainer.warm_start.transfer import warm_start

logger = logging.getLogger("seq2seq.trainer")


def start_weights(model: Seq2Seq, start: str, blessed_model: str | None, vocabularies: dict[str, str]) -> None:
    """Gives `model` the weights that `training.warm_start` names.

    Args:
        model: The model, its weights random.
        start: The setting: none, blessed, or the folder of an exported model.
        blessed_model: Folder of the model that was blessed last; None where none was.
        vocabularies: Paths of the model's vocabularies of `source` and `target`.

    Raises:
        FileNotFoundError: Where there is no model to start from.
        ValueError: Where that model has another architecture.
    """
    if start == "none":
        return
    if start == "blessed" and blessed_model is None:
        logger.info("training.warm_start: no model has been blessed yet; the first weights are random")
        return
    warm_start(model, read_origin(blessed_model if start == "blessed" else start), vocabularies)
