"""Requests in the model that a server replays before it serves it, so that the first client does not wait."""

import os
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from components.serving_validator.answers import DECODED_OUTPUTS
from components.serving_validator.sample import Sample
from serving import contract
from serving.client.predictor import ModelAddress

# TensorFlow Serving looks for it in the version's folder, as an uncompressed TFRecord file of 1000 records at most.
WARMUP_FILE = os.path.join("assets.extra", "tf_serving_warmup_requests")

_BATCH = 8


def write_warmup(model: str, model_name: str, sample: Sample) -> None:
    """Writes requests of real texts for the signatures that clients call with text, one text and several at once.

    Args:
      model: folder of the SavedModel, which is changed.
      model_name: name in the requests; a server does not look at it.
      sample: the texts, the shortest first.
    """
    path = os.path.join(model, WARMUP_FILE)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.TFRecordWriter(path) as writer:
        for request in _requests(ModelAddress(model_name), sample):
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())


def _requests(model: ModelAddress, sample: Sample) -> Iterator[predict_pb2.PredictRequest]:
    # From short to long, the longest included.
    spread = np.unique(np.linspace(0, len(sample.sources) - 1, _BATCH).astype(int))
    several = np.array([sample.sources[place] for place in spread], object)
    for texts in (several[len(several) // 2 :][:1], several):
        inputs = {contract.TEXT: texts}
        yield model.request(contract.SERVING_DEFAULT, inputs, [contract.TRANSLATION])
        yield model.request(contract.SERVING_DEFAULT, inputs, DECODED_OUTPUTS)
        yield model.request(contract.ENCODE, inputs, [])
    records = np.array([sample.records[place] for place in spread], object)
    yield model.request(contract.SERVING_EXAMPLES, {contract.EXAMPLES: records}, [contract.TRANSLATION])
