"""What TFX's StatisticsGen is told, so that it needs no more memory for more pairs."""

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2

from transform.features import REFERENCES, SOURCE, TARGET


def text_statistics_options() -> tfdv.StatsOptions:
    """Options for raw examples: slice keys have their values counted, by a sketch of bounded size, texts do not.

    By default TFDV counts every different value of every feature, and so holds all texts.
    """
    not_categorical = schema_pb2.StringDomain.CATEGORICAL_NO
    texts = schema_pb2.Schema(
        feature=[
            schema_pb2.Feature(
                name=name,
                type=schema_pb2.BYTES,
                string_domain=schema_pb2.StringDomain(name=name, is_categorical=not_categorical),
            )
            for name in (SOURCE, TARGET, REFERENCES)
        ]
    )
    return tfdv.StatsOptions(schema=texts, use_sketch_based_topk_uniques=True)
