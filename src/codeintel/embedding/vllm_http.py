"""Does the steps of a plan over HTTP: the one place that knows httpx."""

import asyncio
import ssl
import time
from collections.abc import Mapping

import httpx

from codeintel.embedding.delivery import Failed, Reply, Send
from codeintel.embedding.vllm_lanes import Lanes
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.errors import EmbeddingClosedError, EmbeddingMismatchError

#: Below uvicorn's 5 s, so that the client, not the server, closes idle connections.
_KEEPALIVE_EXPIRY_S = 4.0
_TRANSPORT_ERRORS = (httpx.TransportError, OSError, ssl.SSLError)


class SyncHTTP:
    """Blocking requests over one pool; safe to share between threads."""

    def __init__(self, options: VLLMOptions) -> None:
        self._options = options
        self._transport = Lanes(
            max_connections=options.max_connections,
            max_keepalive_connections=options.max_keepalive_connections,
            keepalive_expiry_s=_KEEPALIVE_EXPIRY_S,
        )
        self._client = httpx.Client(
            transport=self._transport, headers=_headers(options), trust_env=False
        )

    def send(self, step: Send) -> Reply | Failed:
        """Make one attempt.

        Raises
        ------
        EmbeddingClosedError
            The pool was closed meanwhile.
        EmbeddingMismatchError
            The answer is larger than any honest one.
        """
        body = bytearray()
        try:
            with self._client.stream(
                "GET" if step.call.body is None else "POST",
                step.url,
                content=step.call.body,
                timeout=_timeout(self._options, step.deadline),
            ) as response:
                for part in response.iter_raw():
                    body += part
                    if failed := _stop_reading(step, len(body)):
                        return failed
        except _TRANSPORT_ERRORS as error:
            return _failed(error)
        except RuntimeError as error:
            raise _closed() from error
        return Reply(response.status_code, bytes(body), _lower(response.headers))

    @property
    def n_open(self) -> int:
        """Number of sockets."""
        return self._transport.n_open

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


class AsyncHTTP:
    """Requests without blocking, over one pool that belongs to one event loop."""

    def __init__(self, options: VLLMOptions) -> None:
        self.loop = asyncio.get_running_loop()
        self.in_flight = asyncio.Semaphore(options.max_in_flight)
        self._options = options
        self._transport = httpx.AsyncHTTPTransport(
            verify=ssl.create_default_context(),
            # Idle connections are not limited apart: closing one that has just been given to a
            # request is what httpcore gets wrong. In flight there are `max_in_flight` at most.
            limits=httpx.Limits(
                max_connections=options.max_connections,
                max_keepalive_connections=options.max_connections,
                keepalive_expiry=_KEEPALIVE_EXPIRY_S,
            ),
            trust_env=False,
        )
        self._client = httpx.AsyncClient(
            transport=self._transport, headers=_headers(options), trust_env=False
        )

    async def send(self, step: Send) -> Reply | Failed:
        """Make one attempt; raises what `SyncHTTP.send` does."""
        body = bytearray()
        try:
            async with self._client.stream(
                "GET" if step.call.body is None else "POST",
                step.url,
                content=step.call.body,
                timeout=_timeout(self._options, step.deadline),
            ) as response:
                async for part in response.aiter_raw():
                    body += part
                    if failed := _stop_reading(step, len(body)):
                        return failed
        except _TRANSPORT_ERRORS as error:
            return _failed(error)
        except RuntimeError as error:
            raise _closed() from error
        return Reply(response.status_code, bytes(body), _lower(response.headers))

    @property
    def n_open(self) -> int:
        """Number of sockets."""
        # httpx shows no count of its own.
        return sum(not connection.is_closed() for connection in self._transport._pool.connections)

    async def close(self) -> None:
        """Close all connections, from the loop they belong to or from another one."""
        if asyncio.get_running_loop() is self.loop:
            await self._client.aclose()
        elif self.loop.is_running():
            closing = asyncio.run_coroutine_threadsafe(self._client.aclose(), self.loop)
            await asyncio.wrap_future(closing)


def _headers(options: VLLMOptions) -> dict[str, str]:
    """Give the headers of every request; answers must not be compressed, their size is bounded."""
    headers = {"content-type": "application/json", "accept-encoding": "identity"}
    if options.api_key:
        headers["authorization"] = f"Bearer {options.api_key}"
    return {**headers, **options.headers}


def _timeout(options: VLLMOptions, deadline: float) -> httpx.Timeout:
    """Bound each wait by its own limit and by what is left until the deadline."""
    left_s = max(0.001, deadline - time.monotonic())
    return httpx.Timeout(
        min(options.read_timeout_s, left_s),
        connect=min(options.connect_timeout_s, left_s),
        pool=left_s,
    )


def _stop_reading(step: Send, n_bytes: int) -> Failed | None:
    """Bound an answer in time and size, however slowly or fast it comes."""
    if n_bytes > step.call.max_answer_bytes:
        raise EmbeddingMismatchError(
            f"The embedding server's answer is larger than {step.call.max_answer_bytes} bytes.",
            cure="Check that the base URL leads to an embedding server.",
        )
    return Failed("the answer took too long") if time.monotonic() > step.deadline else None


def _failed(error: Exception) -> Failed:
    """Name a transport error without anything of the request in it."""
    kind = type(error).__name__
    return Failed(f"{kind}: {error}" if str(error) else kind)


def _closed() -> EmbeddingClosedError:
    return EmbeddingClosedError("The embedding client was closed during the call.")


def _lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}
