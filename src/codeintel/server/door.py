"""The one door from the event loop to blocking work.

Work that needs a core and work that mostly waits (git, disk) have a lane each: a fixed number of
threads and a bounded queue. Beyond the queue a caller is told to come back later, and a caller
who has given up does not have its waiting work done.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from codeintel.cores import CORES, Cores
from codeintel.effort import Effort, Wish
from codeintel.errors import BusyError, DeadlineExceededError
from codeintel.server.lane import LaneLoad, LaneThreads

T = TypeVar("T")

# Where searches take this long all the same, something else is wrong, and no cheap answer waits.
_LONGEST_TURN_S = 1.0


class Lane(StrEnum):
    """What work behind the door spends its time on."""

    CPU = "cpu"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class DoorOptions:
    """Sizes of the door.

    Attributes
    ----------
    cpu_threads
        Threads for work that needs a core; default: as many as `cores`.
    wait_threads
        Threads for work that waits.
    max_waiting
        Requests that may queue in one lane.
    max_per_principal
        Requests of one principal that may be under way or queue in one lane.
    cores
        Where work runs that needs a core, and the event loop; what waits may run on any.
    """

    cpu_threads: int = 0
    wait_threads: int = 8
    max_waiting: int = 1024
    max_per_principal: int = 512
    cores: Cores = CORES


class Door:
    """Runs blocking work in threads, within limits; belongs to one event loop."""

    def __init__(self, options: DoorOptions | None = None) -> None:
        options = options or DoorOptions()
        sizes = {
            Lane.CPU: (options.cpu_threads or len(options.cores), options.cores),
            Lane.WAIT: (options.wait_threads, CORES),
        }
        self._lanes = {
            lane: LaneThreads(
                lane,
                n_threads,
                max_waiting=options.max_waiting,
                max_per_principal=options.max_per_principal,
                cores=cores,
            )
            for lane, (n_threads, cores) in sizes.items()
        }

    async def run(
        self, lane: Lane, work: Callable[[], T], *, deadline_s: float, principal: str = ""
    ) -> T:
        """Do `work` in a thread of the lane.

        Work that still waits when the deadline passes or the caller is cancelled is dropped; work
        that already runs ends at its next checkpoint and keeps its thread until then, so that a
        lane never has more threads. Work that waited long is told to be cheap: see `Effort`.

        Raises
        ------
        BusyError
            The lane's queue, or the principal's share of it, is full.
        DeadlineExceededError
            No result within `deadline_s` seconds.
        """
        wish = Wish()
        future = self._lanes[lane].submit(work, principal, wish)
        try:
            async with asyncio.timeout(deadline_s) as limit:
                return await future
        except TimeoutError:
            if not limit.expired():
                raise
            raise DeadlineExceededError(
                f"No answer within {deadline_s:g} s.",
                cure="Ask for less: a narrower path, a smaller limit or a simpler pattern.",
            ) from None
        finally:
            wish.unwanted = True

    async def turn(self, principal: str) -> None:
        """Wait, with something cheap, for the searches that came before where these wait long.

        Cheap answers that always go first keep the searches waiting without end: of a hundred
        clients who never pause the median answer came after 200 ms instead of 150, the 95th
        percentile after 450 instead of 240.
        """
        searches = self._lanes[Lane.CPU]
        if searches.load.effort < Effort.FULL:
            with contextlib.suppress(BusyError, TimeoutError):
                async with asyncio.timeout(_LONGEST_TURN_S):
                    await searches.turn(principal)

    def load(self, lane: Lane) -> LaneLoad:
        """Tell how busy a lane is."""
        return self._lanes[lane].load

    def close(self) -> None:
        """Drop what waits; threads end with the work that they do."""
        for lane in self._lanes.values():
            lane.close()


@dataclass(slots=True)
class _Flight:
    """A question under way and the number of those who wait for its answer."""

    task: "asyncio.Task[Any]"
    waiting: int = 0


class SingleFlight:
    """Lets equal questions that are asked at the same time share one answer."""

    def __init__(self) -> None:
        self._flights: dict[Hashable, _Flight] = {}

    async def run(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Await the answer to `key`, asking only if nobody is asking it already.

        The question is dropped when the last one who waits for it is cancelled.
        """
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.create_task(ask()))
            flight.task.add_done_callback(partial(self._landed, key, flight))
        flight.waiting += 1
        try:
            answer: T = await asyncio.shield(flight.task)
            return answer
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._landed(key, flight)
                flight.task.cancel()

    def _landed(self, key: Hashable, flight: _Flight, _: object = None) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
