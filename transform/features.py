"""Names of features before and after Transform, and of the vocabularies that it learns."""

from serving import contract

# Raw features, as ExampleGen writes them.
SOURCE = "source"  # bytes [1]
TARGET = "target"  # bytes [1], the first reference
REFERENCES = "references"  # bytes [1 or more], all references, the first one included

# Before and after Transform; only there where the configuration names a column of weights.
EXAMPLE_WEIGHT = "example_weight"  # float [1], 0 or more, how much the pair counts in training

# Transformed features: int64, of one length for all examples.
SOURCE_IDS = contract.SOURCE_IDS  # [source.max_length + 1], the end token included, padded
SOURCE_MASK = "source_mask"  # 1 where SOURCE_IDS holds a token, 0 where it is padding
SOURCE_LENGTH = contract.SOURCE_LENGTH  # [1], the end token included
TARGET_INPUT_IDS = "target_input_ids"  # [target.max_length + 1], the start token and the text, padded
TARGET_OUTPUT_IDS = "target_output_ids"  # [target.max_length + 1], the text and the end token, padded
TARGET_MASK = "target_mask"  # 1 where TARGET_OUTPUT_IDS holds a token, 0 where it is padding
TARGET_LENGTH = contract.TARGET_LENGTH  # [1], the end token included
SOURCE_TOO_LONG = "source_too_long"  # [1], 1 where the text has more tokens than source.max_length
TARGET_TOO_LONG = "target_too_long"  # [1], 1 where the text has more tokens than target.max_length

# Vocabularies, assets of the transform graph: one token a line, whose number is the token's id.
SOURCE_VOCABULARY = "source_vocabulary"
TARGET_VOCABULARY = "target_vocabulary"
SHARED_VOCABULARY = "shared_vocabulary"
