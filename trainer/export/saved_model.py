"""Saving the served model with its signatures."""

import tensorflow as tf

from serving import contract
from trainer.config.decoding import DecodingConfig
from trainer.export.served_model import ServedModel
from trainer.model.seq2seq import Seq2Seq
from trainer.warm_start.record import write_record
from transform.config import TextConfig
from transform.text import TextProcessor


def export_model(
    model: Seq2Seq,
    source_config: TextConfig,
    target_config: TextConfig,
    source_vocabulary: str,
    target_vocabulary: str,
    decoding: DecodingConfig,
    directory: str,
) -> None:
    """Saves the model as TensorFlow Serving loads it; vocabularies become assets. A later training can start from it.

    Args:
        model: The trained model.
        source_config: How source text becomes ids.
        target_config: How target text becomes ids.
        source_vocabulary: Path of the source's vocabulary.
        target_vocabulary: Path of the target's vocabulary.
        decoding: How text is decoded.
        directory: Folder of the SavedModel.
    """
    served = ServedModel(
        model,
        TextProcessor(source_config, source_vocabulary),
        TextProcessor(target_config, target_vocabulary),
        decoding,
    )
    tf.saved_model.save(served, directory, signatures=signatures_of(served))
    vocabularies = {"source": source_vocabulary, "target": target_vocabulary}
    write_record(model, served.checkpoint_keys(), vocabularies, directory)


def signatures_of(served: ServedModel) -> dict[str, tf.types.experimental.GenericFunction]:
    """The signatures of serving/contract.py by their names."""
    encoded = served.encode.get_concrete_function().structured_outputs
    # Widths of what a client hands back are those of the model, so that a wrong one is refused by name.
    step = tf.function(
        served.decode_step,
        input_signature=[
            tf.TensorSpec([None], tf.int64, name=contract.TOKEN),
            tf.TensorSpec([None, encoded[contract.STATE].shape[-1]], tf.float32, name=contract.STATE),
            tf.TensorSpec([None, None, encoded[contract.MEMORY].shape[-1]], tf.float32, name=contract.MEMORY),
            tf.TensorSpec([None], tf.int64, name=contract.SOURCE_LENGTH),
        ],
        autograph=False,
    )
    return {
        contract.SERVING_DEFAULT: served.serving_default,
        contract.SERVING_EXAMPLES: served.serving_examples,
        contract.TRANSFORM: served.transform,
        contract.ENCODE: served.encode,
        contract.DECODE_STEP: step,
        contract.COMPLETE: served.complete,
        contract.SAMPLE: served.sample,
        contract.SCORE: served.score,
        contract.DETOKENIZE: served.detokenize,
    }
