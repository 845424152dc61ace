"""The servers of one client: which one is asked next, and which ones are left in peace.

Each server has a circuit breaker::

    CLOSED ──failures in a row──▶ OPEN ──rest over──▶ HALF_OPEN ──trial succeeded──▶ CLOSED
                                   ▲                      │
                                   └──── trial failed ────┘  (the rest doubles, up to 16 times)

Besides, a server that said "too many requests" or failed once is paused: others go first, and
where there are no others the request waits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

from codeintel.errors import EmbeddingUnavailableError

_MAX_REST_DOUBLINGS = 4
#: How often a request looks whether the trial of another one has ended.
_TRIAL_WAIT_S = 0.02


class BreakerState(IntEnum):
    """Whether a server is asked."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Endpoint:
    """One server; all numbers are guarded by the lock of its `Endpoints`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.outstanding = 0
        self.last_used = 0.0
        self.paused_until = 0.0
        self.state = BreakerState.CLOSED
        self.failures = 0
        self.rests = 0
        self.rest_until = 0.0
        self.last_reason = ""


class Endpoints:
    """Balances requests over servers by the least outstanding.

    Parameters
    ----------
    failures
        Failures in a row that open a breaker.
    rest_s
        First rest of an open breaker.
    clock
        Seconds that never go back.
    """

    def __init__(
        self,
        urls: tuple[str, ...],
        *,
        failures: int,
        rest_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints = [Endpoint(url) for url in urls]
        self._max_failures = failures
        self._rest_s = rest_s
        self._clock = clock
        self._lock = threading.Lock()

    def states(self) -> dict[str, int]:
        """Give the breaker state of each server."""
        with self._lock:
            return {endpoint.url: int(endpoint.state) for endpoint in self._endpoints}

    def pick(self) -> Endpoint | float:
        """Choose the server of the next request, or give the seconds to wait for one.

        The chosen one has to be handed to `lease`, which gives it back.

        Raises
        ------
        EmbeddingUnavailableError
            The breakers of all servers are open.
        """
        with self._lock:
            now = self._clock()
            admitted = [e for e in self._endpoints if self._admits(e, now)]
            if not admitted:
                if any(e.state is BreakerState.HALF_OPEN for e in self._endpoints):
                    return _TRIAL_WAIT_S
                raise self._unavailable(now)
            ready = [e for e in admitted if e.paused_until <= now]
            if not ready:
                return min(e.paused_until for e in admitted) - now
            chosen = min(ready, key=lambda e: (e.outstanding, e.last_used))
            if chosen.state is BreakerState.OPEN:
                chosen.state = BreakerState.HALF_OPEN
            chosen.outstanding += 1
            chosen.last_used = now
            return chosen

    @contextmanager
    def lease(self, endpoint: Endpoint) -> Iterator[None]:
        """Hold a picked server for one request."""
        try:
            yield
        finally:
            with self._lock:
                endpoint.outstanding -= 1
                # A trial that was given up (cancelled) leaves the breaker ready for another.
                if endpoint.state is BreakerState.HALF_OPEN and not endpoint.outstanding:
                    endpoint.state = BreakerState.OPEN

    def succeeded(self, endpoint: Endpoint) -> None:
        """Take note that a server answered: its breaker closes."""
        with self._lock:
            endpoint.state = BreakerState.CLOSED
            endpoint.failures = 0
            endpoint.rests = 0

    def failed(self, endpoint: Endpoint, reason: str) -> None:
        """Take note that a server did not answer, or not with an answer."""
        with self._lock:
            endpoint.last_reason = reason
            endpoint.failures += 1
            trial_failed = endpoint.state is BreakerState.HALF_OPEN
            too_many = (
                endpoint.state is BreakerState.CLOSED and endpoint.failures >= self._max_failures
            )
            if trial_failed or too_many:
                endpoint.state = BreakerState.OPEN
                rest_s = self._rest_s * 2 ** min(endpoint.rests, _MAX_REST_DOUBLINGS)
                endpoint.rest_until = self._clock() + rest_s
                endpoint.rests += 1

    def pause(self, endpoint: Endpoint, seconds: float) -> None:
        """Prefer other servers for a while."""
        with self._lock:
            endpoint.paused_until = max(endpoint.paused_until, self._clock() + seconds)

    def _admits(self, endpoint: Endpoint, now: float) -> bool:
        """Tell whether the breaker lets a request through."""
        if endpoint.state is BreakerState.OPEN:
            return endpoint.rest_until <= now
        return endpoint.state is BreakerState.CLOSED

    def _unavailable(self, now: float) -> EmbeddingUnavailableError:
        """Say which servers rest, why, and until when."""
        reasons = "; ".join(f"{e.url}: {e.last_reason}" for e in self._endpoints)
        wait_s = max(0.0, min(e.rest_until for e in self._endpoints) - now)
        return EmbeddingUnavailableError(
            f"The embedding server does not answer ({reasons}).",
            cure=f"It is tried again in {wait_s:.0f} s; check that it runs and its base URL.",
        )
