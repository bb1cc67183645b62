"""Names of the exported signatures and of their tensors.

This module is all that the trainer, which exports a model, and a client, which calls it, have in common.
Shapes use B batch, S source length, T target length, V target vocabulary, K n-best, D memory width,
U width of the decoder's state. Every tensor is batch-first, because TensorFlow Serving merges requests
along the first dimension, and no tensor is a mask, because it pads with a tensor's own first element.
"""

# Signatures.
SERVING_DEFAULT = "serving_default"  # text -> the decoded outputs below
SERVING_EXAMPLES = "serving_examples"  # serialized tf.Examples -> the decoded outputs, and the three below
TRANSFORM = "transform"  # text -> SOURCE_IDS, SOURCE_LENGTH, SOURCE_TOKENS
ENCODE = "encode"  # text -> MEMORY, SOURCE_LENGTH, STATE, TOKEN, MIN_LENGTH, MAX_LENGTH, SOURCE_TOKENS
DECODE_STEP = "decode_step"  # TOKEN, STATE, MEMORY, SOURCE_LENGTH -> one step's distribution and next state
SCORE = "score"  # text and target -> LOG_PROB, TOKEN_LOG_PROBS
COMPLETE = "complete"  # text and the start of its translation -> the decoded outputs, which begin with that start
SAMPLE = "sample"  # text and seed -> the decoded outputs, drawn at random
DETOKENIZE = "detokenize"  # TOKENS (ids) -> TEXT, PIECES

# Inputs.
TEXT = "text"  # string [B]
EXAMPLES = "examples"  # string [B], serialized tf.Example
TARGET = "target"  # string [B]
PREFIX = "prefix"  # string [B], how each translation has to begin
SEED = "seed"  # int64 [B], each row's own: equal seeds draw equal texts

# Decoded outputs.
TRANSLATION = "translation"  # string [B], the best of TRANSLATIONS
TRANSLATIONS = "translations"  # string [B, K], best first
SCORES = "scores"  # float32 [B, K], log-probability under the length and coverage penalties
LOG_PROBS = "log_probs"  # float32 [B, K], plain log-probability; in decode_step float32 [B, V]
TOKENS = "tokens"  # string [B, K, T], the end token included, "" after it; in detokenize ids, int64 [B, T]
TOKEN_LOG_PROBS = "token_log_probs"  # float32 [B, K, T], that of the end token included, 0 after it; in score [B, T]
ALIGNMENT = "alignment"  # float32 [B, K, T, S]; in decode_step [B, S]; all 0 in a model without attention
SOURCE_TOKENS = "source_tokens"  # string [B, S], the end token included, "" after it

# Of an example: forced decoding of the target that it carries, both 0 where it carries none; and of its source.
TARGET_LOG_PROB = "target_log_prob"  # float32 [B], sum over the target's tokens, end included
TARGET_LENGTH = "target_length"  # int64 [B], tokens of the target, end included
SOURCE_UNKNOWN = "source_unknown"  # int64 [B], tokens of the source that the vocabulary does not have

# Text graph and steps.
SOURCE_IDS = "source_ids"  # int64 [B, S], the end token included, 0 after it
SOURCE_LENGTH = "source_length"  # int64 [B], the end token included
MEMORY = "memory"  # float32 [B, S, D], opaque
STATE = "state"  # float32 [B, U], opaque
TOKEN = "token"  # int64 [B], the token that the step reads; encode gives the start token
MIN_LENGTH = "min_length"  # int64 [B], fewest tokens to write for the row: the end token may not come before
MAX_LENGTH = "max_length"  # int64 [B], most tokens to write for the row: only the end token may follow that many
TOP_TOKENS = "top_tokens"  # int64 [B, K], most probable first
TOP_LOG_PROBS = "top_log_probs"  # float32 [B, K]
LOG_PROB = "log_prob"  # float32 [B], sum over the target's tokens, end included
PIECES = "pieces"  # string [B, T], "" after the end

# Token ids that every vocabulary shares.
PAD_ID = 0
UNKNOWN_ID = 1
START_ID = 2
END_ID = 3
SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")
