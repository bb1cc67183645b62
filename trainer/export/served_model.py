"""The model as it is served: text in, text out, and the steps between, as one tf.Module that can be saved."""

import tensorflow as tf

from serving import contract
from trainer.config.decoding import DecodingConfig
from trainer.decoding.answer import answer, most_attended
from trainer.decoding.choice import Beam, Choice, Sampling
from trainer.decoding.constraints import Constraints, Prefix
from trainer.decoding.distribution import log_probs_of, next_token_log_probs
from trainer.decoding.hypotheses import Hypotheses
from trainer.decoding.limits import Limits, length_limits
from trainer.decoding.penalties import Penalties
from trainer.decoding.search import Source, search
from trainer.model.seq2seq import Seq2Seq
from transform import features
from transform.text import TextProcessor, of_rank

_TEXT = tf.TensorSpec([None], tf.string, name=contract.TEXT)
_TARGET = tf.TensorSpec([None], tf.string, name=contract.TARGET)
_PREFIX = tf.TensorSpec([None], tf.string, name=contract.PREFIX)
_SEED = tf.TensorSpec([None], tf.int64, name=contract.SEED)
_EXAMPLES = tf.TensorSpec([None], tf.string, name=contract.EXAMPLES)
_IDS = tf.TensorSpec([None, None], tf.int64, name=contract.TOKENS)

Tensors = dict[str, tf.Tensor]


