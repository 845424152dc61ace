"""Prepares files on all cores, in order, with bounded memory."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import BinaryIO, Self, cast

import msgspec

from codeintel.indexer.prepare import Prepared, Task, prepare
from codeintel.indexer.worker import read_message, write_message
from codeintel.types import SkippedFile, SkipReason

# Starting a worker costs some 0.2 s, as much as preparing this many bytes.
_IN_PROCESS_BYTES = 400_000
_BATCH_BYTES = 200_000


class Parsers:
    """Worker processes, each driven by a thread; a few files are prepared without any.

    A file that kills its worker is skipped with that reason; the others of its batch are done.
    """

    def __init__(self, n_workers: int) -> None:
        self._n_workers = n_workers
        self._threads: ThreadPoolExecutor | None = None
        self._local = threading.local()
        self._processes: list[_Worker] = []
        self._lock = threading.Lock()

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
        for process in self._processes:
            process.close()

    def prepare(self, tasks: Iterable[Task]) -> Iterator[Prepared]:
        """Prepare files in the order given, reading ahead by two batches a worker."""
        batches = _batches(tasks)
        first = next(batches, [])
        second = next(batches, [])
        if not second and sum(len(task.data) for task in first) <= _IN_PROCESS_BYTES:
            yield from map(prepare, first)
            return
        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._n_workers, "codeintel-parse")
        waiting: deque[Future[list[Prepared]]] = deque()
        for batch in [first, second]:
            waiting.append(self._threads.submit(self._run, batch))
        for batch in batches:
            if len(waiting) >= 2 * self._n_workers:
                yield from waiting.popleft().result()
            waiting.append(self._threads.submit(self._run, batch))
        while waiting:
            yield from waiting.popleft().result()

    def _run(self, batch: list[Task]) -> list[Prepared]:
        """Prepare a batch in this thread's worker, one by one where the worker dies of it."""
        answer = self._worker().prepare(batch)
        if answer is not None:
            return answer
        if len(batch) > 1:
            return [prepared for task in batch for prepared in self._run([task])]
        skipped = SkippedFile(batch[0].path, SkipReason.UNREADABLE, "it crashes the parser")
        return [Prepared(path=batch[0].path, skipped=skipped)]

    def _worker(self) -> "_Worker":
        """Give this thread's worker, started anew where it died."""
        worker: _Worker | None = getattr(self._local, "worker", None)
        if worker is None or not worker.alive:
            worker = _Worker()
            self._local.worker = worker
            with self._lock:
                self._processes.append(worker)
        return worker


class _Worker:
    """One worker process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "codeintel.indexer.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._input = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        self._decoder = msgspec.msgpack.Decoder(list[Prepared])
        self.alive = True

    def prepare(self, batch: list[Task]) -> list[Prepared] | None:
        """Prepare a batch; None where the process died."""
        try:
            write_message(self._input, msgspec.msgpack.encode(batch))
            answer = read_message(self._output)
        except BrokenPipeError:
            answer = None
        if answer is None:
            self.close()
            return None
        return self._decoder.decode(answer)

    def close(self) -> None:
        """End the process."""
        self.alive = False
        with suppress(BrokenPipeError):  # it may have died with a message half written
            self._input.close()
        self._process.terminate()
        self._process.wait()
        self._output.close()


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
