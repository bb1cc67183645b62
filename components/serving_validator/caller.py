"""Calls of the candidate's signatures; what goes wrong is told with the request."""

from collections.abc import Mapping, Sequence

import numpy as np
from tensorflow.core.framework import tensor_pb2

from components.serving_validator.errors import NoAnswerError, RejectedError, describe, describe_request
from serving import tensors
from serving.client.connection import Connection, Retry
from serving.client.errors import ClientError, DeadlineError, UnavailableError
from serving.client.predictor import ModelAddress, Predictor


class Caller(Predictor):
    """A Predictor that calls once and then judges: an error status is the model's fault, silence is not."""

    def __init__(self, address: str, model_name: str, deadline_seconds: float = 60.0):
        """Makes a caller.

        Args:
          address: of the server, `host:port`.
          model_name: name under which it serves the model.
          deadline_seconds: how long a call may take.
        """
        connection = Connection(address, deadline_seconds=deadline_seconds, retry=Retry(attempts=1))
        super().__init__(connection, ModelAddress(model_name))

    def predict(
        self, signature: str, inputs: Mapping[str, np.ndarray | tensor_pb2.TensorProto], outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Outputs of a signature.

        Raises:
          RejectedError: the server refuses or fails the request, or an output of floats is not a number.
          NoAnswerError: the server is gone or does not answer in time.
        """
        try:
            values = super().predict(signature, inputs, outputs)
        except (UnavailableError, DeadlineError) as error:
            request = describe_request(signature, _arrays(inputs))
            raise NoAnswerError(f"no answer to {request}: {_one_line(error)}") from None
        except ClientError as error:
            request = describe_request(signature, _arrays(inputs))
            raise RejectedError(f"signature {signature} does not answer", request, _one_line(error)) from None
        for name, value in values.items():
            if value.dtype.kind == "f" and np.isnan(value).any():
                request = describe_request(signature, _arrays(inputs))
                raise RejectedError(f"output {name} of {signature} is not a number", request, describe(value))
        return values


def _one_line(error: ClientError) -> str:
    return " ".join(str(error).split())


def _arrays(inputs: Mapping[str, np.ndarray | tensor_pb2.TensorProto]) -> dict[str, np.ndarray]:
    return {
        name: tensors.from_proto(value) if isinstance(value, tensor_pb2.TensorProto) else value
        for name, value in inputs.items()
    }
