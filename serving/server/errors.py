"""Errors that a request is answered with."""

import grpc
import tensorflow as tf

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST_MESSAGE = 1024


class ServingError(Exception):
    """What a request is answered with instead of a response: a status code and a message."""

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(message)
        self.code = code
        self.message = message

    @property
    def details(self) -> str:
        """The message as it is sent over gRPC, cut as the C++ server cuts it."""
        encoded = self.message.encode("utf-8")
        if len(encoded) <= _LONGEST_MESSAGE:
            return self.message
        return encoded[:_LONGEST_MESSAGE].decode("utf-8", "ignore") + "...TRUNCATED"


def invalid_argument(message: str) -> ServingError:
    """The request is wrong in itself."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, message)


def not_found(message: str) -> ServingError:
    """There is no such model or version."""
    return ServingError(grpc.StatusCode.NOT_FOUND, message)


def failed_precondition(message: str) -> ServingError:
    """The model as it is cannot do what the request asks for."""
    return ServingError(grpc.StatusCode.FAILED_PRECONDITION, message)


def of_tensorflow(error: tf.errors.OpError) -> ServingError:
    """The same status that TensorFlow gave; its codes are those of gRPC."""
    return ServingError(_CODES.get(error.error_code, grpc.StatusCode.UNKNOWN), error.message)
