"""How often one principal may ask."""

import time
from collections.abc import Callable

from codeintel.errors import BusyError

# Whoever has not asked for this long has a full bucket and need not be remembered.
_FORGET_AFTER_S = 60.0
_MAX_REMEMBERED = 10_000


class RateLimit:
    """A token bucket for each principal, as large as what it gets in a second, at least 1.

    Parameters
    ----------
    per_second
        Calls that a principal may make in the long run; 0 for no limit.
    """

    def __init__(self, per_second: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = max(1.0, per_second)
        self._clock = clock
        # When each bucket was looked at, and what was in it.
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, principal: str) -> None:
        """Count a call.

        Raises
        ------
        BusyError
            The principal has made too many; `retry_after_s` says when the next may come.
        """
        if not self._per_second:
            return
        now = self._clock()
        if len(self._buckets) > _MAX_REMEMBERED:
            self._forget(now)
        then, left = self._buckets.get(principal, (now, self._burst))
        left = min(self._burst, left + (now - then) * self._per_second)
        if left < 1:
            self._buckets[principal] = now, left
            wait_s = (1 - left) / self._per_second
            raise BusyError(
                f"You may make {self._per_second:g} calls a second.",
                retry_after_s=round(wait_s, 2),
                cure=f"Try again in {wait_s:.2f} s.",
            )
        self._buckets[principal] = now, left - 1

    def _forget(self, now: float) -> None:
        for principal, (then, _) in list(self._buckets.items()):
            if now - then > _FORGET_AFTER_S + self._burst / self._per_second:
                del self._buckets[principal]
