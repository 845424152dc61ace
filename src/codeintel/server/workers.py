"""Server processes on one port, and one that keeps the index current beside them.

The parent opens the port, starts the processes, hands the connections on to them in turn, and
starts anew whichever dies; it never serves itself. The port stays open throughout, so that a client
sees no refused connection while a worker is away. All map the same files of the index, so that the
index is in memory once.
"""

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import connection, get_context, parent_process
from multiprocessing.context import SpawnProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from prometheus_client.multiprocess import mark_process_dead

from codeintel.cores import Cores, cores_of, keep_to
from codeintel.effort import Effort, Wish, wished
from codeintel.errors import CodeIntelError, ConfigurationError
from codeintel.scratch import scratch_folder
from codeintel.server.families import write_families
from codeintel.server.handing import Channel, Handing
from codeintel.server.http import HttpOptions, check_exposure, listen, serve_channel
from codeintel.server.logs import configure_logs
from codeintel.types import Scope

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
# After which a process begins to answer, though it has not looked at all repositories yet.
_WARM_UP_S = 5.0
_COLLECT_EVERY = 10_000
# Until connections are offered again that no worker could take up.
_OFFER_AGAIN_S = 0.01


@dataclass(slots=True)
class _Worker:
    """A process that is to run, and when it may be started.

    One that `serves` gets connections; one that does not is not started anew after it has ended
    without an error.
    """

    name: str
    target: Callable[..., None]
    arguments: tuple[object, ...]
    serves: bool
    process: SpawnProcess | None = None
    channel: Channel | None = None
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
        listener = stack.enter_context(listen(options))
        logger.info("Serving at %s", _url(listener))
        metrics = stack.enter_context(scratch_folder("metrics"))
        os.environ[_METRICS_VARIABLE] = str(metrics)
        workers = [
            _Worker(
                f"worker {number + 1}",
                _serve,
                (open_codeintel, _with_cores(options, cores_of(number, n_workers)), metrics),
                serves=True,
            )
            for number in range(n_workers)
        ]
        if keep_indexed:
            task = (open_codeintel, options, keep_indexed, metrics)
            workers.append(_Worker("indexer", _keep_indexed, task, serves=False))
        _Supervisor(workers, options, metrics, Handing(listener)).run()


def _url(server_socket: socket.socket) -> str:
    """Name where agents connect; the port is the one that was taken where any would do."""
    host, port = server_socket.getsockname()[:2]
    return f"http://[{host}]:{port}/mcp" if ":" in host else f"http://{host}:{port}/mcp"


def _with_cores(options: HttpOptions, cores: Cores) -> HttpOptions:
    return replace(options, door=replace(options.door, cores=cores))


class _Supervisor:
    """Keeps the workers running until it is told to stop."""

    def __init__(
        self,
        workers: list[_Worker],
        options: HttpOptions,
        metrics: Path,
        handing: Handing,
    ) -> None:
        self._workers = workers
        self._handing = handing
        self._metrics = metrics
        self._drain_s = options.drain_s
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
            self._handing.hand_on()
            self._reap()
        self._shut_down()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        os.write(self._wake_writer, b".")

    def _start_due(self) -> None:
        now = time.monotonic()
        for worker in self._workers:
            if worker.process is None and worker.start_after <= now:
                arguments = worker.arguments
                if worker.serves:
                    worker.channel = self._handing.open()
                    arguments += (worker.channel.far,)
                worker.process = self._spawn.Process(
                    target=worker.target, args=arguments, name=f"codeintel {worker.name}"
                )
                worker.process.start()
                worker.started_at = now

    def _await_change(self) -> None:
        """Sleep until a process dies or may be started, a client connects, or a signal comes."""
        now = time.monotonic()
        due = [w.start_after - now for w in self._workers if w.process is None]
        if self._handing.is_full:
            due.append(_OFFER_AGAIN_S)
        running = [w.process.sentinel for w in self._workers if w.process]
        awaited = [*running, *self._handing.awaited(), self._wake_reader]
        connection.wait(awaited, max(0.0, min(due)) if due else None)

    def _reap(self) -> None:
        """Note who has died, and when to start it anew: later each time it dies young."""
        for worker in list(self._workers):
            process = worker.process
            if process is None or process.is_alive() or process.pid is None:
                continue
            process.join()
            worker.process = None
            if worker.channel:
                self._handing.close(worker.channel)
                worker.channel = None
            mark_process_dead(process.pid, str(self._metrics))  # type: ignore[no-untyped-call]
            if not worker.serves and process.exitcode == 0:
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
        self._hand_on_while_draining()
        # As soon as the workers take no more connections, not when the last of them has ended.
        self._handing.stop()
        deadline = time.monotonic() + self._patience_s
        for process in running:
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                process.join()

    def _hand_on_while_draining(self) -> None:
        """Serve on while probes learn of the stop; another signal ends that."""
        os.read(self._wake_reader, 1)
        deadline = time.monotonic() + self._drain_s
        while (left_s := deadline - time.monotonic()) > 0:
            wait_s = min(left_s, _OFFER_AGAIN_S) if self._handing.is_full else left_s
            if self._wake_reader in connection.wait(
                [*self._handing.awaited(), self._wake_reader], wait_s
            ):
                return
            self._handing.hand_on()


def _serve(
    open_codeintel: Open, options: HttpOptions, metrics: Path, channel: socket.socket
) -> None:
    """Be a worker process."""
    _end_with_parent()
    with open_codeintel() as codeintel:
        _warm_up(codeintel)
        # What was made lives on: looking through all of it for garbage stops everything for 0.2 s.
        gc.collect()
        gc.freeze()
        # Answers leave next to no cycles; by default 3 % of the time under load went into looking.
        gc.set_threshold(_COLLECT_EVERY)
        keep_to(options.door.cores)
        serve_channel(codeintel, options, channel, metrics)


def _warm_up(codeintel: "CodeIntel") -> None:
    """Have made what the first questions would wait for; others answer meanwhile.

    A hundred thousand definitions take a second. Nobody outside is asked: words need no embedding.
    """
    deadline = time.monotonic() + _WARM_UP_S
    with wished(Wish(effort=Effort.WORDS)):
        for repo in codeintel.repositories:
            if time.monotonic() > deadline:
                return
            scope = Scope(repo=repo)
            try:
                codeintel.symbol_search("warmUp", scope=scope)
                codeintel.semantic_search("warmUp", scope=scope)
                codeintel.search_text("warmUp", scope=scope)
            except CodeIntelError:
                pass  # what is wrong with an index is told to those who ask
            except Exception:
                # Other questions, and other repositories, can be answered all the same.
                logger.exception("warming up failed")


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
