"""Answers that were given lately, kept as long as the indexes stay as they are."""

import time
from collections import OrderedDict
from collections.abc import Hashable

from codeintel.effort import Effort
from codeintel.server.outcome import Outcome

# An answer can depend on the time by the expiry of its scope; no longer than this.
_MAX_AGE_S = 300.0
# One given with less effort may have been short of more than that, such as the embedding server.
_REDUCED_AGE_S = 60.0


class AnswerCache:
    """The answers used last, by question and state of the indexes; belongs to one event loop.

    Parameters
    ----------
    max_bytes
        Size of all answers together; 0 keeps none.
    """

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._n_bytes = 0
        self._kept: OrderedDict[Hashable, tuple[float, Outcome]] = OrderedDict()

    def get(self, key: Hashable, *, least: Effort = Effort.FULL) -> Outcome | None:
        """Give the answer to `key` if one is kept that was given with this effort at least."""
        found = self._kept.get(key)
        if found is None:
            return None
        since, outcome = found
        if time.monotonic() - since > (_MAX_AGE_S if outcome.whole else _REDUCED_AGE_S):
            self._drop(key)
            return None
        if outcome.effort < least:
            return None
        self._kept.move_to_end(key)
        return outcome

    def put(self, key: Hashable, outcome: Outcome) -> None:
        """Keep an answer, and let go of those unused for longest."""
        if key in self._kept:
            self._drop(key)
        self._kept[key] = time.monotonic(), outcome
        self._n_bytes += _size_bytes(outcome)
        while self._n_bytes > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Hashable) -> None:
        _, outcome = self._kept.pop(key)
        self._n_bytes -= _size_bytes(outcome)


def _size_bytes(outcome: Outcome) -> int:
    """Give about what an answer takes, with its place in the cache."""
    return len(outcome.text) + len(outcome.body) + 500
