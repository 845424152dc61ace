r"""Opens files: safe paths, line ranges, and cuts to a token budget.

A line ends at ``\n`` alone, as git counts lines. One token is taken for four characters, which is
near the mean of code in the tokenizers of current models.
"""

import difflib
import os
import stat
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from msgspec import Struct

from codeintel.effort import checked
from codeintel.errors import (
    InvalidRangeError,
    NotTextError,
    PathNotFoundError,
    PathOutsideRepositoryError,
)

CHARS_PER_TOKEN = 4
MAX_LINE_CHARS = 2_000
# Larger files are data; reading one whole would only cost memory.
MAX_OPEN_BYTES = 64 << 20
_MAX_PATH_CHARS = 4_096
_N_NEAREST = 5


class Excerpt(Struct, frozen=True):
    """A run of lines of a file.

    Attributes
    ----------
    text
        Keeps the file's own line ends; a longer line than `MAX_LINE_CHARS` ends in a mark that
        says how many characters follow.
    end_line
        Last line of `text`; `start_line` - 1 where nothing fitted or the file is empty.
    truncated
        Lines or parts of lines of the asked range are not in `text`.
    """

    text: str
    start_line: int
    end_line: int
    truncated: bool


def check_path(path: str) -> str:
    """Give a path in its plain form: relative to the repository, with ``/``.

    Raises
    ------
    PathOutsideRepositoryError
        The path is absolute or contains ``..``.
    PathNotFoundError
        It holds a NUL, or is longer than any path can be.
    """
    shown = path if len(path) <= 200 else f"{path[:200]}…"
    if "\0" in path or len(path) > _MAX_PATH_CHARS:
        raise PathNotFoundError(f"'{shown.replace(chr(0), '?')}' cannot be a path.")
    parts = [part for part in path.replace(os.sep, "/").split("/") if part not in ("", ".")]
    # A shell has put a home folder in the place of `~` by now; a name may begin with it.
    if path.startswith(("/", "~/")) or path == "~" or ".." in parts:
        raise PathOutsideRepositoryError(
            f"The path '{shown}' leads out of the repository.",
            cure="Give the path relative to the repository's root, without '..'.",
        )
    return "/".join(parts)


def resolve_path(root: Path, path: str) -> Path:
    """Find a file below `root`, following symbolic links only within it.

    Parameters
    ----------
    root
        The folder that paths are relative to.
    path
        As the user gave it.

    Raises
    ------
    PathOutsideRepositoryError
        The path is absolute, contains ``..``, or a symbolic link leads out of `root`.
    PathNotFoundError
        There is no such path, or it is no regular file.
    """
    relative = check_path(path)
    base = os.path.realpath(root)
    real = os.path.realpath(os.path.join(base, relative))
    if real != base and not real.startswith(base.rstrip(os.sep) + os.sep):
        raise PathOutsideRepositoryError(
            f"The path '{path}' leads out of the repository by a symbolic link.",
            cure="Open a file of the repository itself.",
        )
    try:
        mode = os.stat(real).st_mode
    except (OSError, ValueError):
        raise PathNotFoundError(f"There is no file '{path}'.") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise PathNotFoundError(
            f"'{path or '.'}' is {what}.", cure="A listing of paths shows what is below it."
        )
    return Path(real)


def read_bytes(
    root: Path, path: str, refuse: Callable[[str], None] = lambda real_path: None
) -> bytes:
    """Read a file below `root`, as `resolve_path` finds it.

    Parameters
    ----------
    refuse
        Raises where a path must not be read; asked for the one that links lead to.

    Raises
    ------
    PathOutsideRepositoryError, PathNotFoundError
        As in `resolve_path`, or the file cannot be read.
    NotTextError
        The file is too large to be read as text.
    """
    real = resolve_path(root, path)
    refuse(real.relative_to(os.path.realpath(root)).as_posix())
    try:
        size_bytes = real.stat().st_size
        if size_bytes > MAX_OPEN_BYTES:
            raise NotTextError(
                f"'{path}' has {size_bytes:,} bytes, more than the {MAX_OPEN_BYTES:,} that are"
                " opened as text."
            )
        return real.read_bytes()
    except OSError as error:
        raise PathNotFoundError(f"'{path}' cannot be read: {error.strerror}.") from error


def path_not_found(path: str, known: Collection[str]) -> PathNotFoundError:
    """Make the error for a path that is not in the repository, with the nearest that are."""
    return PathNotFoundError(
        f"There is no file '{path[:200]}' here.",
        cure="A listing of paths shows what there is.",
        suggestions=nearest_paths(path, known),
    )


