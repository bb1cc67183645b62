"""Warm-up: requests that lie in a SavedModel are replayed before the version becomes available."""

import logging
import time
from pathlib import Path

import grpc
import tensorflow as tf
from google.protobuf import message
from tensorflow_serving.apis import prediction_log_pb2

from serving.server.errors import ServingError, invalid_argument, of_tensorflow
from serving.server.examples import classify, multi_inference, regress
from serving.server.metrics import Metrics
from serving.server.predict import predict
from serving.server.servable import Servable

_LOGGER = logging.getLogger("seq2seq.server")

REQUESTS_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
_MOST_RECORDS = 1000


def warm_up(servable: Servable, folder: Path, iterations: int, metrics: Metrics) -> None:
    """Replays the requests in `assets.extra/tf_serving_warmup_requests`, if there are any.

    Args:
      servable: the version that was just loaded.
      folder: its SavedModel.
      iterations: how often each request is replayed.
      metrics: counts how long it took.

    Raises:
      ServingError: the file is no TFRecord file of PredictionLogs, holds more than 1000, or a request failed; the
        version must then not be served.
    """
    path = folder / REQUESTS_FILE
    if not path.is_file():
        return
    start = time.monotonic()
    count = 0
    try:
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            log = _parse(record, path)
            for _ in range(iterations):
                _replay(servable, log)
            count += 1
            if count > _MOST_RECORDS:
                raise invalid_argument(f"Number of warmup records exceeds the maximum ({_MOST_RECORDS}) at {path}")
    except tf.errors.DataLossError as error:
        message = f"{error.message}. Please verify your warmup data is in TFRecord format."
        raise ServingError(grpc.StatusCode.DATA_LOSS, message) from error
    except tf.errors.OpError as error:
        raise of_tensorflow(error) from error
    taken = time.monotonic() - start
    metrics.warmup_latency.add(str(folder), "OK", value=taken * 1e6)
    _LOGGER.info("%s version %d: %d warm-up requests in %.3f s", servable.name, servable.version, count, taken)


def _parse(record: bytes, path: Path) -> prediction_log_pb2.PredictionLog:
    try:
        return prediction_log_pb2.PredictionLog.FromString(record)
    except message.DecodeError as error:
        raise invalid_argument(f"Failed to parse warmup record: {record!r} from {path}") from error


def _replay(servable: Servable, log: prediction_log_pb2.PredictionLog) -> None:
    kind = log.WhichOneof("log_type")
    if kind == "predict_log":
        predict(servable, log.predict_log.request, 0)
    elif kind == "classify_log":
        classify(servable, log.classify_log.request, 0)
    elif kind == "regress_log":
        regress(servable, log.regress_log.request, 0)
    elif kind == "multi_inference_log":
        multi_inference(servable, log.multi_inference_log.request, 0)
    elif kind is not None:
        number = log.DESCRIPTOR.fields_by_name[kind].number
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"Unsupported log_type for warmup: {number}")
