"""How long git's answers take, by operation and by the layer that gave them."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from typing import Literal

from codeintel.types.metrics import Family, Histogram

Layer = Literal["git", "commit-graph", "index", "cache"]
Operation = Literal["blame", "log", "log_lines", "changed_paths", "build"]

#: Upper bounds in seconds: from a cached blame to the build of a large index.
_BOUNDS_S = (0.0005, 0.001, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60, 300)


class Timing:
    """One operation that is under way; whoever answers says by which layer."""

    layer: Layer = "git"


class GitTimings:
    """Times of the operations of this process that ended; safe to share between threads.

    For ``build`` the layer is what was built or extended. What fails is timed like what succeeds.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: defaultdict[tuple[Operation, Layer], Histogram] = defaultdict(
            partial(Histogram, _BOUNDS_S)
        )

    @contextmanager
    def measure(self, operation: Operation) -> Iterator[Timing]:
        """Time what is done inside."""
        timing, start = Timing(), perf_counter()
        try:
            yield timing
        finally:
            seconds = perf_counter() - start
            with self._lock:
                self._seconds[operation, timing.layer].observe(seconds)

    def families(self) -> tuple[Family, ...]:
        """Give the metric with its present numbers, as `codeintel.embedding.metrics` does."""
        with self._lock:
            samples = tuple(
                sample
                for (operation, layer), histogram in sorted(self._seconds.items())
                for sample in histogram.samples({"operation": operation, "layer": layer})
            )
        return (
            Family(
                "codeintel_git_operation_duration_seconds",
                "histogram",
                "Time of a git operation, by the layer that answered.",
                samples,
            ),
        )


TIMINGS = GitTimings()
"""All git operations of this process."""
