"""The one door from the event loop to blocking work.

Work that needs a core and work that mostly waits (git, disk) have a lane each: a fixed number of
threads and a bounded queue. Beyond the queue a caller is told to come back later, and a caller
who has given up does not have its waiting work done.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from codeintel.effort import Effort, Wish, wished
from codeintel.errors import BusyError, DeadlineExceededError

T = TypeVar("T")

# Work that had to wait longer than this is done with less effort, so that the queue gets shorter.
# The first step costs little (NDCG@10 0.884 instead of 0.890, words alone have 0.847) and begins
# where the half of the 150 ms is over in which nearly all are to be answered.
_STEPS_S = ((1.5, Effort.WORDS), (0.08, Effort.FEWER))


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
        Threads for work that needs a core; default: the cores of this process.
    wait_threads
        Threads for work that waits.
    max_waiting
        Requests that may queue in one lane.
    max_per_principal
        Requests of one principal that may be under way or queue in one lane.
    """

    cpu_threads: int = 0
    wait_threads: int = 8
    max_waiting: int = 1024
    max_per_principal: int = 512


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """How busy a lane is at this moment."""

    threads: int
    running: int
    waiting: int


class _LaneThreads:
    """Threads and queue of one lane; counted on the event loop only."""

    def __init__(self, lane: Lane, threads: int, options: DoorOptions) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"codeintel-{lane}")
        self._name = lane
        self._threads = threads
        self._max_inside = threads + options.max_waiting
        self._max_per_principal = options.max_per_principal
        self._inside: Counter[str] = Counter()
        self._n_inside = 0
        self._mean_s = 0.05

    @property
    def load(self) -> LaneLoad:
        running = min(self._n_inside, self._threads)
        return LaneLoad(self._threads, running, self._n_inside - running)

    def submit(self, work: Callable[[], T], principal: str, wish: Wish) -> "asyncio.Future[T]":
        if self._n_inside >= self._max_inside:
            raise self._busy(f"{self._n_inside} requests are under way or wait already.")
        if self._inside[principal] >= self._max_per_principal:
            raise self._busy(f"You have {self._inside[principal]} requests under way already.")
        loop = asyncio.get_running_loop()
        submitted = time.monotonic()

        def timed() -> T:
            start = time.monotonic()
            wish.effort = _effort(start - submitted)
            try:
                with wished(wish):
                    return work()
            finally:
                self._mean_s += 0.05 * (time.monotonic() - start - self._mean_s)

        def done(_: Future[T]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._leave, principal)

        self._n_inside += 1
        self._inside[principal] += 1
        future = self._pool.submit(timed)
        future.add_done_callback(done)
        return asyncio.wrap_future(future)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, principal: str) -> None:
        self._n_inside -= 1
        self._inside[principal] -= 1
        if not self._inside[principal]:
            del self._inside[principal]

    def _busy(self, message: str) -> BusyError:
        retry_after_s = max(0.1, round(self._n_inside * self._mean_s / self._threads, 1))
        return BusyError(
            f"The server is busy: {message}",
            retry_after_s=retry_after_s,
            cure=f"Try again in {retry_after_s:g} s.",
        )


def _effort(waited_s: float) -> Effort:
    return next((effort for step_s, effort in _STEPS_S if waited_s > step_s), Effort.FULL)


class Door:
    """Runs blocking work in threads, within limits; belongs to one event loop."""

    def __init__(self, options: DoorOptions | None = None) -> None:
        options = options or DoorOptions()
        cores = options.cpu_threads or os.cpu_count() or 1
        self._lanes = {
            Lane.CPU: _LaneThreads(Lane.CPU, cores, options),
            Lane.WAIT: _LaneThreads(Lane.WAIT, options.wait_threads, options),
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
