"""Small SavedModels with scripted signatures: no training, and nothing of the code that serves or calls them."""

import pathlib
import sys

import numpy as np
import tensorflow as tf

from serving import contract

LETTERS = "abcdefghijklmnopqrstuvwxyz äß日ا🙂é19"
PIECES = [*contract.SPECIAL_TOKENS, *LETTERS]
WIDTH = 12
NEVER = -1e9


class ToyTranslator(tf.Module):
    """An attention model over characters with random weights: every signature of the contract but `score`."""

    def __init__(self, seed=0):
        super().__init__()
        random = np.random.default_rng(seed)
        size = len(PIECES)

        def weights(*shape):
            return tf.Variable(random.normal(0, 1, shape).astype(np.float32))

        self.source_embedding = weights(size, WIDTH)
        self.target_embedding = weights(size, WIDTH)
        self.recurrence = weights(3 * WIDTH, WIDTH)
        self.output = weights(WIDTH, size)
        self.pieces = tf.constant(PIECES)
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(PIECES, np.arange(size, dtype=np.int64)), contract.UNKNOWN_ID
        )

    def source(self, text):
        characters = tf.strings.unicode_split(text, "UTF-8")
        ends = tf.fill([tf.shape(text)[0], 1], "</s>")
        ragged = tf.concat([characters, tf.RaggedTensor.from_tensor(ends)], axis=1)
        return self.table.lookup(ragged.to_tensor("")), ragged.row_lengths(), ragged.to_tensor("")

    def encode(self, text):
        ids, length, tokens = self.source(text)
        memory = tf.gather(self.source_embedding, ids)
        mask = tf.sequence_mask(length, tf.shape(ids)[1], tf.float32)[..., None]
        return {
            contract.MEMORY: memory,
            contract.SOURCE_LENGTH: length,
            contract.STATE: tf.tanh(tf.reduce_sum(memory * mask, axis=1)),
            contract.TOKEN: tf.fill(tf.shape(length), tf.constant(contract.START_ID, tf.int64)),
            contract.MIN_LENGTH: tf.zeros_like(length),
            contract.MAX_LENGTH: length + 2,
            contract.SOURCE_TOKENS: tokens,
        }

    def step(self, token, state, memory, source_length):
        attention = tf.einsum("bsd,bd->bs", memory, state)
        mask = tf.sequence_mask(source_length, tf.shape(memory)[1])
        alignment = tf.nn.softmax(tf.where(mask, attention, NEVER))
        context = tf.einsum("bs,bsd->bd", alignment, memory)
        embedded = tf.gather(self.target_embedding, token)
        state = tf.tanh(tf.matmul(tf.concat([state, embedded, context], axis=1), self.recurrence))
        never = tf.constant([NEVER, 0, NEVER, 0] + [0] * len(LETTERS), tf.float32)
        log_probs = tf.nn.log_softmax(tf.matmul(state, self.output) + never)
        top_log_probs, top_tokens = tf.math.top_k(log_probs, 5)
        return {
            contract.LOG_PROBS: log_probs,
            contract.TOP_TOKENS: tf.cast(top_tokens, tf.int64),
            contract.TOP_LOG_PROBS: top_log_probs,
            contract.STATE: state,
            contract.ALIGNMENT: alignment,
        }

    def detokenize(self, tokens):
        pieces = tf.gather(self.pieces, tokens)
        over = tf.cumsum(tf.cast(tokens == contract.END_ID, tf.int32), axis=1) > 0
        pieces = tf.where(over | (tokens == contract.PAD_ID), "", pieces)
        return {contract.TEXT: tf.strings.reduce_join(pieces, axis=1), contract.PIECES: pieces}

    def translate(self, text):
        start = self.encode(text)
        memory, length, limit = (start[name] for name in (contract.MEMORY, contract.SOURCE_LENGTH, contract.MAX_LENGTH))
        steps = tf.cast(tf.reduce_max(limit), tf.int32) + 1
        ids = tf.TensorArray(tf.int64, steps)
        log_probs = tf.TensorArray(tf.float32, steps)
        alignments = tf.TensorArray(tf.float32, steps)
        token, state, ended = start[contract.TOKEN], start[contract.STATE], length < 0
        for written in tf.range(steps):
            out = self.step(token, state, memory, length)
            forced = limit <= tf.cast(written, tf.int64)
            token = tf.where(forced, tf.constant(contract.END_ID, tf.int64), out[contract.TOP_TOKENS][:, 0])
            chosen = tf.gather(out[contract.LOG_PROBS], token, batch_dims=1)
            token = tf.where(ended, tf.constant(contract.PAD_ID, tf.int64), token)
            ids = ids.write(written, token)
            log_probs = log_probs.write(written, tf.where(ended, 0.0, chosen))
            alignments = alignments.write(written, tf.where(ended[:, None], 0.0, out[contract.ALIGNMENT]))
            state = out[contract.STATE]
            ended = ended | (token == contract.END_ID)
        tokens = tf.transpose(ids.stack())
        token_log_probs = tf.transpose(log_probs.stack())
        detokenized = self.detokenize(tokens)
        total = tf.reduce_sum(token_log_probs, axis=1, keepdims=True)
        return {
            contract.TRANSLATION: detokenized[contract.TEXT],
            contract.TRANSLATIONS: detokenized[contract.TEXT][:, None],
            contract.SCORES: total / tf.cast(tf.math.count_nonzero(tokens, axis=1, keepdims=True), tf.float32),
            contract.LOG_PROBS: total,
            contract.TOKENS: tf.where(tokens == contract.END_ID, "</s>", detokenized[contract.PIECES])[:, None],
            contract.TOKEN_LOG_PROBS: token_log_probs[:, None],
            contract.ALIGNMENT: tf.transpose(alignments.stack(), [1, 0, 2])[:, None],
            contract.SOURCE_TOKENS: start[contract.SOURCE_TOKENS],
        }


