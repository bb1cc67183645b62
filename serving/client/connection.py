"""How a server is reached: address, TLS, metadata, deadline, and what is tried again."""

import asyncio
import dataclasses
import random
import time
from collections.abc import Callable, Iterator

import grpc

_RETRIED = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


@dataclasses.dataclass(frozen=True)
class Tls:
    """Certificates, PEM-encoded. Without `root_certificates` those of the system are trusted."""

    root_certificates: bytes | None = None
    client_key: bytes | None = None
    client_certificate: bytes | None = None
    server_name: str | None = None  # the name in the server's certificate, where it is not that of the address

    def credentials(self) -> grpc.ChannelCredentials:
        """What gRPC makes of them."""
        return grpc.ssl_channel_credentials(self.root_certificates, self.client_key, self.client_certificate)


@dataclasses.dataclass(frozen=True)
class Retry:
    """When a call that found the server unavailable, or out of resources, is made again; all else fails at once."""

    attempts: int = 5
    first_seconds: float = 0.1  # each wait is up to twice as long as the one before, and drawn at random
    most_seconds: float = 5.0

    def waits(self) -> Iterator[float]:
        """Seconds to wait before each further attempt."""
        longest = self.first_seconds
        for _ in range(self.attempts - 1):
            yield random.uniform(longest / 2, longest)
            longest = min(2 * longest, self.most_seconds)


@dataclasses.dataclass(frozen=True)
class Connection:
    """Where a server is, and how it is called."""

    address: str = "localhost:8500"
    tls: Tls | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    deadline_seconds: float = 60.0  # of one call, its retries included
    retry: Retry = Retry()

    def channel_options(self) -> list[tuple[str, int | str]]:
        """Options of a channel: messages of any size that protobuf can hold, and a quick second look for the server."""
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", -1),
            ("grpc.max_send_message_length", -1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.min_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 5000),
        ]
        if self.tls and self.tls.server_name:
            options.append(("grpc.ssl_target_name_override", self.tls.server_name))
        return options

    def channel(self) -> grpc.Channel:
        """A new channel; it connects with the first call."""
        if self.tls:
            return grpc.secure_channel(self.address, self.tls.credentials(), self.channel_options())
        return grpc.insecure_channel(self.address, self.channel_options())

    def aio_channel(self) -> grpc.aio.Channel:
        """A new channel for asyncio."""
        if self.tls:
            return grpc.aio.secure_channel(self.address, self.tls.credentials(), self.channel_options())
        return grpc.aio.insecure_channel(self.address, self.channel_options())

    def call(self, method: Callable, request: object) -> object:
        """Calls a method of a stub, again where that may help, until the deadline.

        Raises:
          grpc.RpcError: the last attempt's error.
        """
        end = time.monotonic() + self.deadline_seconds
        for wait in self.retry.waits():
            try:
                return self._call_once(method, request, end)
            except grpc.RpcError as error:
                if error.code() not in _RETRIED or time.monotonic() + wait >= end:
                    raise
            time.sleep(wait)
        return self._call_once(method, request, end)

    async def call_async(self, method: Callable, request: object) -> object:
        """The same for a method of an asyncio stub."""
        end = time.monotonic() + self.deadline_seconds
        for wait in self.retry.waits():
            try:
                return await self._call_once(method, request, end)
            except grpc.RpcError as error:
                if error.code() not in _RETRIED or time.monotonic() + wait >= end:
                    raise
            await asyncio.sleep(wait)
        return await self._call_once(method, request, end)

    def _call_once(self, method: Callable, request: object, end: float) -> object:
        return method(request, timeout=max(0.0, end - time.monotonic()), metadata=self.metadata or None)
