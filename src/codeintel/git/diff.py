"""Line differences exactly as git blame sees them: no context lines, git's own diff."""

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import NamedTuple

from codeintel.errors import GitCommandError
from codeintel.git.process import Git, Running

DIFF_OPTIONS = ("-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")

# No line of content looks like a hunk's head or a commit: it begins with "+", "-" or a backslash.
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
# Nor does any look like this line, which asks for all that was not answered yet.
_MARK = b".\n"
_COMMIT = re.compile(rb"^(?:[0-9a-f]{40}|[0-9a-f]{64})$", re.MULTILINE)

WORTH_A_PROCESS = 24
"""Comparisons that take longer than starting a process for them."""

_MAX_PROCESSES = min(4, os.cpu_count() or 1)


class Hunk(NamedTuple):
    """Lines that differ; the first line of an empty side is the one before the gap."""

    old_line: int
    n_old: int
    new_line: int
    n_new: int


class Segment(NamedTuple):
    """Consecutive new lines that are in the old text from `old_line` on, or nowhere (None)."""

    line: int
    n_lines: int
    old_line: int | None


class VersionDiffs:
    """Compares versions of one path, in several git processes where that is worth it.

    To be used in a ``with`` block, which ends them.
    """

    def __init__(self, git: Git, path: str) -> None:
        self._git = git
        self._path = path
        self._open = ExitStack()
        self._processes: list[Running] = []

    def __enter__(self) -> "VersionDiffs":
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[list[Hunk]]:
        """Compare the path in two commits for each pair: what the second has, and the first made.

        Raises
        ------
        CodeIntelError
            As `Git.run`.
        """
        if not pairs:
            return []
        self._start(-(-len(pairs) // WORTH_A_PROCESS))
        # Neighbours stay together: git has what they share at hand.
        n_each = -(-len(pairs) // len(self._processes))
        shares = [pairs[start : start + n_each] for start in range(0, len(pairs), n_each)]
        for running, share in zip(self._processes, shares, strict=False):
            assert running.process.stdin is not None
            with suppress(BrokenPipeError):  # it died; reading says so
                lines = [f"{child} {parent}\n" for child, parent in share]
                running.process.stdin.write("".join(lines).encode() + _MARK)
                running.process.stdin.flush()
        found: list[list[Hunk]] = []
        for running, share in zip(self._processes, shares, strict=False):
            patches = _COMMIT.split(_answer(running))[1:]
            if len(patches) != len(share):
                raise GitCommandError(
                    "`git diff-tree` answered for other commits than it was asked."
                )
            found += map(parse_hunks, patches)
        return found

    def _start(self, n_wanted: int) -> None:
        """Have so many processes, or what is free of them but at least one."""
        while len(self._processes) < min(n_wanted, _MAX_PROCESSES):
            running = self._open.enter_context(
                self._git.converse(
                    *("diff-tree", "--stdin", "--always", "-r", "-p", *DIFF_OPTIONS),
                    *("--", self._path),
                    wait=not self._processes,
                )
            )
            if running is None:
                break
            self._processes.append(running)


def _answer(running: Running) -> bytes:
    """Read up to the mark, which git repeats since it names no commit."""
    chunks: list[bytes] = []
    end = b"\n"
    while end != b"\n" + _MARK:
        chunk = running.read()
        if not chunk:
            raise running.error()
        chunks.append(chunk)
        end = (end + chunk)[-3:]
    return b"".join(chunks)


def diff_texts(git: Git, old: bytes, new: bytes) -> list[Hunk]:
    """Compare two texts."""
    with tempfile.TemporaryDirectory(prefix="codeintel-") as folder:
        (Path(folder) / "old").write_bytes(old)
        (Path(folder) / "new").write_bytes(new)
        output = git.run(
            "diff", "--no-index", *DIFF_OPTIONS, f"{folder}/old", f"{folder}/new", accept=(0, 1)
        )
    return parse_hunks(output)


def parse_hunks(patch: bytes) -> list[Hunk]:
    """Find the hunks of one file's patch."""
    return [
        Hunk(int(m[1]), int(m[2] or 1), int(m[3]), int(m[4] or 1)) for m in _HUNK.finditer(patch)
    ]


def segments(hunks: Iterable[Hunk], n_new: int) -> Iterator[Segment]:
    """Cover the lines of the new text, in order, by where they are in the old one."""
    line = 1
    shift = 0
    for hunk in hunks:
        first = hunk.new_line if hunk.n_new else hunk.new_line + 1
        if first > line:
            yield Segment(line, first - line, line - shift)
        if hunk.n_new:
            yield Segment(first, hunk.n_new, None)
        line = first + hunk.n_new
        shift += hunk.n_new - hunk.n_old
    if line <= n_new:
        yield Segment(line, n_new - line + 1, line - shift)


def count_lines(data: bytes) -> int:
    """Count lines as git does: a last one without a line end is one too."""
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))
