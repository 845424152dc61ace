"""How one request is brought to a server: retries, pauses and verdicts, without any input/output.

A `Plan` is a generator that yields what is to be done and is sent what came of it. So the same
rules serve the synchronous and the asynchronous client, which only differ in how they do it.
"""

import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from codeintel.embedding.endpoints import Endpoint, Endpoints
from codeintel.embedding.metrics import EmbeddingMetrics
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.embedding.vllm_wire import MalformedAnswerError, decode_error
from codeintel.errors import EmbeddingRefusedError, EmbeddingUnavailableError

T = TypeVar("T")
_TRANSIENT = frozenset({408, 502, 503, 504})
_TOO_MANY = 429
_SERVER_ERROR = 500
#: A text that makes a server fail gives 500 each time, so it is tried once more and then isolated.
_SERVER_ERROR_ATTEMPTS = 2
_CONFIGURATION_CURES = {
    401: "Give the API key by the environment.",
    403: "Check the API key and what it may do.",
    404: "Check the model's name and the base URL.",
    405: "Check the base URL.",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request to whichever server comes next; no body means GET."""

    path: str
    body: bytes | None
    max_answer_bytes: int


@dataclass(frozen=True, slots=True)
class Send:
    """Do `call` at `url` before `deadline` (seconds of `time.monotonic`)."""

    url: str
    call: Call
    deadline: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered; header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failed:
    """There was no answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server answered that it will not, or cannot, do this request."""

    status: int
    reason: str


Step = Send | Wait
Plan = Generator[Step, Reply | Failed | None, T]


class Delivery:
    """Brings requests to the servers of a client."""

    def __init__(
        self, options: VLLMOptions, endpoints: Endpoints, metrics: EmbeddingMetrics
    ) -> None:
        self._options = options
        self._endpoints = endpoints
        self._metrics = metrics

    def deliver(self, call: Call, read: Callable[[Reply], T], deadline: float) -> Plan[T | Refusal]:
        """Try until a server answers; `read` turns a body of status 200 into the result.

        Raises
        ------
        EmbeddingUnavailableError
            Attempts or time are used up, or all breakers are open.
        EmbeddingRefusedError
            The server refuses every request: key, address or model are wrong.
        EmbeddingMismatchError
            From `read`.
        """
        tally = _Tally()
        reason = "no time was left"
        while True:
            endpoint = yield from self._next_endpoint(deadline, reason)
            with self._endpoints.lease(endpoint):
                reply = yield from self._send(endpoint, call, deadline)
                if isinstance(reply, Reply) and reply.status == 200:
                    try:
                        result = read(reply)
                    except MalformedAnswerError as error:
                        reply = Failed(str(error))
                    else:
                        self._endpoints.succeeded(endpoint)
                        return result
                reason = _reason(reply)
                refusal = self._judge(endpoint, reply, reason, tally)
            if refusal is not None:
                return refusal
            if tally.failures >= self._options.max_attempts:
                raise EmbeddingUnavailableError(
                    f"The embedding server {endpoint.url} does not answer ({reason}).",
                    cure="Check that it runs, and its base URL.",
                )
            self._metrics.count_retry(endpoint.url)

    def _judge(
        self, endpoint: Endpoint, reply: Reply | Failed, reason: str, tally: "_Tally"
    ) -> Refusal | None:
        """Take note of a failed attempt; None asks for another one."""
        pause_s: float | None = None
        if isinstance(reply, Reply):
            if reply.status < 500 and reply.status not in _TRANSIENT | {_TOO_MANY}:
                self._endpoints.succeeded(endpoint)
                return _refusal(reply, endpoint, reason)
            pause_s = _retry_after_s(reply)
        if isinstance(reply, Reply) and reply.status == _TOO_MANY:
            self._endpoints.succeeded(endpoint)
            tally.throttled += 1
        elif isinstance(reply, Reply) and reply.status == _SERVER_ERROR:
            tally.server_errors += 1
            if tally.server_errors == _SERVER_ERROR_ATTEMPTS:
                return Refusal(reply.status, reason)
        else:
            tally.failures += 1
            self._endpoints.failed(endpoint, reason)
        self._endpoints.pause(endpoint, self._backoff_s(tally) if pause_s is None else pause_s)
        return None

    def _next_endpoint(self, deadline: float, reason: str) -> Plan[Endpoint]:
        """Wait until a server may be asked."""
        while True:
            picked = self._endpoints.pick() if time.monotonic() < deadline else 0.0
            if isinstance(picked, Endpoint):
                return picked
            if time.monotonic() + picked >= deadline:
                raise EmbeddingUnavailableError(
                    f"The embedding server gave no answer in time ({reason}).",
                    cure="Try again later, or allow more time.",
                )
            yield Wait(picked)

    def _send(self, endpoint: Endpoint, call: Call, deadline: float) -> Plan[Reply | Failed]:
        """Make one attempt and count it."""
        start = time.perf_counter()
        outcome = "cancelled"
        try:
            reply = yield Send(endpoint.url + call.path, call, deadline)
            assert reply is not None
            outcome = str(reply.status) if isinstance(reply, Reply) else "failed"
            return reply
        finally:
            self._metrics.count_request(endpoint.url, outcome, time.perf_counter() - start)

    def _backoff_s(self, tally: "_Tally") -> float:
        """Double the pause with each attempt, shortened at random so that callers spread."""
        options = self._options
        n_before = tally.failures + tally.throttled + tally.server_errors - 1
        pause_s = min(options.max_backoff_s, options.backoff_s * 2.0 ** min(n_before, 16))
        return pause_s * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret


@dataclass(slots=True)
class _Tally:
    """Attempts of one request that gave nothing, by kind."""

    failures: int = 0
    throttled: int = 0
    server_errors: int = 0


def _reason(reply: Reply | Failed) -> str:
    """Say on one line why an attempt gave nothing."""
    if isinstance(reply, Failed):
        return reply.reason
    words = decode_error(reply.body)
    return f"status {reply.status}" + (f": {words}" if words else "")


def _refusal(reply: Reply, endpoint: Endpoint, reason: str) -> Refusal:
    """Tell a refusal of this request from one of every request."""
    if reply.status in _CONFIGURATION_CURES or reply.status < 400:
        raise EmbeddingRefusedError(
            f"The embedding server {endpoint.url} refuses requests ({reason}).",
            cure=_CONFIGURATION_CURES.get(reply.status, "Check the base URL."),
        )
    return Refusal(reply.status, reason)


def _retry_after_s(reply: Reply) -> float | None:
    """Read ``Retry-After``: seconds or an HTTP date; None where it is missing or nonsense."""
    value = reply.headers.get("retry-after", "")
    if value.isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
