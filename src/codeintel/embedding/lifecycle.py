"""Counts the calls under way, so that closing can let them end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from codeintel.errors import EmbeddingClosedError


class Gate:
    """Lets calls in until it is shut, and waits for those that are inside."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._shut = False
        self._aborted = threading.Event()

    @contextmanager
    def call(self) -> Iterator[None]:
        """Be inside for the length of one call.

        Raises
        ------
        EmbeddingClosedError
            The gate is shut.
        """
        with self._changed:
            if self._shut:
                raise EmbeddingClosedError(
                    "The embedding client is closed.", cure="Make a new one; it cannot be reopened."
                )
            self._inside += 1
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._changed.notify_all()

    @property
    def idle(self) -> bool:
        """Whether no call is inside."""
        with self._changed:
            return not self._inside

    def shut(self) -> bool:
        """Let no further calls in; False where that was done before."""
        with self._changed:
            first = not self._shut
            self._shut = True
            return first

    def drain(self, deadline_s: float) -> None:
        """Wait for the calls inside; those that outlast the deadline are told to give up."""
        with self._changed:
            self._changed.wait_for(lambda: not self._inside, timeout=deadline_s)
        self._aborted.set()

    def pause(self, seconds: float) -> None:
        """Sleep inside a call; wakes up when the call is to give up."""
        self._aborted.wait(seconds)

    def check(self) -> None:
        """Give up a call that has outlasted the closing deadline.

        Raises
        ------
        EmbeddingClosedError
            Closing does not wait any longer.
        """
        if self._aborted.is_set():
            raise EmbeddingClosedError("The embedding client was closed during the call.")
