"""An exported model that translates texts in this process, as a server with the same model would."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from serving import contract
from serving.client import Translation
from serving.client.batches import length_batches
from serving.client.translation import batch_inputs, place_answers, wanted_outputs
from serving.server.saved_model import SavedModelSession

_MOST_TEXTS, _MOST_BYTES = 64, 1 << 20  # of a batch


class BatchModel:
    """The signature serving_default of a SavedModel, in the session that the local model server runs it in."""

    def __init__(self, folder: str, n_best: bool):
        """Loads the model.

        Args:
          folder: of the SavedModel.
          n_best: whether candidates are wanted.

        Raises:
          OSError, RuntimeError, tf.errors.OpError: there is no SavedModel, or it is damaged.
          ValueError: it gives no candidates, but they are wanted.
        """
        self._session = SavedModelSession(Path(folder))
        signature = self._session.signatures[contract.SERVING_DEFAULT]
        self._feed = signature.inputs[contract.TEXT].name
        self.has_scores = contract.SCORES in signature.outputs
        needed = (contract.TRANSLATIONS, contract.SCORES, contract.LOG_PROBS)
        missing = [name for name in needed if name not in signature.outputs]
        if n_best and missing:
            raise ValueError(f"the model in {folder} gives no {', '.join(missing)}, which --n-best asks for")
        self._details = list(needed) if n_best else [contract.SCORES] if self.has_scores else []
        self._outputs = {name: signature.outputs[name].name for name in wanted_outputs(self._details)}

    def translate(self, texts: Sequence[bytes]) -> list[Translation]:
        """One translation for each text, in the same order; texts of like length are decoded together."""
        answers: list[Translation | None] = [None] * len(texts)
        for batch in length_batches(texts, _MOST_TEXTS, _MOST_BYTES):
            feed = batch_inputs(texts, batch)[contract.TEXT]
            values = self._session.run({self._feed: feed}, list(self._outputs.values()))
            place_answers(answers, batch, dict(zip(self._outputs, map(np.asarray, values), strict=True)), self._details)
        return answers

    def close(self) -> None:
        """Gives the model's memory back."""
        self._session.close()
