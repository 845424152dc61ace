"""How a long run tells where it stands, to its caller and to other processes."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import Struct

from codeintel.scratch import lives

_WRITE_EVERY_S = 0.2


class Progress(Struct, frozen=True):
    """A stage of the run, with the number of items done and in all (0 where not known yet).

    `searchable` is the number of files that can be searched already, where that is not all.
    """

    stage: str
    done: int
    total: int
    searchable: int = 0


ProgressCallback = Callable[[Progress], None]


class _Written(Struct, frozen=True):
    pid: int
    progress: Progress


_decode = msgspec.json.Decoder(_Written).decode


class ProgressFile:
    """Where the run on an index stands, for processes that answer from it meanwhile."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pid: int | None = None
        self._written_s = 0.0

    def write(self, progress: Progress) -> None:
        """Tell where the run stands; more often than a few times a second is left out."""
        now_s = time.monotonic()
        if self._pid is not None and now_s - self._written_s < _WRITE_EVERY_S:
            return
        self._pid, self._written_s = os.getpid(), now_s
        aside = self._path.with_suffix(".new")
        try:
            aside.write_bytes(msgspec.json.encode(_Written(self._pid, progress)))
            aside.replace(self._path)
        except OSError:
            pass  # a full disk ends the run in its own way

    def clear(self) -> None:
        """End what this run has told; another process's is left alone."""
        if self._pid is not None:
            self._pid = None
            self._path.unlink(missing_ok=True)

    def read(self) -> Progress | None:
        """Give where the run stands; None while there is none, or where it was killed."""
        try:
            written = _decode(self._path.read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return written.progress if lives(written.pid) else None
