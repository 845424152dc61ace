"""Runs git: the one place that starts a git process.

Every process gets an environment made from scratch, arguments that switch off what a repository's
configuration could run, a deadline, a way to be cancelled, and one of a limited number of slots.
"""

import io
import os
import re
import select
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO

from codeintel.errors import (
    BusyError,
    CodeIntelError,
    DeadlineExceededError,
    GitCommandError,
    GitNotInstalledError,
    NoCommitsError,
    NotARepositoryError,
    UnsafeRepositoryError,
)

MAX_PROCESSES = max(4, 2 * (os.cpu_count() or 1))
"""Git processes that may run at once in this process; later ones wait for their turn."""

DEFAULT_TIMEOUT_S = 60.0

NO_DEADLINE_S = 20 * 86_400.0
"""For work in the background; `select` counts milliseconds in 31 bits."""

_slots = threading.BoundedSemaphore(MAX_PROCESSES)

_MISSING = re.compile(r"[Cc]annot read blob|unable to read|[Mm]issing blob|promisor")
_INHERITED = ("PATH", "HOME", "XDG_CONFIG_HOME", "TMPDIR")

_ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_CONFIG_NOSYSTEM": "1",
    # A partial clone fetches what it lacks, by programs that its configuration names.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
}

_OPTIONS = (
    "--no-pager",
    "--no-optional-locks",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.quotePath=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "log.showSignature=false"),
)


class Job:
    """A deadline, and a way to cancel, that all git processes started under it share."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self._expires = monotonic() + timeout_s
        self._lock = threading.Lock()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._cancelled = False

    def remaining_s(self) -> float:
        """Give the time left.

        Raises
        ------
        DeadlineExceededError
            None is left, or the job was cancelled.
        """
        left = self._expires - monotonic()
        if self._cancelled or left <= 0:
            raise self.expired()
        return left

    def expired(self) -> DeadlineExceededError:
        """Make the error that says why the job ended early."""
        if self._cancelled:
            return DeadlineExceededError("The git command was cancelled.")
        return DeadlineExceededError(
            f"Git did not answer within {self.timeout_s:g} s.",
            cure="Ask for less (fewer lines, a smaller limit), or allow more time.",
        )

    def cancel(self) -> None:
        """Kill the running processes and refuse new ones; callable from any thread."""
        with self._lock:
            self._cancelled = True
            for process in self._running:
                process.kill()

    @contextmanager
    def watch(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Make `process` one that `cancel` kills."""
        with self._lock:
            self._running.add(process)
            if self._cancelled:
                process.kill()
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(process)


_current_job: ContextVar[Job | None] = ContextVar("git_job", default=None)


@contextmanager
def job(timeout_s: float) -> Iterator[Job]:
    """Put all git processes that this context starts under one deadline.

    Inside another job this is that job: the outer deadline rules.
    """
    outer = _current_job.get()
    if outer is not None:
        yield outer
        return
    current = Job(timeout_s)
    token = _current_job.set(current)
    try:
        yield current
    finally:
        _current_job.reset(token)


