"""Threads and queue for one kind of blocking work, fair to all who ask for it."""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from codeintel.cores import Cores, keep_to
from codeintel.effort import Effort, Wish, wished
from codeintel.errors import BusyError

T = TypeVar("T")

# Work that had to wait longer than this is done with less effort, so that the queue gets shorter.
# The first step costs little (NDCG@10 0.884 instead of 0.890, words alone have 0.847) and begins
# where the half of the 150 ms is over in which nearly all are to be answered.
_STEPS_S = ((1.5, Effort.WORDS), (0.08, Effort.FEWER))


@dataclass(frozen=True, slots=True)
class LaneLoad:
    """How busy a lane is at this moment.

    Attributes
    ----------
    waited_s
        How long the last one waited that came to its turn.
    """

    threads: int
    running: int
    waiting: int
    waited_s: float

    @property
    def effort(self) -> Effort:
        """What work that comes now may cost, as far as the last wait tells."""
        return _effort(self.waited_s) if self.waiting else Effort.FULL


@dataclass(frozen=True, slots=True)
class _Job:
    """Work of one principal, and where its result goes; None only waits for its turn."""

    work: Callable[[], Any] | None
    principal: str
    wish: Wish
    future: "asyncio.Future[Any]"
    submitted_s: float


class _Queue:
    """Jobs that wait: principals take turns, and each one's jobs go in the order they came.

    So whoever asks much makes itself wait, and no other.
    """

    def __init__(self) -> None:
        self._jobs: dict[str, deque[_Job]] = {}

    def __bool__(self) -> bool:
        return bool(self._jobs)

    def put(self, job: _Job) -> None:
        """Line up behind the principal's other jobs."""
        self._jobs.setdefault(job.principal, deque()).append(job)

    def take(self) -> _Job:
        """Give the next job of the principal whose turn it is; its others come after all else."""
        principal = next(iter(self._jobs))
        jobs = self._jobs.pop(principal)
        job = jobs.popleft()
        if jobs:
            self._jobs[principal] = jobs
        return job


class LaneThreads:
    """Threads and queue of one lane; belongs to one event loop, which does all but the work.

    Parameters
    ----------
    max_waiting
        Entries in the queue at most.
    max_per_principal
        Entries of one principal at most, those under way included.
    cores
        Where the threads run.
    """

    def __init__(
        self,
        name: str,
        n_threads: int,
        *,
        max_waiting: int,
        max_per_principal: int,
        cores: Cores,
    ) -> None:
        self._pool = ThreadPoolExecutor(
            n_threads, f"codeintel-{name}", initializer=keep_to, initargs=(cores,)
        )
        self._threads = n_threads
        self._max_inside = n_threads + max_waiting
        self._max_per_principal = max_per_principal
        self._queue = _Queue()
        self._inside: Counter[str] = Counter()
        self._n_inside = 0
        self._n_taken = 0
        self._mean_s = 0.05
        self._waited_s = 0.0

    @property
    def load(self) -> LaneLoad:
        """How busy it is."""
        running = min(self._n_taken, self._threads)
        return LaneLoad(self._threads, running, self._n_inside - running, self._waited_s)

    def submit(self, work: Callable[[], T], principal: str, wish: Wish) -> "asyncio.Future[T]":
        """Have `work` done; it is dropped if the future is cancelled before its turn.

        Raises
        ------
        BusyError
            The queue, or the principal's share of it, is full.
        """
        return self._enter(work, principal, wish)

    def turn(self, principal: str) -> "asyncio.Future[None]":
        """Wait as work would that is submitted now; raises as `submit`."""
        return self._enter(None, principal, Wish())

    def close(self) -> None:
        """Drop what waits; threads end with the work that they do."""
        while self._queue:
            self._queue.take().future.cancel()
        self._pool.shutdown(wait=False)

    def _enter(
        self, work: Callable[[], Any] | None, principal: str, wish: Wish
    ) -> "asyncio.Future[Any]":
        if self._n_inside >= self._max_inside:
            raise self._busy(f"{self._n_inside} requests are under way or wait already.")
        if self._inside[principal] >= self._max_per_principal:
            raise self._busy(f"You have {self._inside[principal]} requests under way already.")
        future = asyncio.get_running_loop().create_future()
        self._n_inside += 1
        self._inside[principal] += 1
        self._queue.put(_Job(work, principal, wish, future, time.monotonic()))
        self._advance()
        return future

    def _advance(self) -> None:
        """Hand work to the threads, one more than they are: none shall wait for the event loop."""
        while self._queue and self._n_taken <= self._threads:
            job = self._queue.take()
            if job.work is None:
                self._waited_s = time.monotonic() - job.submitted_s
            if job.work is None or job.future.cancelled():
                self._leave(job)
                continue
            self._n_taken += 1
            self._pool.submit(self._do, job, job.future.get_loop())

    def _do(self, job: _Job, loop: asyncio.AbstractEventLoop) -> None:
        """Do a job; runs in a thread."""
        assert job.work is not None
        start = time.monotonic()
        self._waited_s = start - job.submitted_s
        job.wish.effort = _effort(self._waited_s)
        result: object = None
        error: BaseException | None = None
        if not job.future.cancelled():
            try:
                with wished(job.wish):
                    result = job.work()
            except StopIteration as raised:  # which no future takes
                error = RuntimeError(f"StopIteration({raised.value!r}) left the work")
            except BaseException as raised:
                error = raised
            self._mean_s += 0.05 * (time.monotonic() - start - self._mean_s)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody awaits anything
            loop.call_soon_threadsafe(self._done, job, result, error)

    def _done(self, job: _Job, result: object, error: BaseException | None) -> None:
        self._n_taken -= 1
        self._leave(job, result, error)
        self._advance()

    def _leave(self, job: _Job, result: object = None, error: BaseException | None = None) -> None:
        self._n_inside -= 1
        self._inside[job.principal] -= 1
        if not self._inside[job.principal]:
            del self._inside[job.principal]
        if job.future.done():
            return
        if error is None:
            job.future.set_result(result)
        else:
            job.future.set_exception(error)

    def _busy(self, message: str) -> BusyError:
        retry_after_s = max(0.1, round(self._n_inside * self._mean_s / self._threads, 1))
        return BusyError(
            f"The server is busy: {message}",
            retry_after_s=retry_after_s,
            cure=f"Try again in {retry_after_s:g} s.",
        )


def _effort(waited_s: float) -> Effort:
    return next((effort for step_s, effort in _STEPS_S if waited_s > step_s), Effort.FULL)
