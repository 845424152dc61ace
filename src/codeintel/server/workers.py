"""Server processes on one port, and one that keeps the index current beside them.

The parent opens the port, starts the processes and starts anew whichever dies; it never serves
itself. The port stays open throughout, so that a client sees no refused connection while a worker
is away. Every worker has a listening socket of its own, so that the kernel shares the connections
out evenly: of one common socket the first to wake takes all that wait. All map the same files of
the index, so that the index is in memory once.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from prometheus_client.multiprocess import mark_process_dead

from codeintel.errors import CodeIntelError, ConfigurationError
from codeintel.scratch import scratch_folder
from codeintel.server.door import DoorOptions
from codeintel.server.families import write_families
from codeintel.server.http import HttpOptions, check_exposure, listen, serve_socket
from codeintel.server.logs import configure_logs

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

logger = logging.getLogger(__name__)

Open = Callable[[], "CodeIntel"]

_METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_INDEXER_NICE = 10
_TELL_EVERY_S = 1.0
_FIRST_DELAY_S = 0.1
_MAX_DELAY_S = 10.0
# A process that lived this long did not die of how it was started.
_HEALTHY_S = 30.0
_GRACE_S = 5.0


@dataclass(slots=True)
class _Worker:
    """A process that is to run, and when it may be started.

    One that `may_end` is not started anew after it has ended without an error.
    """

    name: str
    target: Callable[..., None]
    arguments: tuple[object, ...]
    may_end: bool = False
    process: SpawnProcess | None = None
    started_at: float = 0.0
    start_after: float = 0.0
    delay_s: float = _FIRST_DELAY_S


def run_workers(
    open_codeintel: Open,
    options: HttpOptions,
    n_workers: int,
    keep_indexed: Callable[["CodeIntel"], None] | None = None,
) -> None:
    """Serve from several processes until SIGINT or SIGTERM.

    Parameters
    ----------
    open_codeintel
        Called in each process; has to be picklable, such as a `functools.partial` of a class.
    keep_indexed
        What a process of low priority does with its own `CodeIntel`; None starts none.

    Raises
    ------
    ConfigurationError
        The address cannot be used, others could reach it without a token, or `n_workers` is
        below 1.
    """
    if n_workers < 1:
        raise ConfigurationError(
            f"The number of workers is {n_workers}.", cure="It must be at least 1."
        )
    check_exposure(options)
    configure_logs(options.log_format)
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listen(options, n_workers)]
        logger.info("Serving at %s", _url(sockets[0]))
        metrics = stack.enter_context(scratch_folder("metrics"))
        os.environ[_METRICS_VARIABLE] = str(metrics)
        options = replace(options, door=_share(options.door, n_workers))
        workers = [
            _Worker(f"worker {n}", _serve, (open_codeintel, options, each, metrics))
            for n, each in enumerate(sockets, 1)
        ]
        if keep_indexed:
            task = (open_codeintel, options, keep_indexed, metrics)
            workers.append(_Worker("indexer", _keep_indexed, task, may_end=True))
        _Supervisor(workers, options, metrics, sockets).run()


def _url(server_socket: socket.socket) -> str:
    """Name where agents connect; the port is the one that was taken where any would do."""
    host, port = server_socket.getsockname()[:2]
    return f"http://[{host}]:{port}/mcp" if ":" in host else f"http://{host}:{port}/mcp"


def _share(door: DoorOptions, n_workers: int) -> DoorOptions:
    """Share the cores out among the workers, where their threads are not fixed."""
    cores = os.cpu_count() or 1
    return replace(door, cpu_threads=door.cpu_threads or max(1, cores // n_workers))


class _Supervisor:
    """Keeps the workers running until it is told to stop."""

    def __init__(
        self,
        workers: list[_Worker],
        options: HttpOptions,
        metrics: Path,
        sockets: Sequence[socket.socket],
    ) -> None:
        self._workers = workers
        self._sockets = sockets
        self._metrics = metrics
        self._patience_s = options.drain_s + options.shutdown_s + _GRACE_S
        self._spawn = get_context("spawn")
        self._stopping = False
        # A signal ends the wait for dead processes by writing to this pipe.
        self._wake_reader, self._wake_writer = os.pipe()

    def run(self) -> None:
        os.set_blocking(self._wake_writer, False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        while not self._stopping:
            self._start_due()
            self._await_change()
            self._reap()
        self._shut_down()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        os.write(self._wake_writer, b".")

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.process is None and worker.start_after <= now:
                worker.process = self._spawn.Process(
                    target=worker.target, args=worker.arguments, name=f"codeintel {worker.name}"
                )
                worker.process.start()
                worker.started_at = now

    def _await_change(self) -> None:
        """Sleep until a process dies, one may be started again, or a signal comes."""
        now = time.monotonic()
        due = [w.start_after - now for w in self._workers if w.process is None]
        running = [w.process.sentinel for w in self._workers if w.process]
        connection.wait([*running, self._wake_reader], max(0.0, min(due)) if due else None)

    def _reap(self) -> None:
        """Note who has died, and when to start it anew: later each time it dies young."""
        for worker in list(self._workers):
            process = worker.process
            if process is None or process.is_alive() or process.pid is None:
                continue
            process.join()
            worker.process = None
            mark_process_dead(process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
            if worker.may_end and process.exitcode == 0:
                self._workers.remove(worker)
                continue
            now = time.monotonic()
            old = now - worker.started_at > _HEALTHY_S
            worker.delay_s = _FIRST_DELAY_S if old else min(2 * worker.delay_s, _MAX_DELAY_S)
            worker.start_after = now + worker.delay_s
            logger.error(
                "%s ended with %s; it starts anew in %.1f s",
                worker.name,
                process.exitcode,
                worker.delay_s,
            )

    def _shut_down(self) -> None:
        """Let requests under way finish, then end whoever is left."""
        running = [worker.process for worker in self._workers if worker.process]
        for process in running:
            process.terminate()
        # The port is closed as soon as the workers close it, not when the last of them has ended.
        for each in self._sockets:
            each.close()
        deadline = time.monotonic() + self._patience_s
        for process in running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()


def _serve(
    open_codeintel: Open, options: HttpOptions, server_socket: socket.socket, metrics: Path
) -> None:
    """Be a worker process."""
    _end_with_parent()
    with open_codeintel() as codeintel:
        serve_socket(codeintel, options, server_socket, metrics)


def _keep_indexed(
    open_codeintel: Open,
    options: HttpOptions,
    keep_indexed: Callable[["CodeIntel"], None],
    metrics: Path,
) -> None:
    """Be the indexer process: it takes the processor only when nobody asks."""
    _end_with_parent()
    os.nice(_INDEXER_NICE)
    configure_logs(options.log_format)
    with open_codeintel() as codeintel:
        threading.Thread(target=_tell, args=(codeintel, metrics), daemon=True).start()
        try:
            keep_indexed(codeintel)
        except CodeIntelError as error:
            logger.error("the index could not be brought up to date: %s", error)
            raise SystemExit(1) from None


def _tell(codeintel: "CodeIntel", metrics: Path) -> None:
    """Tell the workers, which are asked for metrics, what the indexer has counted."""
    while True:
        write_families(metrics, codeintel.process_metrics())
        time.sleep(_TELL_EVERY_S)


def _end_with_parent() -> None:
    """Stop when the parent dies, even by a signal that it cannot catch."""
    parent = parent_process()
    if parent is None:
        return

    def wait(sentinel: int) -> None:
        connection.wait([sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, args=(parent.sentinel,), daemon=True).start()
