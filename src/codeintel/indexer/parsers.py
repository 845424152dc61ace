"""Prepares files on all cores, in order, with bounded memory."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from types import TracebackType
from typing import Self

from codeintel.indexer.prepare import Prepared, Task, prepare
from codeintel.indexer.processes import POOL, Process
from codeintel.types import SkippedFile, SkipReason

# Starting a process and its grammars costs some 0.15 s, as much as preparing this many bytes.
_STARTING_BYTES = 500_000
# To one that waits, files are sent where that costs less than preparing them.
_SENDING_BYTES = 30_000
_BATCH_BYTES = 64_000


class Parsers:
    """Worker processes, each driven by a thread; a few files are prepared without any.

    A file that kills its worker is skipped with that reason; the others of its batch are done.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._threads: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._processes: list[Process] = []
        self.peak_memory_bytes = 0
        """The highest memory of the largest worker so far."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._threads:
            self._threads.shutdown(cancel_futures=True)
        POOL.give(self._processes)

    def prepare(self, tasks: Iterable[Task]) -> Iterator[Prepared]:
        """Prepare files in the order given, reading ahead by two batches a worker."""
        batches = _batches(tasks)
        few_bytes = _SENDING_BYTES if POOL.n_waiting else _STARTING_BYTES
        first: list[list[Task]] = []
        size_bytes = 0
        while size_bytes <= few_bytes:
            batch = next(batches, None)
            if batch is None:
                yield from map(prepare, chain.from_iterable(first))
                return
            first.append(batch)
            size_bytes += sum(len(task.data) for task in batch)
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._n_workers, "codeintel-parse")
        waiting: deque[Future[list[Prepared]]] = deque()
        for batch in chain(first, batches):
            while waiting and (waiting[0].done() or len(waiting) >= 3 * self._n_workers):
                yield from waiting.popleft().result()
            waiting.append(self._threads.submit(self._run, batch))
        while waiting:
            yield from waiting.popleft().result()

    def _run(self, batch: list[Task]) -> list[Prepared]:
        """Prepare a batch in this thread's process, one by one where the process dies of it."""
        process = self._process()
        prepared = process.prepare(batch)
        self.peak_memory_bytes = max(self.peak_memory_bytes, process.peak_memory_bytes)
        if prepared is not None:
            return prepared
        if len(batch) > 1:
            return [prepared for task in batch for prepared in self._run([task])]
        skipped = SkippedFile(batch[0].path, SkipReason.UNREADABLE, "it crashes the parser")
        return [Prepared(path=batch[0].path, skipped=skipped)]

    def _process(self) -> Process:
        """Give this thread's process, another one where it died."""
        process: Process | None = getattr(self._local, "process", None)
        if process is None or not process.alive:
            process = self._local.process = POOL.take()
            self._processes.append(process)
        return process


def _batches(tasks: Iterable[Task]) -> Iterator[list[Task]]:
    """Cut tasks into batches of about the same number of bytes."""
    batch: list[Task] = []
    size_bytes = 0
    for task in tasks:
        batch.append(task)
        size_bytes += len(task.data)
        if size_bytes >= _BATCH_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
