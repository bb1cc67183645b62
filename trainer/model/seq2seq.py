"""The encoder-decoder as one Keras model."""

import random

import keras
import tensorflow as tf

from trainer.config.model import ModelConfig
from trainer.model.decoder import TeacherForced
from trainer.model.decoders import build_decoder
from trainer.model.encoder import Encoder


class Seq2Seq(keras.Model):
    """Maps source ids and target input ids to logits of the target output ids.

    Padding, of either side or as whole rows, changes neither the outputs of the other positions nor the gradient.
    All weights exist from construction on, and follow from `seed`: embeddings uniform between -0.05 and 0.05, recurrent
    kernels orthogonal, other kernels Glorot uniform, biases 0 but for an LSTM's forget gate, whose bias is 1.

    Args:
        config: The architecture.
        source_vocabulary_size: Number of source tokens, special ones included.
        target_vocabulary_size: Number of target tokens, special ones included.
        seed: Seed of the weights and of dropout.

    Raises:
        ValueError: Where embeddings are to be shared by vocabularies of different sizes.
    """

    def __init__(self, config: ModelConfig, source_vocabulary_size: int, target_vocabulary_size: int, seed: int = 1):
        super().__init__()
        if config.share_embeddings and source_vocabulary_size != target_vocabulary_size:
            raise ValueError(
                f"model.share_embeddings is true, but the source has {source_vocabulary_size:,} tokens and the target"
                f" {target_vocabulary_size:,}: set shared_vocabulary to true"
            )
        seeds = random.Random(seed)
        self.config = config
        self.encoder = Encoder(config, source_vocabulary_size, seeds)
        self.decoder = build_decoder(config, target_vocabulary_size, self.encoder, seeds)
        self.built = True

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Logits of teacher forcing, float [batch, target, vocabulary].

        Args:
            inputs: source_ids int64 [batch, source], source_length int64 [batch], target_input_ids int64
                [batch, target]; further entries are left alone.
            training: Whether dropout acts.
        """
        return self.decoder.logits(self.read_out(inputs, training))

    def read_out(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """What `decoder.logits` maps to logits, float [batch, target, units]; arguments as in `call`."""
        return self.teacher_forcing(inputs, training).read_out

    def teacher_forcing(self, inputs: dict[str, tf.Tensor], training: bool = False) -> TeacherForced:
        """What `decoder.logits` maps to logits, and the alignment; arguments as in `call`."""
        target, length = inputs["target_input_ids"], inputs["source_length"]
        memory, state = self.encode(inputs["source_ids"], length, training)
        masks = self.decoder.masks(tf.shape(target)[0]) if training else None
        return self.decoder.teacher_forcing(target, state, memory, length, masks)

    def encode(
        self, source_ids: tf.Tensor, source_length: tf.Tensor, training: bool = False
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """The decoder's memory, float [batch, source, memory_width], and its first state, [batch, state_size].

        Args:
            source_ids: Int64 [batch, source].
            source_length: Int64 [batch].
            training: Whether dropout acts.
        """
        encoded = self.encoder(source_ids, source_length, training=training)
        return self.decoder.memorize(encoded), self.decoder.initial_state(encoded)
