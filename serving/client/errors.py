"""What can go wrong when a server is called."""

import grpc


class ClientError(Exception):
    """A call that failed. `code` and `message` are those of the server, or of gRPC where none was reached."""

    def __init__(self, code: grpc.StatusCode, message: str):
        super().__init__(f"{code.name}: {message}")
        self.code = code
        self.message = message


class RequestError(ClientError):
    """The server refuses the request: the model has no such signature, input or output, or cannot use the values."""


class NotFoundError(ClientError):
    """The server has no such model, or not this version of it."""


class AccessError(ClientError):
    """The server wants other credentials."""


class DeadlineError(ClientError):
    """The answer did not come in time."""


class UnavailableError(ClientError):
    """The server cannot be reached or has too much to do, and all retries came to nothing."""


class ServerError(ClientError):
    """The server failed at a request that it does not hold for wrong."""


_KINDS = {
    grpc.StatusCode.INVALID_ARGUMENT: RequestError,
    grpc.StatusCode.FAILED_PRECONDITION: RequestError,
    grpc.StatusCode.OUT_OF_RANGE: RequestError,
    grpc.StatusCode.UNIMPLEMENTED: RequestError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.UNAUTHENTICATED: AccessError,
    grpc.StatusCode.PERMISSION_DENIED: AccessError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: UnavailableError,
}


def of_rpc(error: grpc.RpcError) -> ClientError:
    """The client's error for one of gRPC's."""
    code = error.code()
    return _KINDS.get(code, ServerError)(code, error.details() or "no message")
