"""Blame and history for callers of an event loop."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar, Unpack

import anyio

from codeintel.errors import DeadlineExceededError
from codeintel.git.client import GitClient, HistoryOptions
from codeintel.git.process import DEFAULT_TIMEOUT_S, MAX_PROCESSES, job
from codeintel.git.records import GitBlameEntry, HistoryPage

T = TypeVar("T")


class AsyncGitClient:
    """The asynchronous face of a `GitClient`.

    At most `limit` calls run at once, each in a thread; the others wait in line, and the waiting
    counts towards the deadline. A cancelled call kills its git process.

    Parameters
    ----------
    client
        Stays the caller's own; `aclose` closes it.
    """

    def __init__(
        self,
        client: GitClient,
        *,
        limit: int = MAX_PROCESSES,
        timeout_s: float = DEFAULT_TIMEOUT_S,
    ) -> None:
        self._client = client
        self._limiter = anyio.CapacityLimiter(limit)
        self._timeout_s = timeout_s

    async def resolve(self, rev: str | None = None) -> str:
        """Do as `GitClient.resolve`."""
        return await self._call(partial(self._client.resolve, rev))

    async def blame_range(
        self, path: str, start_line: int = 1, end_line: int | None = None, rev: str | None = None
    ) -> list[GitBlameEntry]:
        """Do as `GitClient.blame_range`."""
        return await self._call(partial(self._client.blame_range, path, start_line, end_line, rev))

    async def file_history(
        self, path: str, limit: int = 50, **options: Unpack[HistoryOptions]
    ) -> HistoryPage:
        """Do as `GitClient.history_page`."""
        return await self._call(partial(self._client.history_page, path, limit, **options))

    async def aclose(self) -> None:
        """Close the client."""
        await anyio.to_thread.run_sync(self._client.close)

    async def _call(self, call: Callable[[], T]) -> T:
        with job(self._timeout_s) as current:
            try:
                with anyio.fail_after(self._timeout_s):
                    return await anyio.to_thread.run_sync(
                        call, abandon_on_cancel=True, limiter=self._limiter
                    )
            except TimeoutError:
                raise DeadlineExceededError(
                    f"Git did not answer within {self._timeout_s:g} s."
                ) from None
            finally:
                current.cancel()