def save_translator(folder, seed=0):
    """Writes a ToyTranslator to a folder, as one version."""
    model = ToyTranslator(seed)
    text = {contract.TEXT: tf.TensorSpec([None], tf.string, contract.TEXT)}
    step = {
        contract.TOKEN: tf.TensorSpec([None], tf.int64, contract.TOKEN),
        contract.STATE: tf.TensorSpec([None, None], tf.float32, contract.STATE),
        contract.MEMORY: tf.TensorSpec([None, None, WIDTH], tf.float32, contract.MEMORY),
        contract.SOURCE_LENGTH: tf.TensorSpec([None], tf.int64, contract.SOURCE_LENGTH),
    }
    tokens = {contract.TOKENS: tf.TensorSpec([None, None], tf.int64, contract.TOKENS)}
    _save(
        model,
        folder,
        {
            contract.SERVING_DEFAULT: (model.translate, text),
            contract.ENCODE: (model.encode, text),
            contract.DECODE_STEP: (model.step, step),
            contract.DETOKENIZE: (model.detokenize, tokens),
        },
    )


class ToyNumbers(tf.Module):
    """Arithmetic on rows, and the forms of signatures that Classify and Regress take."""

    def __init__(self, offset):
        super().__init__()
        self.offset = tf.Variable(float(offset))

    def add(self, x, y):
        return {"sum": x + y + self.offset, "product": x * y}

    def parse(self, inputs):
        features = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([], tf.float32)})
        return features["x"]

    def classify(self, inputs):
        x = self.parse(inputs)
        classes = tf.tile([["low", "high"]], [tf.shape(x)[0], 1])
        return {"classes": classes, "scores": tf.stack([-x, x], axis=1)}

    def regress(self, inputs):
        return {"outputs": self.parse(inputs) + self.offset}

    def spin(self, x):
        # Long enough for any deadline of a test, and stopped by TensorFlow at each turn of the loop.
        turns = tf.while_loop(lambda i: i < 2_000_000_000, lambda i: [i + 1], [tf.constant(0)])[0]
        return {"y": x + tf.cast(turns, tf.float32)}

    def sizes(self, text):
        return {"length": tf.strings.length(text), "text_bytes": text}


def save_numbers(folder, offset=0):
    """Writes a ToyNumbers to a folder, as one version."""
    model = ToyNumbers(offset)
    x = {"x": tf.TensorSpec([None], tf.float32, "x")}
    pair = {**x, "y": tf.TensorSpec([None], tf.float32, "y")}
    examples = {"inputs": tf.TensorSpec([None], tf.string, "inputs")}
    _save(
        model,
        folder,
        {
            "serving_default": (model.add, pair),
            "classify": (model.classify, examples),
            "regress": (model.regress, examples),
            "spin": (model.spin, x),
            "sizes": (model.sizes, {"text": tf.TensorSpec([None], tf.string, "text")}),
        },
    )


def _save(model, folder, signatures):
    concrete = {
        name: tf.function(function).get_concrete_function(**specs) for name, (function, specs) in signatures.items()
    }
    tf.saved_model.save(model, str(folder), signatures=concrete)


def save_all(folder):
    """The folders that tests of a server want: `translator` (version 1) and `numbers` (versions 1 and 3)."""
    save_translator(folder / "translator" / "1")
    save_numbers(folder / "numbers" / "1", offset=100)
    save_numbers(folder / "numbers" / "3", offset=0)


if __name__ == "__main__":
    save_all(pathlib.Path(sys.argv[1]))