class ServedModel(tf.Module):
    """The trained model with its text graph. Each public method computes the outputs of the signature of its name.

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
        self._model = self._no_dependency(model)
        self._weights = [variable.value for variable in model.variables]
        self._source = source
        self._target = target
        self._decoding = decoding
        self._penalties = Penalties(decoding.length_penalty, decoding.length_penalty_alpha, decoding.coverage_penalty)

    def checkpoint_keys(self) -> dict[int, str]:
        """The key of each of the model's variables in the SavedModel's checkpoint, by the `id` of the variable."""
        variables = enumerate(self._model.variables)
        return {id(variable): f"_weights/{index}/.ATTRIBUTES/VARIABLE_VALUE" for index, variable in variables}

    @tf.function(input_signature=[_TEXT], autograph=False)
    def transform(self, text: tf.Tensor) -> Tensors:
        """The source as the encoder reads it."""
        batch = self._source.source(text)
        return {
            contract.SOURCE_IDS: batch.ids,
            contract.SOURCE_LENGTH: batch.length,
            contract.SOURCE_TOKENS: batch.tokens,
        }

    @tf.function(input_signature=[_TEXT], autograph=False)
    def encode(self, text: tf.Tensor) -> Tensors:
        """What the first step of decoding reads, and how long it may go on."""
        source = self.transform(text)
        length = source[contract.SOURCE_LENGTH]
        memory, state = self._model.encode(source[contract.SOURCE_IDS], length)
        limits = length_limits(length, self._decoding, self._target.config.max_length)
        return {
            contract.MEMORY: memory,
            contract.SOURCE_LENGTH: length,
            contract.STATE: state,
            contract.TOKEN: tf.fill(tf.shape(length), tf.constant(contract.START_ID, tf.int64)),
            contract.MIN_LENGTH: limits.shortest,
            contract.MAX_LENGTH: limits.longest,
            contract.SOURCE_TOKENS: source[contract.SOURCE_TOKENS],
        }

    def decode_step(self, token: tf.Tensor, state: tf.Tensor, memory: tf.Tensor, source_length: tf.Tensor) -> Tensors:
        """One step of decoding."""
        output = self._model.decoder.step(token, state, memory, source_length)
        log_probs = next_token_log_probs(output.logits)
        # Padding and the start token are never among them.
        top = tf.math.top_k(log_probs, min(self._decoding.top_tokens, self._target.vocabulary_size - 2))
        return {
            contract.LOG_PROBS: log_probs,
            contract.TOP_TOKENS: tf.cast(top.indices, tf.int64),
            contract.TOP_LOG_PROBS: top.values,
            contract.STATE: output.state,
            contract.ALIGNMENT: output.alignment,
        }

    @tf.function(input_signature=[_TEXT], autograph=False)
    def serving_default(self, text: tf.Tensor) -> Tensors:
        """Text to decoded text, with all that is known of it."""
        encoded = self.encode(text)
        hypotheses = self._search(encoded, Beam(self._decoding.beam_size), self._decoding.n_best)
        return answer(
            hypotheses, self._target, encoded[contract.SOURCE_TOKENS], self._in_place_of_unknown(hypotheses, encoded)
        )

    @tf.function(input_signature=[_TEXT, _PREFIX], autograph=False)
    def complete(self, text: tf.Tensor, prefix: tf.Tensor) -> Tensors:
        """The same, with the start of each decoded text given."""
        encoded = self.encode(text)
        pieces = self._target.pieces(prefix)
        start = Prefix(self._target.ids(prefix).to_tensor(contract.PAD_ID), pieces.row_lengths())
        hypotheses = self._search(encoded, Beam(self._decoding.beam_size), self._decoding.n_best, start)
        # What is unknown to the model in the start is not unknown to whoever gave it.
        shape = tf.shape(hypotheses.ids, tf.int64)
        given = pieces.to_tensor("", shape=[None, None])[:, : shape[2]]
        given = tf.pad(given, [[0, 0], [0, shape[2] - tf.shape(given, tf.int64)[1]]], constant_values="")[:, tf.newaxis]
        replaced = self._in_place_of_unknown(hypotheses, encoded)
        unknown = tf.broadcast_to(given, shape) if replaced is None else tf.where(given != "", given, replaced)
        return answer(hypotheses, self._target, encoded[contract.SOURCE_TOKENS], unknown)

    @tf.function(input_signature=[_TEXT, _SEED], autograph=False)
    def sample(self, text: tf.Tensor, seed: tf.Tensor) -> Tensors:
        """Text to texts drawn from the model's distribution, the most probable of them first."""
        encoded = self.encode(text)
        settings = self._decoding
        choice = Sampling(settings.sample_size, of_rank(seed, 1), settings.temperature, settings.top_k, settings.top_p)
        hypotheses = self._search(encoded, choice, settings.sample_size)
        return answer(
            hypotheses, self._target, encoded[contract.SOURCE_TOKENS], self._in_place_of_unknown(hypotheses, encoded)
        )

    @tf.function(input_signature=[_EXAMPLES], autograph=False)
    def serving_examples(self, examples: tf.Tensor) -> Tensors:
        """What serving_default answers for serialized tf.Examples, the score of the target that they carry, and the
        count of unknown tokens."""
        spec = {
            features.SOURCE: tf.io.FixedLenFeature([], tf.string),
            features.TARGET: tf.io.FixedLenFeature([], tf.string, default_value=""),
        }
        parsed = tf.io.parse_example(examples, spec)
        text, target = parsed[features.SOURCE], parsed[features.TARGET]
        has_target = target != ""
        log_prob = self.score(text, target)[contract.LOG_PROB]
        is_unknown = self.transform(text)[contract.SOURCE_IDS] == contract.UNKNOWN_ID
        return {
            **self.serving_default(text),
            contract.TARGET_LOG_PROB: tf.where(has_target, log_prob, 0.0),
            contract.TARGET_LENGTH: tf.where(has_target, self._target.target(target).length, 0),
            contract.SOURCE_UNKNOWN: tf.math.count_nonzero(is_unknown, axis=1),
        }

    @tf.function(input_signature=[_TEXT, _TARGET], autograph=False)
    def score(self, text: tf.Tensor, target: tf.Tensor) -> Tensors:
        """How probable the target is as what the source becomes; a target above its longest length is cut."""
        encoded = self.encode(text)
        batch = self._target.target(target)
        logits = self._model.decoder(
            batch.input_ids, encoded[contract.STATE], encoded[contract.MEMORY], encoded[contract.SOURCE_LENGTH]
        )
        token_log_probs = log_probs_of(batch.output_ids, logits)
        return {
            contract.LOG_PROB: tf.reduce_sum(token_log_probs, axis=1),
            contract.TOKEN_LOG_PROBS: token_log_probs,
        }

    @tf.function(input_signature=[_IDS], autograph=False)
    def detokenize(self, tokens: tf.Tensor) -> Tensors:
        """Ids to text."""
        detokenized = self._target.detokenize(tokens)
        return {contract.TEXT: detokenized.text, contract.PIECES: detokenized.pieces}

    def _search(self, encoded: Tensors, choice: Choice, n_best: int, prefix: Prefix | None = None) -> Hypotheses:
        limits = Limits(encoded[contract.MIN_LENGTH], encoded[contract.MAX_LENGTH])
        return search(
            self._model.decoder.step,
            Source(
                encoded[contract.TOKEN],
                encoded[contract.STATE],
                encoded[contract.MEMORY],
                encoded[contract.SOURCE_LENGTH],
            ),
            choice,
            Constraints(limits, prefix, self._decoding.suppress_unknown, self._decoding.no_repeat_ngram),
            self._penalties,
            n_best,
        )

    def _in_place_of_unknown(self, hypotheses: Hypotheses, encoded: Tensors) -> tf.Tensor | None:
        if not self._decoding.replace_unknown:
            return None
        return most_attended(hypotheses.alignment, encoded[contract.SOURCE_TOKENS], encoded[contract.SOURCE_LENGTH])