class Git:
    """Git commands in one folder.

    Parameters
    ----------
    folder
        Where git looks for its repository.
    git_dir, work_tree
        Where the repository is, if git shall not look for it.
    options
        More options that stand before the command.
    environment
        More variables.
    """

    def __init__(
        self,
        folder: Path,
        *,
        git_dir: Path | None = None,
        work_tree: Path | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self._command = ["git", *_OPTIONS, "-C", os.fspath(folder)]
        if git_dir is not None:
            self._command.append(f"--git-dir={os.fspath(git_dir)}")
        if work_tree is not None:
            self._command.append(f"--work-tree={os.fspath(work_tree)}")
        self._command += options
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        self._environment = {**inherited, **_ENVIRONMENT, **(environment or {})}

    def run(
        self,
        *arguments: str,
        stdin: bytes | IO[bytes] = b"",
        accept: Sequence[int] = (0,),
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> bytes:
        """Run one command to its end and give what it printed.

        Raises
        ------
        GitCommandError
            It ended with a status that is not in `accept`.
        GitNotInstalledError, NotARepositoryError, NoCommitsError, UnsafeRepositoryError
            What git itself reported.
        DeadlineExceededError
            It took longer than the current `job` (or `timeout_s`) allows, or was cancelled.
        BusyError
            No process slot became free in that time.
        """
        with job(timeout_s) as current, _slot(current):
            given = stdin if not isinstance(stdin, bytes) else None
            process = self.start(*arguments, stdin=subprocess.PIPE if given is None else given)
            with process, current.watch(process):
                try:
                    output, stderr = process.communicate(
                        stdin if isinstance(stdin, bytes) else None, current.remaining_s()
                    )
                except (subprocess.TimeoutExpired, DeadlineExceededError):
                    process.kill()
                    raise current.expired() from None
                except BaseException:
                    process.kill()
                    raise
            if process.returncode not in accept:
                current.remaining_s()
                raise self.error(arguments, process.returncode, stderr)
            return output

    @contextmanager
    def stream(self, *arguments: str, stdin: bytes = b"") -> Iterator[io.BufferedReader]:
        """Run one command and read what it prints while it runs.

        The process is killed where the caller leaves early.

        Raises
        ------
        GitCommandError
            It failed; raised when all that it printed was read.
        DeadlineExceededError
            The current `job` ended; without one there is no deadline.
        """
        with job(NO_DEADLINE_S) as current, _slot(current), tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            with self._watched(current, arguments, given) as running:
                assert isinstance(running.process.stdout, io.BufferedReader)
                watchdog = threading.Timer(current.remaining_s(), running.process.kill)
                watchdog.daemon = True
                watchdog.start()
                complete = False
                try:
                    yield running.process.stdout
                    # At its end it can be read without waiting, and gives nothing.
                    at_end = select.select([running.process.stdout], [], [], 0)[0]
                    complete = bool(at_end) and not running.process.stdout.read(1)
                finally:
                    watchdog.cancel()
                    if not complete:
                        running.process.kill()
                if complete and running.process.wait():
                    raise running.error()

    @contextmanager
    def converse(self, *arguments: str, wait: bool = True) -> Iterator["Running | None"]:
        """Run one command that answers what is written to it, and kill it at the end.

        Gives None where no process slot is free at once and the caller does not want to `wait`:
        who holds a slot already must not, or several such would wait for each other.
        """
        with job(NO_DEADLINE_S) as current, ExitStack() as stack:
            try:
                stack.enter_context(_slot(current, wait=wait))
            except BusyError:
                if wait:
                    raise
                yield None
                return
            running = stack.enter_context(self._watched(current, arguments, subprocess.PIPE))
            try:
                yield running
            finally:
                running.process.kill()

    @contextmanager
    def _watched(
        self, current: Job, arguments: Sequence[str], stdin: int | IO[bytes]
    ) -> Iterator["Running"]:
        """Start a process that ends where the job is cancelled."""
        with (
            tempfile.TemporaryFile() as stderr,
            suppress(BrokenPipeError),  # it died with something not written to it
            self.start(*arguments, stdin=stdin, stderr=stderr) as process,
            current.watch(process),
        ):
            yield Running(self, current, arguments, process, stderr)

    def start(
        self,
        *arguments: str,
        stdin: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start a process that the caller ends itself.

        Raises
        ------
        GitNotInstalledError
            There is no ``git`` on the PATH.
        """
        try:
            return subprocess.Popen(
                [*self._command, *arguments],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=self._environment,
            )
        except FileNotFoundError:
            raise GitNotInstalledError(
                "The program 'git' was not found on the PATH.",
                cure="Install git; everything but git history works without it.",
            ) from None

    def error(self, arguments: Sequence[str], status: int, stderr: bytes) -> CodeIntelError:
        """Translate a failed command into an error of the tree."""
        told = stderr.decode("utf-8", "replace")
        if "dubious ownership" in told or "unsafe repository" in told:
            # Git names the folder to trust, which is the top of the work tree, as a shell needs it.
            trust = re.search(r"git config --global --add safe\.directory .+", told)
            return UnsafeRepositoryError(
                f"The repository '{self.folder.name}' belongs to another user.",
                cure=f"If you trust it, run `{trust[0] if trust else 'git status'}`"
                " as the user that runs CodeIntel.",
            )
        text = told.replace(os.fspath(self.folder), ".").strip()
        if "not a git repository" in text:
            return NotARepositoryError(
                f"The folder '{self.folder.name}' is in no git repository.",
                cure="Run `git init` there, or choose another folder.",
            )
        if "does not have any commits yet" in text:
            return NoCommitsError(
                f"The repository '{self.folder.name}' has no commits yet.", cure="Commit first."
            )
        reason = next((x for x in text.splitlines() if x.startswith(("fatal:", "error:"))), text)
        return GitCommandError(
            f"`git {arguments[0]}` failed with status {status}: {reason or 'no message'}",
            status=status,
            stderr=text,
            cure="Where it is a partial clone, fetch what is missing; else run `git fsck`."
            if _MISSING.search(text)
            else "See `codeintel doctor`.",
        )


@dataclass(frozen=True)
class Running:
    """A process that is under way."""

    git: Git
    job: Job
    arguments: Sequence[str]
    process: subprocess.Popen[bytes]
    stderr: IO[bytes]

    def read(self) -> bytes:
        """Read what the process prints next; empty at its end.

        Raises
        ------
        DeadlineExceededError
            The job ended.
        """
        assert self.process.stdout is not None
        handle = self.process.stdout.fileno()
        if not select.select([handle], [], [], self.job.remaining_s())[0]:
            raise self.job.expired()
        return os.read(handle, 1 << 16)

    def error(self) -> CodeIntelError:
        """Make the error that says why the process ended; waits for its end."""
        status = self.process.wait()
        try:
            self.job.remaining_s()
        except DeadlineExceededError as error:
            return error
        self.stderr.seek(0)
        return self.git.error(self.arguments, status, self.stderr.read())


@contextmanager
def _slot(current: Job, *, wait: bool = True) -> Iterator[None]:
    """Hold one of the process slots."""
    left = current.remaining_s() if wait else 0.0
    if not _slots.acquire(timeout=left):
        raise BusyError(f"All {MAX_PROCESSES} git processes were busy for {left:.1f} s.")
    try:
        yield
    finally:
        _slots.release()
