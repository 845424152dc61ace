"""Blame of a file of the working tree that differs from HEAD's."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from codeintel.errors import PathNotFoundError
from codeintel.git.diff import Segment, count_lines, diff_texts, segments
from codeintel.git.process import Git
from codeintel.git.records import UNCOMMITTED, Blame, Commit, LineRun
from codeintel.git.tree import Tree


class WorkingFile:
    """Content of a file on the disk.

    Git's filters are not applied, since they are programs that the repository names; only line
    ends are taken for the same where HEAD has LF and the file CRLF.
    """

    def __init__(self, path: str, data: bytes, changed_s: float) -> None:
        self.path = path
        self.data = data
        self.changed_s = changed_s

    @classmethod
    def read(cls, work_tree: Path, path: str) -> "WorkingFile | None":
        """Read it; None for a symbolic link, whose committed content is its target.

        Raises
        ------
        PathNotFoundError
            It is not there.
        """
        with Tree(work_tree) as tree:
            try:
                return cls(path, tree.read(path), os.stat(work_tree / path).st_mtime)
            except OSError:
                if os.path.islink(work_tree / path):
                    return None
        raise PathNotFoundError(
            f"The file '{path}' was deleted in the working tree.",
            cure="Ask with the revision HEAD.",
        )

    def is_same(self, committed: bytes) -> bool:
        """Tell whether the content is the committed one, but for line ends."""
        return self.data == committed or self._lines_like(committed) == committed

    def blame(
        self,
        git: Git,
        sha: str,
        committed: bytes,
        first: int,
        last: int,
        blame: Callable[[int, int], Blame],
    ) -> Blame:
        """Blame lines of this content; `blame` tells of the committed ones, first to last."""
        new = self._lines_like(committed)
        n_new = count_lines(new)
        parts = [
            part
            for segment in segments(diff_texts(git, committed, new), n_new)
            if (part := _clip(segment, first, last))
        ]
        old = [part for part in parts if part.old_line is not None]
        known = Blame((), {})
        if old:
            known = blame(old[0].old_line or 1, (old[-1].old_line or 1) + old[-1].n_lines - 1)
        runs: list[LineRun] = []
        nowhere = "0" * len(sha)
        for part in parts:
            if part.old_line is None:
                run = LineRun(
                    part.line, part.n_lines, nowhere, self.path, part.line, sha, self.path
                )
                runs.append(run)
                continue
            inside = known.part(part.old_line, part.old_line + part.n_lines - 1)
            shift = part.line - part.old_line
            runs += [replace(run, line=run.line + shift) for run in inside.runs]
        return Blame(tuple(runs), {**known.commits, nowhere: self._uncommitted(nowhere)})

    def committed_lines(self, git: Git, committed: bytes, lines: range) -> range:
        """Give the committed lines from the first to the last that are among some of these."""
        new = self._lines_like(committed)
        old = [
            range(part.old_line, part.old_line + part.n_lines)
            for segment in segments(diff_texts(git, committed, new), count_lines(new))
            if (part := _clip(segment, lines[0], lines[-1])) and part.old_line is not None
        ]
        return range(old[0].start, old[-1].stop) if old else range(0)

    def _lines_like(self, committed: bytes) -> bytes:
        """Give the content with LF where the committed one has no CRLF."""
        if b"\r\n" in self.data and b"\r\n" not in committed:
            return self.data.replace(b"\r\n", b"\n")
        return self.data

    def _uncommitted(self, sha: str) -> Commit:
        """Make up the commit that git makes up for lines that are in none; it dates them by now."""
        date = datetime.fromtimestamp(int(self.changed_s), UTC).isoformat()
        message = f"Version of {self.path} from {self.path}"
        return Commit(
            sha, UNCOMMITTED, "not.committed.yet", date, message, False, int(self.changed_s)
        )


def _clip(segment: Segment, first: int, last: int) -> Segment | None:
    """Give what of a segment lies in the lines `first` to `last`."""
    start, end = max(segment.line, first), min(segment.line + segment.n_lines - 1, last)
    if start > end:
        return None
    old = segment.old_line
    return Segment(start, end - start + 1, None if old is None else old + start - segment.line)
