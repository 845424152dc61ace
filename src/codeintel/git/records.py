"""What git says about commits and lines, as values."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from msgspec import Struct
from msgspec.structs import replace

from codeintel.types import BlameSpan, CommitFacts

UNCOMMITTED = "Not Committed Yet"
"""Author of lines that the working tree has and HEAD has not, as git itself calls it."""


class GitBlameEntry(Struct, frozen=True, kw_only=True):
    """One line and the commit that last changed it.

    Attributes
    ----------
    commit
        First 8 digits of `full_sha`; zeros for a line that is not committed yet.
    date
        Author date, ISO 8601 with zone.
    message
        First line of the commit's message; its sha in parentheses where it has none.
    boundary
        The walk ended here: a root commit, or where a shallow clone ends and older lines hide.
    original_path, original_line
        Where that commit has the line.
    previous_sha, previous_path
        The file before that commit, to walk back; empty where the commit created it.
    """

    line: int
    commit: str
    full_sha: str
    author: str
    email: str
    date: str
    message: str
    boundary: bool
    original_path: str
    original_line: int
    previous_sha: str = ""
    previous_path: str = ""


class GitHistoryEntry(Struct, frozen=True, kw_only=True):
    """A commit that changed a path; `sha` has 8 digits, `date` is the author date."""

    sha: str
    full_sha: str
    author: str
    email: str
    date: str
    message: str

    def facts(self) -> CommitFacts:
        """Give the commit as answers tell it."""
        return CommitFacts(
            sha=self.full_sha,
            author=self.author,
            email=self.email,
            date=self.date,
            summary=self.message,
        )


class HistoryPage(Struct, frozen=True):
    """Commits, newest first; `next_cursor` asks for the ones after them, None at the end."""

    entries: tuple[GitHistoryEntry, ...]
    next_cursor: str | None


class Commit(Struct, frozen=True):
    """Facts of a commit; author and email after the mailmap, `date` the author date in ISO 8601."""

    sha: str
    author: str
    email: str
    date: str
    message: str
    boundary: bool
    committed_s: int

    def entry(self) -> GitHistoryEntry:
        """Give the facts that history tells."""
        return GitHistoryEntry(
            sha=self.sha[:8],
            full_sha=self.sha,
            author=self.author,
            email=self.email,
            date=self.date,
            message=self.message,
        )


class LineRun(Struct, frozen=True):
    """Consecutive lines of one origin: `sha` has them in `path` from `original_line` on."""

    line: int
    n_lines: int
    sha: str
    path: str
    original_line: int
    previous_sha: str = ""
    previous_path: str = ""

    def part(self, first: int, last: int) -> "LineRun | None":
        """Give what lies in the lines `first` to `last`."""
        start, end = max(self.line, first), min(self.line + self.n_lines - 1, last)
        if start > end:
            return None
        return replace(
            self,
            line=start,
            n_lines=end - start + 1,
            original_line=self.original_line + start - self.line,
        )


class Blame(Struct, frozen=True):
    """Origins of the lines of one file at one commit, ordered by line, and the commits' facts."""

    runs: tuple[LineRun, ...]
    commits: dict[str, Commit]

    def part(self, first: int, last: int) -> "Blame":
        """Give what lies in the lines `first` to `last`."""
        runs = tuple(part for run in self.runs if (part := run.part(first, last)))
        return Blame(runs, {run.sha: self.commits[run.sha] for run in runs})

    def entries(self) -> list[GitBlameEntry]:
        """Give one entry a line."""
        return [
            GitBlameEntry(
                line=run.line + k,
                commit=run.sha[:8],
                full_sha=run.sha,
                author=commit.author,
                email=commit.email,
                date=commit.date,
                message=commit.message,
                boundary=commit.boundary,
                original_path=run.path,
                original_line=run.original_line + k,
                previous_sha=run.previous_sha,
                previous_path=run.previous_path,
            )
            for run in self.runs
            for commit in [self.commits[run.sha]]
            for k in range(run.n_lines)
        ]


def group_blame(
    entries: Sequence[GitBlameEntry],
) -> tuple[tuple[BlameSpan, ...], dict[str, CommitFacts]]:
    """Group lines by commit: spans of consecutive lines, and each commit's facts once, by sha."""
    spans: list[BlameSpan] = []
    commits: dict[str, CommitFacts] = {}
    for entry in entries:
        last = spans[-1] if spans else None
        start = entry.line
        if (
            last is not None
            and last.sha == entry.full_sha
            and last.end_line == entry.line - 1
            and last.original_path == entry.original_path
        ):
            start = spans.pop().start_line
        spans.append(
            BlameSpan(
                start_line=start,
                end_line=entry.line,
                sha=entry.full_sha,
                original_path=entry.original_path,
                boundary=entry.boundary,
            )
        )
        commits[entry.full_sha] = CommitFacts(
            sha=entry.full_sha,
            author=entry.author,
            email=entry.email,
            date=entry.date,
            summary=entry.message,
        )
    return tuple(spans), commits


def join_runs(runs: Iterable[LineRun]) -> tuple[LineRun, ...]:
    """Order runs by line, and join those that continue each other."""
    joined: list[LineRun] = []
    for run in sorted(runs, key=lambda run: run.line):
        last = joined[-1] if joined else None
        if (
            last is not None
            and (last.sha, last.path) == (run.sha, run.path)
            and last.line + last.n_lines == run.line
            and last.original_line + last.n_lines == run.original_line
        ):
            joined[-1] = replace(last, n_lines=last.n_lines + run.n_lines)
        else:
            joined.append(run)
    return tuple(joined)


def iso_date(epoch_s: int, zone: str) -> str:
    """Format a commit's time; `zone` as git writes it (``+0130``).

    What no calendar holds (a zone of days, a year after 9999) falls back to UTC and 1970.
    """
    try:
        minutes = int(zone[-2:]) + 60 * int(zone[1:-2])
        offset = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    except (ValueError, IndexError):
        offset = UTC
    try:
        return datetime.fromtimestamp(epoch_s, offset).isoformat()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC).isoformat()


def first_line(message: str) -> str:
    """Give a message's first line that is not blank, as it stands; "" where there is none."""
    return next((line for line in message.split("\n") if line.strip(" \t\r\v\f")), "")


_ESCAPES = {b"a": 7, b"b": 8, b"t": 9, b"n": 10, b"v": 11, b"f": 12, b"r": 13}


def unquote(name: bytes) -> bytes:
    """Undo the quotes that git puts around names with control characters or quotes."""
    if not name.startswith(b'"'):
        return name

    def plain(match: re.Match[bytes]) -> bytes:
        code = match[1]
        if code.isdigit():
            return bytes([int(code, 8)])
        return bytes([_ESCAPES[code]]) if code in _ESCAPES else code

    return re.sub(rb"\\([0-7]{3}|.)", plain, name[1:-1])
