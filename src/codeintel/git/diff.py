"""Line differences exactly as git blame sees them: no context lines, git's own diff."""

import re
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from codeintel.git.process import Git

DIFF_OPTIONS = ("-U0", "--text", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-color")

# No line of content looks like a hunk's head or a commit: it begins with "+", "-" or a backslash.
_HUNK = re.compile(rb"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_COMMIT = re.compile(rb"^(?:[0-9a-f]{40}|[0-9a-f]{64})$", re.MULTILINE)


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


def parse_patches(output: bytes) -> list[list[Hunk]]:
    """Find the hunks of each comparison that ``diff-tree --stdin --always`` made, in order."""
    return [parse_hunks(patch) for patch in _COMMIT.split(output)[1:]]


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
