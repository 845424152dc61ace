"""Counts of everything that the embedding client does, ready to be exported."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Literal

from codeintel.types.metrics import Family, Histogram, Sample

#: Upper bounds in seconds: from a warm loopback call to a loaded large model.
_LATENCY_BOUNDS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_BATCH_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)

QueryOutcome = Literal["cached", "shared", "sent"]


class EmbeddingMetrics:
    """What one client counts; safe to share between threads.

    Gauges are read from the client when they are asked for, by the two functions given here.
    """

    def __init__(
        self,
        *,
        connections_open: Callable[[], int],
        breaker_states: Callable[[], Mapping[str, int]],
    ) -> None:
        self._connections_open = connections_open
        self._breaker_states = breaker_states
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, str]] = Counter()
        self._retries: Counter[str] = Counter()
        self._texts: Counter[str] = Counter()
        self._queries: Counter[str] = Counter()
        self._batch_texts = Histogram(_BATCH_BOUNDS)
        self._latency_s = Histogram(_LATENCY_BOUNDS_S)

    def count_request(self, endpoint: str, outcome: str, seconds: float) -> None:
        """Count a request that ended; `outcome` is its status or ``failed``."""
        with self._lock:
            self._requests[endpoint, outcome] += 1
            self._latency_s.observe(seconds)

    def count_retry(self, endpoint: str) -> None:
        """Count a request that will be tried again."""
        with self._lock:
            self._retries[endpoint] += 1

    def count_texts(self, *, embedded: int, refused: int, truncated: int) -> None:
        """Count the texts of a batch by what became of them."""
        with self._lock:
            self._batch_texts.observe(embedded + refused)
            self._texts.update(embedded=embedded, refused=refused, truncated=truncated)

    def count_query(self, outcome: QueryOutcome) -> None:
        """Count a query that was known, joined a request for the same text, or was sent."""
        with self._lock:
            self._queries[outcome] += 1

    def families(self) -> tuple[Family, ...]:
        """Give every metric with its present numbers."""
        open_sockets = [Sample("", {}, self._connections_open())]
        breakers = [
            Sample("", {"endpoint": url}, state) for url, state in self._breaker_states().items()
        ]
        with self._lock:
            requests = [
                Sample("", {"endpoint": endpoint, "outcome": outcome}, n)
                for (endpoint, outcome), n in self._requests.items()
            ]
            retries = [Sample("", {"endpoint": url}, n) for url, n in self._retries.items()]
            texts = [Sample("", {"outcome": outcome}, n) for outcome, n in self._texts.items()]
            queries = [Sample("", {"outcome": outcome}, n) for outcome, n in self._queries.items()]
            batches, latency = tuple(self._batch_texts.samples()), tuple(self._latency_s.samples())
        prefix = "codeintel_vllm_"
        return (
            Family(f"{prefix}http_connections_open", "gauge", "Open sockets.", tuple(open_sockets)),
            Family(
                f"{prefix}breaker_state",
                "gauge",
                "0 closed, 1 trying again, 2 open.",
                tuple(breakers),
            ),
            Family(f"{prefix}requests_total", "counter", "Requests by outcome.", tuple(requests)),
            Family(f"{prefix}retries_total", "counter", "Requests tried again.", tuple(retries)),
            Family(f"{prefix}texts_total", "counter", "Texts by outcome.", tuple(texts)),
            Family(f"{prefix}queries_total", "counter", "Queries by outcome.", tuple(queries)),
            Family(f"{prefix}batch_texts", "histogram", "Texts of a batch.", batches),
            Family(f"{prefix}request_seconds", "histogram", "Time of a request.", latency),
        )
