"""Worker processes that prepare files; those that wait for work are shared by all runs."""

import atexit
import subprocess
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import BinaryIO, cast

import msgspec

from codeintel.indexer.prepare import Prepared, Task
from codeintel.indexer.worker import Answer, read_message, write_message

# Long enough for the next repository of many, or for the next edit of many files.
_KEPT_S = 20.0


class Process:
    """One worker process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "codeintel.indexer.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self._input = cast(BinaryIO, self._process.stdin)
        self._output = cast(BinaryIO, self._process.stdout)
        self._decoder = msgspec.msgpack.Decoder(Answer)
        self.alive = True
        self.peak_memory_bytes = 0

    @property
    def pid(self) -> int:
        """The operating system's number of the process."""
        return self._process.pid

    def prepare(self, batch: list[Task]) -> list[Prepared] | None:
        """Prepare a batch; None where the process died."""
        try:
            write_message(self._input, msgspec.msgpack.encode(batch))
            message = read_message(self._output)
        except BrokenPipeError:
            message = None
        if message is None:
            self.close()
            return None
        answer = self._decoder.decode(message)
        self.peak_memory_bytes = answer.peak_memory_bytes
        return answer.prepared

    def is_running(self) -> bool:
        """Whether the process has not died while nobody used it."""
        return self._process.poll() is None

    def close(self) -> None:
        """End the process."""
        self.alive = False
        with suppress(BrokenPipeError):  # it may have died with a message half written
            self._input.close()
        self._process.terminate()
        self._process.wait()
        self._output.close()


class _Pool:
    """Processes that wait; the last one of them ends `_KEPT_S` after it was given back."""

    def __init__(self) -> None:
        self._waiting: list[Process] = []
        self._lock = threading.Lock()
        self._end: threading.Timer | None = None

    @property
    def n_waiting(self) -> int:
        """Number of processes that are there at once."""
        return len(self._waiting)

    def take(self) -> Process:
        """Give a process that waits, or a new one."""
        with self._lock:
            while self._waiting:
                process = self._waiting.pop()
                if process.is_running():
                    return process
                process.close()
        return Process()

    def give(self, processes: Iterable[Process]) -> None:
        """Keep processes for a later run."""
        with self._lock:
            self._waiting += [process for process in processes if process.alive]
            if self._end:
                self._end.cancel()
            self._end = threading.Timer(_KEPT_S, self.close)
            self._end.daemon = True
            self._end.start()

    def close(self) -> None:
        """End all processes that wait."""
        with self._lock:
            while self._waiting:
                self._waiting.pop().close()


POOL = _Pool()
atexit.register(POOL.close)