def nearest_paths(path: str, known: Collection[str], n: int = _N_NEAREST) -> list[str]:
    """Give the known paths that are most like a path, best first.

    The same name in another folder comes first, then names and paths that share the most groups
    of three characters.
    """
    wanted = path.strip("/").lower()
    name = wanted.rpartition("/")[2]
    grams = _trigrams(wanted) | _trigrams(name)
    counts: Counter[str] = Counter()
    for candidate in checked(known):
        lower = candidate.lower()
        shared = len(grams & _trigrams(lower))
        if lower == name or lower.endswith("/" + name):
            shared += len(grams)
        if shared * 4 >= len(grams):
            counts[candidate] = shared
    best = [candidate for candidate, _ in counts.most_common(20 * n)]

    def rank(candidate: str) -> tuple[bool, float, str]:
        lower = candidate.lower()
        ratio = difflib.SequenceMatcher(None, wanted, lower, autojunk=False).ratio()
        return lower.rpartition("/")[2] != name, -ratio, candidate

    return sorted(best, key=rank)[:n]


def excerpt(
    text: str,
    start_line: int | None = None,
    end_line: int | None = None,
    max_tokens: int = 4_000,
    *,
    path: str = "the file",
) -> Excerpt:
    """Cut a range of lines out of a text.

    Parameters
    ----------
    text
        The whole file.
    start_line, end_line
        1-based, both included; None for the first and last line. An end past the last line
        means the last line.
    max_tokens
        Whole lines are taken as long as they fit; the first is cut where it alone does not.

    Raises
    ------
    InvalidRangeError
        The range is below 1, reversed, or begins past the end; names the number of lines.
    """
    return excerpts(text, [(start_line, end_line)], max_tokens, path=path)[0]


def excerpts(
    text: str,
    ranges: Sequence[tuple[int | None, int | None]],
    max_tokens: int = 4_000,
    max_bytes: int | None = None,
    *,
    path: str = "the file",
) -> list[Excerpt]:
    """Cut several ranges of lines, in the order given, under one budget; see `excerpt`.

    `max_bytes` counts UTF-8.
    """
    lines = text.split("\n")
    n_lines = len(lines) - (not lines[-1])
    left = max(1, max_tokens) * CHARS_PER_TOKEN
    left_bytes = MAX_OPEN_BYTES * 4 if max_bytes is None else max_bytes
    found: list[Excerpt] = []
    for start_line, end_line in [_check_range(path, n_lines, *pair) for pair in ranges]:
        pieces: list[str] = []
        truncated = False
        line = start_line
        while line <= end_line:
            whole = lines[line - 1] + ("\n" if line < len(lines) else "")
            piece = _cut_line(whole)
            truncated |= len(piece) != len(whole)
            n_bytes = len(piece.encode("utf-8", "replace"))
            if len(piece) > left or n_bytes > left_bytes:
                truncated = True
                if found or pieces:
                    break
                # A character takes at most as many bytes as the longest of the line.
                piece = _cut_line(piece, min(left, left_bytes // -(-n_bytes // len(piece))))
            pieces.append(piece)
            left = max(0, left - len(piece))
            left_bytes = max(0, left_bytes - n_bytes)
            line += 1
        found.append(Excerpt("".join(pieces), start_line, line - 1, truncated))
    return found


def count_lines(text: str) -> int:
    r"""Count the lines of a text; the last one needs no ``\n``."""
    return text.count("\n") + (not text.endswith("\n") and text != "")


def _check_range(path: str, n_lines: int, start: int | None, end: int | None) -> tuple[int, int]:
    """Fill in what is not given, and refuse what cannot be."""
    first = 1 if start is None else start
    last = n_lines if end is None else end
    cure = f"'{path}' has {n_lines} lines."
    if first < 1 or last < (1 if end is not None else 0):
        raise InvalidRangeError(f"Lines count from 1, not from {min(first, last)}.", cure=cure)
    if first > max(n_lines, 1):
        raise InvalidRangeError(f"Line {first} is past the end.", cure=cure)
    if last < first and end is not None:
        raise InvalidRangeError(f"The range {first}-{last} is reversed.", cure=cure)
    return first, min(last, n_lines)


def _cut_line(line: str, limit: int = MAX_LINE_CHARS) -> str:
    """Cut a long line, with a mark in place of the rest; its end stays."""
    body = line.rstrip("\r\n")
    if len(body) <= limit:
        return line
    return f"{body[:limit]}… [+{len(body) - limit} characters]{line[len(body) :]}"


def _trigrams(text: str) -> set[str]:
    """Give all runs of three characters; the whole text where it is shorter."""
    return {text[i : i + 3] for i in range(max(1, len(text) - 2))}
