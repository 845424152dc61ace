"""Answers that were given lately, kept as long as the indexes stay as they are."""

import time
from collections import OrderedDict
from collections.abc import Hashable

from codeintel.server.outcome import Outcome

# An answer can depend on the time by the expiry of its scope; no longer than this.
_MAX_AGE_S = 300.0
# One that was given with less effort spares the next ones who ask under the same load.
_REDUCED_AGE_S = 5.0


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

    def get(self, key: Hashable, *, busy: bool = False) -> Outcome | None:
        """Give the answer to `key` if it is kept; one with reservations only where it is `busy`."""
        found = self._kept.get(key)
        if found is None:
            return None
        since, outcome = found
        if time.monotonic() - since > (_MAX_AGE_S if outcome.whole else _REDUCED_AGE_S):
            self._drop(key)
            return None
        if not (outcome.whole or busy):
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
