"""Has the index of history built in a process of its own, at once or in the background."""

import contextlib
import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from msgspec import Struct

from codeintel.errors import RepositoryError
from codeintel.git.timings import TIMINGS, Layer

Stage = Literal["graph", "extend", "blame"]
BuildProgress = Callable[["BuildState"], None]

_BUILT: dict[Stage, Layer] = {"graph": "commit-graph", "extend": "index", "blame": "cache"}

log = logging.getLogger(__name__)


class BuildState(Struct, frozen=True):
    """How far a build is; `n_total` is 0 where it is not known before the end."""

    stage: Stage
    n_done: int
    n_total: int


class Background:
    """The worker process of one repository; started on first use, one request at a time."""

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        self._command = [
            # Without -P a folder named like a module of ours, where we were started, would be run.
            *(sys.executable, "-P", "-m", "codeintel.git.worker"),
            *(str(folder), str(cache_dir)),
        ]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._queue_lock = threading.Lock()
        self._waiting: queue.SimpleQueue[tuple[Stage, str] | None] = queue.SimpleQueue()
        self._known: set[tuple[Stage, str]] = set()
        self._thread: threading.Thread | None = None
        self._closed = False

    def run(
        self, stage: Stage, path: str | None = None, progress: BuildProgress | None = None
    ) -> int:
        """Do one stage and wait for its end.

        Raises
        ------
        RepositoryError
            The worker failed; its message says why.
        """
        with self._lock, TIMINGS.measure("build") as timing:
            timing.layer = _BUILT[stage]
            if self._closed:
                raise RepositoryError("The git client was closed.")
            process = self._running()
            assert process.stdin is not None
            assert process.stdout is not None
            request = {"stage": stage} if path is None else {"stage": stage, "paths": [path]}
            with contextlib.suppress(BrokenPipeError):  # then the output ends, too
                process.stdin.write(json.dumps(request) + "\n")
                process.stdin.flush()
            for line in process.stdout:
                message = json.loads(line)
                if "error" in message:
                    raise RepositoryError(message["error"])
                if "result" in message:
                    return int(message["result"])
                if progress:
                    progress(BuildState(stage, message["n_done"], message["n_total"]))
            with contextlib.suppress(BrokenPipeError), process:
                self._process = None
        raise RepositoryError(
            "The process that indexes git history ended unexpectedly.",
            cure="Git answers without it; `codeintel index` tries again.",
        )

    def later(self, stage: Stage, path: str = "") -> None:
        """Queue a request, unless the same one waits already; failures are left to the next one."""
        with self._queue_lock:
            if self._closed or (stage, path) in self._known:
                return
            self._known.add((stage, path))
            if self._thread is None:
                self._thread = threading.Thread(target=self._serve, daemon=True)
                self._thread.start()
        self._waiting.put((stage, path))

    def close(self) -> None:
        """Kill the process and forget what waits."""
        with self._queue_lock:
            self._closed = True
            thread, process = self._thread, self._process
        self._waiting.put(None)
        if process is not None:
            process.kill()
        if thread is not None:
            thread.join()
        process = self._process
        if process is not None:
            with contextlib.suppress(BrokenPipeError), process:
                pass

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            if self._closed:  # `close` did not see it
                self._process.kill()
        return self._process

    def _serve(self) -> None:
        """Do what waits, one after the other."""
        while (request := self._waiting.get()) is not None and not self._closed:
            self._known.discard(request)
            stage, path = request
            try:
                self.run(stage, path or None)
            except RepositoryError as error:
                if not self._closed:
                    log.warning("indexing git history: %s", error)
