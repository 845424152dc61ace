"""What operators watch, in Prometheus' format; right across worker processes.

With a shared folder every process writes its counts into files there, and whichever process is
asked sums them up. What other layers count of themselves comes from `families`.
"""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from codeintel.effort import Effort
from codeintel.server.auth import Principal
from codeintel.server.door import Door, Lane
from codeintel.server.families import as_metric, read_families, write_families
from codeintel.server.outcome import Outcome
from codeintel.types import IndexPhase, StatusAnswer
from codeintel.types.metrics import Family

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

METRICS_TYPE = CONTENT_TYPE_LATEST
_LATENCY_BUCKETS_S = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)
_LAG_INTERVAL_S = 0.25
# Of these intervals; what a process tells the others is no older.
_TELL_EVERY = 4


# When a counter began says nothing that its value does not.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """All metrics of one server.

    Parameters
    ----------
    door
        Whose load is told.
    codeintel
        What else has metrics.
    shared
        Folder that all worker processes write to; None where there is one process. The
        environment of the process has to name it (PROMETHEUS_MULTIPROC_DIR) before this module is
        first imported.
    """

    def __init__(self, door: Door, codeintel: "CodeIntel", shared: Path | None = None) -> None:
        self._door = door
        self._codeintel = codeintel
        self._shared = shared
        registry = self._registry = CollectorRegistry()
        self._requests = Counter(
            "codeintel_requests", "Tool calls answered.", ["tool", "code"], registry=registry
        )
        self._seconds = Histogram(
            "codeintel_request_duration_seconds",
            "Time from a tool call's arguments to its answer.",
            ["tool"],
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._degraded = Counter(
            "codeintel_degraded",
            "Answers given with less effort because of the load.",
            ["tool", "effort"],
            registry=registry,
        )
        self._lag = Histogram(
            "codeintel_event_loop_lag_seconds",
            "How late the event loop was for a timer.",
            buckets=_LAG_BUCKETS_S,
            registry=registry,
        )
        self._running = _gauge("codeintel_door_running", "Threads at work.", ["lane"], registry)
        self._waiting = _gauge("codeintel_door_waiting", "Requests that wait.", ["lane"], registry)
        self._threads = _gauge("codeintel_door_threads", "Threads at most.", ["lane"], registry)
        self._index = {
            name: _gauge(f"codeintel_index_{name}", meaning, ["repo"], registry, "livemax")
            for name, meaning in _INDEX_GAUGES.items()
        }
        self._of_process = ProcessCollector(registry=None)
        self._process = {
            name: _gauge(f"codeintel_{name}", meaning, (), registry, "liveall")
            for name, meaning in _PROCESS_GAUGES.items()
        }

    def observe(self, tool: str, principal: Principal, outcome: Outcome, seconds: float) -> None:
        """Count a call."""
        self._requests.labels(tool, outcome.code).inc()
        self._seconds.labels(tool).observe(seconds)
        if outcome.effort is not Effort.FULL:
            self._degraded.labels(tool, outcome.effort.name.lower()).inc()

    async def watch_loop(self) -> None:
        """Measure for ever how late the event loop is, and tell the other processes of this one."""
        for turn in itertools.count():
            due = time.perf_counter() + _LAG_INTERVAL_S
            await asyncio.sleep(_LAG_INTERVAL_S)
            self._lag.observe(max(0.0, time.perf_counter() - due))
            if turn % _TELL_EVERY == 0:
                self._tell()

    def expose(self, status: StatusAnswer | None) -> bytes:
        """Write all metrics, with the state of the indexes where it is known."""
        self._tell()
        for repository in status.repositories if status else ():
            values = (
                repository.generation,
                repository.n_files,
                repository.n_chunks,
                repository.n_symbols,
                repository.vectors_pending,
                repository.size_bytes,
                repository.phase is IndexPhase.READY,
                _age_s(repository.indexed_at),
            )
            for gauge, value in zip(self._index.values(), values, strict=True):
                gauge.labels(repository.repo).set(value)
        if self._shared is None:
            registry, families = self._registry, self._codeintel.process_metrics()
        else:
            registry, families = CollectorRegistry(), read_families(self._shared)
            MultiProcessCollector(registry, str(self._shared))  # type: ignore[no-untyped-call]
        registry.register(others := _Others((*families, *self._codeintel.index_metrics())))
        try:
            return generate_latest(registry)
        finally:
            registry.unregister(others)

    def _tell(self) -> None:
        if self._shared is not None:
            write_families(self._shared, self._codeintel.process_metrics())
        for family in self._of_process.collect():
            if gauge := self._process.get(family.name):
                gauge.set(family.samples[0].value)
        for lane in Lane:
            load = self._door.load(lane)
            self._running.labels(lane).set(load.running)
            self._waiting.labels(lane).set(load.waiting)
            self._threads.labels(lane).set(load.threads)


_PROCESS_GAUGES = {
    "process_resident_memory_bytes": "Memory of each process, pages that it shares included.",
    "process_open_fds": "Open files and sockets of each process.",
}

_INDEX_GAUGES = {
    "generation": "Number of the generation that answers.",
    "files": "Indexed files.",
    "chunks": "Indexed chunks.",
    "symbols": "Indexed definitions.",
    "vectors_pending": "Chunks that wait for their vector.",
    "size_bytes": "Bytes on disk.",
    "ready": "1 where the index is complete and current.",
    "generation_age_seconds": "Time since the generation that answers was made.",
}


class _Others(Collector):
    """What other layers count, for one answer."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterator[Metric]:
        return map(as_metric, self._families)


def _age_s(indexed_at: str) -> float:
    """Give the seconds since an ISO date; 0 where there is none, or a clock was set back since."""
    if not indexed_at:
        return 0.0
    return max(0.0, (datetime.now(UTC) - datetime.fromisoformat(indexed_at)).total_seconds())


def _gauge(
    name: str,
    meaning: str,
    labels: Iterable[str],
    registry: CollectorRegistry,
    join: str = "livesum",
) -> Gauge:
    """Make a gauge; `join` says what the value of several processes is."""
    return Gauge(name, meaning, labels, registry=registry, multiprocess_mode=join)  # type: ignore[arg-type]
