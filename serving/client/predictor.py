"""Calls of a model's signatures, arrays in and arrays out."""

import dataclasses
from collections.abc import Mapping, Sequence

import grpc
import numpy as np
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from serving import tensors
from serving.client.connection import Connection
from serving.client.errors import ServerError, UnavailableError, of_rpc


@dataclasses.dataclass(frozen=True)
class ModelAddress:
    """Which model of a server is asked: its newest version, or the one that a number or a label names."""

    name: str = "seq2seq"
    version: int | None = None
    label: str | None = None

    def __post_init__(self):
        if self.version is not None and self.label is not None:
            raise ValueError(f"version {self.version} and label {self.label!r} are given: give one of them")

    def request(
        self, signature: str, inputs: Mapping[str, np.ndarray | tensor_pb2.TensorProto], outputs: Sequence[str]
    ) -> predict_pb2.PredictRequest:
        """The request that runs a signature; only the outputs named are sent back."""
        request = predict_pb2.PredictRequest(output_filter=outputs)
        request.model_spec.name = self.name
        request.model_spec.signature_name = signature
        if self.version is not None:
            request.model_spec.version.value = self.version
        if self.label is not None:
            request.model_spec.version_label = self.label
        for name, value in inputs.items():
            is_proto = isinstance(value, tensor_pb2.TensorProto)
            request.inputs[name].CopyFrom(value if is_proto else tensors.to_proto(value))
        return request


def read_outputs(response: predict_pb2.PredictResponse, outputs: Sequence[str]) -> dict[str, np.ndarray]:
    """The outputs asked for, as arrays.

    Raises:
      ServerError: the response lacks one, or it cannot be read.
    """
    values = {}
    for name in outputs:
        if name not in response.outputs:
            raise ServerError(grpc.StatusCode.INTERNAL, f"the response lacks output {name!r}")
        try:
            values[name] = tensors.from_proto(response.outputs[name])
        except ValueError as error:
            raise ServerError(grpc.StatusCode.INTERNAL, f"output {name!r} cannot be read: {error}") from error
    return values


class Predictor:
    """Runs signatures of one model on one server. It may be used by several threads."""

    def __init__(self, connection: Connection, model: ModelAddress):
        self.connection = connection
        self.model = model
        self._channel = connection.channel()
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(self._channel)

    def predict(
        self, signature: str, inputs: Mapping[str, np.ndarray | tensor_pb2.TensorProto], outputs: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """Outputs of a signature.

        Args:
          signature: its name.
          inputs: values by input name.
          outputs: names of the outputs wanted; nothing else crosses the wire.

        Raises:
          ClientError: the call failed.
        """
        try:
            response = self.connection.call(self._stub.Predict, self.model.request(signature, inputs, outputs))
        except grpc.RpcError as error:
            raise of_rpc(error) from error
        return read_outputs(response, outputs)

    def wait_until_reachable(self, seconds: float) -> None:
        """Waits for a server to listen at the address.

        Raises:
          UnavailableError: none did so in time.
        """
        try:
            grpc.channel_ready_future(self._channel).result(timeout=seconds)
        except grpc.FutureTimeoutError as error:
            raise UnavailableError(
                grpc.StatusCode.UNAVAILABLE, f"no server answered at {self.connection.address} within {seconds:g} s"
            ) from error

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()

    def __enter__(self) -> "Predictor":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
