"""Keeps connections for blocking requests, each used by one thread at a time.

httpcore's own pool is not used for that: it may close a connection that another thread has just
been given (https://github.com/encode/httpcore/issues/1110). The request then hangs until its read
timeout, or worse, reads from a new socket of the same number.
"""

import ssl
import threading
import time
from collections.abc import Callable, Iterator

import httpx


class Lanes(httpx.BaseTransport):
    """Gives each request a connection of its own: the one that was last used, or a new one.

    Parameters
    ----------
    max_connections
        Connections in all; further requests wait for one, up to their pool timeout.
    max_keepalive_connections
        Idle connections that are kept.
    keepalive_expiry_s
        How long an idle connection is used again.
    """

    def __init__(
        self,
        *,
        max_connections: int,
        max_keepalive_connections: int,
        keepalive_expiry_s: float,
    ) -> None:
        self._max_connections = max_connections
        self._max_idle = max_keepalive_connections
        self._limits = httpx.Limits(max_connections=1, keepalive_expiry=keepalive_expiry_s)
        self._tls = ssl.create_default_context()
        self._changed = threading.Condition()
        self._idle: list[tuple[str, httpx.HTTPTransport]] = []
        self._n_busy = 0
        self._closed = False

    @property
    def n_open(self) -> int:
        """Number of connections that are in use or kept."""
        with self._changed:
            return self._n_busy + len(self._idle)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; its lane is free again when the response is closed."""
        origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
        lane = self._take(origin, request.extensions["timeout"]["pool"])
        try:
            response = lane.handle_request(request)
        except BaseException:
            self._give_back(origin, lane, usable=False)
            raise
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = _LaneStream(
            response.stream, lambda: self._give_back(origin, lane, usable=True)
        )
        return response

    def close(self) -> None:
        """Close idle connections now and busy ones when their responses end."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for _, lane in idle:
            lane.close()

    def _take(self, origin: str, timeout_s: float) -> httpx.HTTPTransport:
        """Take an idle lane to a server or open one, making room if need be."""
        end = time.monotonic() + timeout_s
        surplus: httpx.HTTPTransport | None = None
        with self._changed:
            while self._n_busy >= self._max_connections:
                if not self._changed.wait(end - time.monotonic()):
                    raise httpx.PoolTimeout("all connections are in use")
            if self._closed:
                raise RuntimeError("the connections are closed")
            self._n_busy += 1
            for place in reversed(range(len(self._idle))):
                if self._idle[place][0] == origin:
                    return self._idle.pop(place)[1]
            if self._n_busy + len(self._idle) > self._max_connections:
                surplus = self._idle.pop(0)[1]
        if surplus is not None:
            surplus.close()
        return httpx.HTTPTransport(verify=self._tls, limits=self._limits, trust_env=False)

    def _give_back(self, origin: str, lane: httpx.HTTPTransport, *, usable: bool) -> None:
        """Keep a lane for the next request, or close it if it failed or enough are kept."""
        with self._changed:
            self._n_busy -= 1
            keep = usable and not self._closed and len(self._idle) < self._max_idle
            if keep:
                self._idle.append((origin, lane))
            self._changed.notify()
        if not keep:
            lane.close()


class _LaneStream(httpx.SyncByteStream):
    """A response body that frees its lane when it is closed."""

    def __init__(self, stream: httpx.SyncByteStream, free: Callable[[], None]) -> None:
        self._stream = stream
        self._free: Callable[[], None] | None = free

    def __iter__(self) -> Iterator[bytes]:
        yield from self._stream

    def close(self) -> None:
        """Close the body, once."""
        free, self._free = self._free, None
        if free is not None:
            try:
                self._stream.close()
            finally:
                free()
