"""The model as it is served: text in, text out, and the steps between, as one tf.Module that can be saved."""

import tensorflow as tf

from serving import contract
from trainer.config import DecodingConfig
from trainer.decoding.distribution import log_probs_of, next_token_log_probs
from trainer.decoding.greedy import greedy_search
from trainer.model import Seq2Seq
from transform import features
from transform.text import TextProcessor

_TEXT = tf.TensorSpec([None], tf.string, name=contract.TEXT)
_TARGET = tf.TensorSpec([None], tf.string, name=contract.TARGET)
_EXAMPLES = tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)
_IDS = tf.TensorSpec([None, None], tf.int64, name=contract.TOKENS)


class ServedModel(tf.Module):
    """The trained model with its text graph. Each method named as a signature computes that signature's outputs.

    The answer for a row does not depend on the other rows of its batch but for padding.

    Args:
        model: The trained model.
        source: Text graph of the source.
        target: Text graph of the target.
        decoding: How text is decoded.
    """

    def __init__(self, model: Seq2Seq, source: TextProcessor, target: TextProcessor, decoding: DecodingConfig):
        super().__init__()
        # The variables below are tracked in the place of Keras' own. Saving a Keras variable makes a second one, and
        # that is what a session restores: TensorFlow Serving would find the weights of the graph not initialised.
        self.model = self._no_dependency(model)
        self.weights = [variable.value for variable in model.variables]
        self.source = source
        self.target = target
        self.max_length = decoding.max_length or target.config.max_length
        # Padding and the start token are never among them.
        self.top_tokens = min(decoding.top_tokens, target.vocabulary_size - 2)

    @tf.function(input_signature=[_TEXT])
    def transform(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """The source as the encoder reads it."""
        batch = self.source.source(text)
        return {
            contract.SOURCE_IDS: batch.ids,
            contract.SOURCE_LENGTH: batch.length,
            contract.SOURCE_TOKENS: batch.tokens,
        }

    @tf.function(input_signature=[_TEXT])
    def encode(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """What the first step of decoding reads, and how long it may go on."""
        source = self.transform(text)
        length = source[contract.SOURCE_LENGTH]
        memory, state = self.model.encode(source[contract.SOURCE_IDS], length)
        return {
            contract.MEMORY: memory,
            contract.SOURCE_LENGTH: length,
            contract.STATE: state,
            contract.TOKEN: tf.fill(tf.shape(length), tf.constant(contract.START_ID, tf.int64)),
            contract.MAX_LENGTH: tf.fill(tf.shape(length), tf.constant(self.max_length, tf.int64)),
            contract.SOURCE_TOKENS: source[contract.SOURCE_TOKENS],
        }

    def decode_step(
        self, token: tf.Tensor, state: tf.Tensor, memory: tf.Tensor, source_length: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """One step of decoding."""
        output = self.model.decoder.step(token, state, memory, source_length)
        log_probs = next_token_log_probs(output.logits)
        top = tf.math.top_k(log_probs, self.top_tokens)
        return {
            contract.LOG_PROBS: log_probs,
            contract.TOP_TOKENS: tf.cast(top.indices, tf.int64),
            contract.TOP_LOG_PROBS: top.values,
            contract.STATE: output.state,
            contract.ALIGNMENT: output.alignment,
        }

    @tf.function(input_signature=[_TEXT])
    def serving_default(self, text: tf.Tensor) -> dict[str, tf.Tensor]:
        """Text to decoded text, with all that is known of it."""
        encoded = self.encode(text)
        decoded = greedy_search(
            self.model.decoder,
            encoded[contract.TOKEN],
            encoded[contract.STATE],
            encoded[contract.MEMORY],
            encoded[contract.SOURCE_LENGTH],
            encoded[contract.MAX_LENGTH],
        )
        translation = self.target.detokenize(decoded.ids).text
        log_prob = tf.reduce_sum(decoded.token_log_probs, axis=1)
        best_of_one = {
            contract.TRANSLATIONS: translation,
            contract.SCORES: log_prob,
            contract.LOG_PROBS: log_prob,
            contract.TOKENS: self.target.tokens(decoded.ids),
            contract.TOKEN_LOG_PROBS: decoded.token_log_probs,
            contract.ALIGNMENT: decoded.alignment,
        }
        return {
            contract.TRANSLATION: translation,
            **{name: value[:, tf.newaxis] for name, value in best_of_one.items()},
            contract.SOURCE_TOKENS: encoded[contract.SOURCE_TOKENS],
        }

    @tf.function(input_signature=[_EXAMPLES])
    def serving_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """The same for serialized tf.Examples, and the score of the target that they carry."""
        spec = {
            features.SOURCE: tf.io.FixedLenFeature([], tf.string),
            features.TARGET: tf.io.FixedLenFeature([], tf.string, default_value=""),
        }
        parsed = tf.io.parse_example(examples, spec)
        text, target = parsed[features.SOURCE], parsed[features.TARGET]
        has_target = tf.strings.length(target) > 0
        log_prob = self.score(text, target)[contract.LOG_PROB]
        return {
            **self.serving_default(text),
            contract.TARGET_LOG_PROB: tf.where(has_target, log_prob, 0.0),
            contract.TARGET_LENGTH: tf.where(has_target, self.target.target(target).length, 0),
        }

    @tf.function(input_signature=[_TEXT, _TARGET])
    def score(self, text: tf.Tensor, target: tf.Tensor) -> dict[str, tf.Tensor]:
        """How probable the target is as what the source becomes; a target above its longest length is cut."""
        encoded = self.encode(text)
        batch = self.target.target(target)
        logits = self.model.decoder(
            batch.input_ids, encoded[contract.STATE], encoded[contract.MEMORY], encoded[contract.SOURCE_LENGTH]
        )
        token_log_probs = log_probs_of(batch.output_ids, logits)
        return {
            contract.LOG_PROB: tf.reduce_sum(token_log_probs, axis=1),
            contract.TOKEN_LOG_PROBS: token_log_probs,
        }

    @tf.function(input_signature=[_IDS])
    def detokenize(self, tokens: tf.Tensor) -> dict[str, tf.Tensor]:
        """Ids to text."""
        detokenized = self.target.detokenize(tokens)
        return {contract.TEXT: detokenized.text, contract.PIECES: detokenized.pieces}
