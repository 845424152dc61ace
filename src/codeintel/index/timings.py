"""What was done to a vector index, and how long it took.

The record is written into the index's own files, because mostly another process does the work
than the one that is asked for it. Every process that serves a generation tells the same, so no
sums over processes are needed::

    families({name: snapshot.vectors.state for name, snapshot in ...})
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import msgspec

from codeintel.types.metrics import Family, Sample


class Durations(msgspec.Struct, frozen=True):
    """How often something was done, and the seconds that all of it took."""

    n: int = 0
    seconds: float = 0.0

    def plus(self, seconds: float) -> "Durations":
        """Count once more."""
        return Durations(self.n + 1, self.seconds + seconds)


class Timings(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to a vector index since it was created.

    Attributes
    ----------
    trainings
        Trainings of the primary index, codes and calibration included; an exact scan has none.
    merges
        Merges of the secondary index into the primary.
    n_updates
        Saved changes that did not build the primary anew.
    """

    trainings: Durations = Durations()
    merges: Durations = Durations()
    n_updates: int = 0


class VectorState(msgspec.Struct, frozen=True, kw_only=True):
    """What one vector index holds, and what was done to it."""

    n_primary: int
    n_secondary: int
    n_tombstones: int
    timings: Timings


class Recorder:
    """Counts what one process does to a vector index; safe to share between threads."""

    def __init__(self, begun: Timings | None = None) -> None:
        self._lock = threading.Lock()
        self._timings = begun or Timings()
        self._changed = False

    @property
    def timings(self) -> Timings:
        """All that was done so far."""
        return self._timings

    def trained(self, seconds: float) -> None:
        """Count a training."""
        with self._lock:
            trainings = self._timings.trainings.plus(seconds)
            self._timings = msgspec.structs.replace(self._timings, trainings=trainings)

    @contextmanager
    def merging(self) -> Iterator[None]:
        """Count a merge; one that fails is none."""
        start = perf_counter()
        yield
        with self._lock:
            merges = self._timings.merges.plus(perf_counter() - start)
            self._timings = msgspec.structs.replace(self._timings, merges=merges)

    def changed(self) -> None:
        """Remember a change, to be counted when it is saved."""
        self._changed = True

    def updated(self, n: int) -> None:
        """Count updates."""
        with self._lock:
            n_updates = self._timings.n_updates + n
            self._timings = msgspec.structs.replace(self._timings, n_updates=n_updates)

    def saved(self) -> Timings:
        """Count the changes since the last call as one update."""
        changed, self._changed = self._changed, False
        self.updated(changed)
        return self._timings


def families(states: Mapping[str, VectorState]) -> tuple[Family, ...]:
    """Give every metric of the vector indexes, by the name of their repository."""
    return (
        _durations(
            "faiss_training_duration_seconds",
            "Time of training a primary index.",
            {name: state.timings.trainings for name, state in states.items()},
        ),
        _durations(
            "faiss_merge_duration_seconds",
            "Time of merging a secondary index into a primary.",
            {name: state.timings.merges for name, state in states.items()},
        ),
        Family(
            "codeintel_incremental_updates_total",
            "counter",
            "Changes saved without building the primary index anew.",
            _samples({name: state.timings.n_updates for name, state in states.items()}),
        ),
        Family(
            "codeintel_primary_index_size",
            "gauge",
            "Vectors in the primary index.",
            _samples({name: state.n_primary for name, state in states.items()}),
        ),
        Family(
            "codeintel_secondary_index_size",
            "gauge",
            "Vectors in the secondary index.",
            _samples({name: state.n_secondary for name, state in states.items()}),
        ),
        Family(
            "codeintel_vector_tombstones",
            "gauge",
            "Vectors of the primary index that were removed or replaced.",
            _samples({name: state.n_tombstones for name, state in states.items()}),
        ),
    )


def _samples(values: Mapping[str, float]) -> tuple[Sample, ...]:
    return tuple(Sample("", {"repo": name}, value) for name, value in values.items())


def _durations(name: str, description: str, by_repo: Mapping[str, Durations]) -> Family:
    """Make a histogram of one bucket: such events are too rare for more."""
    samples = []
    for repo, durations in by_repo.items():
        labels = {"repo": repo}
        samples += [
            Sample("_bucket", {**labels, "le": "+Inf"}, durations.n),
            Sample("_sum", labels, durations.seconds),
            Sample("_count", labels, durations.n),
        ]
    return Family(f"codeintel_{name}", "histogram", description, tuple(samples))
