"""What Transform runs in tests of its executor: both kinds of analysis, in a graph that takes a second to trace.

TFX reloads this module.
"""

import tensorflow as tf

from transform.config import TextConfig
from transform.subwords.analysis import learn_subwords
from transform.vocabulary import apply_vocabulary, learn_vocabulary


def preprocessing_fn(inputs, custom_config):
    """Learns subwords of what stands between spaces in the source, and a vocabulary of that in the target."""
    source, target = (TextConfig.model_validate(custom_config[side]) for side in ("source", "target"))
    words = tf.strings.split(inputs["source"][:, 0])
    tokens = tf.strings.split(inputs["target"][:, 0])
    subwords = learn_subwords(words.values, source, "source_vocabulary")
    if target.on_too_long == "drop":
        # Needs the subwords of all texts, which are then read a second time.
        tokens = tf.ragged.boolean_mask(tokens, tf.fill([tokens.nrows()], tf.size(subwords.trie.edges) > 0))
    ids = apply_vocabulary(tokens, learn_vocabulary(tokens.values, target, "target_vocabulary"))
    pieces = tf.fill([ids.nrows(), 1], tf.reduce_sum(tf.cast(subwords.trie.is_piece, tf.int64)))
    return {"ids": ids.to_tensor(shape=[None, target.max_length]), "pieces": pieces}
