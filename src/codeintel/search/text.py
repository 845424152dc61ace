"""Exact text search: literals and regular expressions, with ripgrep's answers.

Candidates come from the trigram index, are searched in path order, and the page is cut out of what
is found. Files that changed since they were indexed are searched as they are now.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache
from time import monotonic

from msgspec import Struct

from codeintel.cores import CORES, keep_to
from codeintel.effort import Effort, checkpoint, effort
from codeintel.index.trigram import AllOf
from codeintel.search.text_corpus import Region, RepositoryText, regions
from codeintel.search.text_pattern import TextPattern, TextQuery, compile_pattern
from codeintel.search.text_present import present_lines
from codeintel.search.text_scan import Counts, Found, count, scan, scan_files
from codeintel.types import FileMatches, TextMode

Search = Callable[[TextPattern, Region, float], list[Found] | Counts]
# Regions are scanned ahead of the one that is looked at by this many for each core.
_AHEAD = 2


class TextPosition(Struct, frozen=True, kw_only=True, array_like=True):
    """Where a page ends: what a cursor holds.

    Attributes
    ----------
    repo, path, line
        The last line that was given; line 0 where none of the file was.
    n_matches, n_files, exhaustive
        The totals, as the first page gave them.
    """

    repo: str
    path: str
    line: int
    n_matches: int
    n_files: int
    exhaustive: bool


class TextPage(Struct, frozen=True, kw_only=True):
    """One page of matches.

    Attributes
    ----------
    n_matches, n_files
        Matching lines and files of the whole answer; lower bounds where `exhaustive` is false.
        The mode ``files`` counts no lines.
    next_position
        Where the next page begins; None on the last one.
    stopped_at
        The file that was reached when the time was over, as ``repo:path``; empty where all that
        was asked for was searched.
    """

    files: tuple[FileMatches, ...]
    n_matches: int
    n_files: int
    exhaustive: bool
    next_position: TextPosition | None = None
    stopped_at: str = ""


@dataclass(frozen=True, slots=True)
class TextOptions:
    """How much to give.

    Attributes
    ----------
    mode
        ``lines``, or only the ``files``, or these with the ``count`` of their matching lines.
    limit
        Matching lines on a page; files in the other modes.
    deadline_s
        After this the page is given as far as it has come.
    totals_s
        After the page is full, matches are only counted, at most for this time.
    count_totals_s
        The same for the modes other than ``lines``.
    """

    mode: TextMode = "lines"
    context_lines: int = 0
    limit: int = 100
    deadline_s: float = 10.0
    totals_s: float = 0.1
    count_totals_s: float = 1.0


def search_text(
    parts: Sequence[RepositoryText],
    query: TextQuery,
    options: TextOptions = TextOptions(),
    after: TextPosition | None = None,
) -> TextPage:
    """Search repositories for a text.

    Parameters
    ----------
    parts
        In the order of the answer.
    after
        `TextPage.next_position` of the page before.

    Raises
    ------
    InvalidPatternError
        The pattern is malformed or too large; says where.
    """
    pattern = compile_pattern(query)
    page = _Page(pattern, options, after)
    work = _regions(parts, pattern, after)
    try:
        for region, found in _scan_all(pattern, work, page):
            if not page.take(region, found):
                break
    except TimeoutError:
        page.stop()
    return page.finish()


@dataclass(slots=True)
class _Page:
    """The page being filled."""

    pattern: TextPattern
    options: TextOptions
    after: TextPosition | None
    deadline: float = 0.0
    counting_ends: float = 0.0
    files: list[FileMatches] = field(default_factory=list)
    n_given: int = 0
    n_matches: int = 0
    n_files: int = 0
    last: tuple[str, str, int] = ("", "", 0)
    reached: tuple[str, str] = ("", "")
    more: bool = False
    stopped: bool = False
    counted: bool = True

    def __post_init__(self) -> None:
        self.deadline = monotonic() + self.options.deadline_s

    def take(self, region: Region, found: list[Found] | Counts) -> bool:
        """Add what a region gave; tells whether to go on."""
        checkpoint()
        if isinstance(found, Counts):
            self.n_matches += found.n_lines
            self.n_files += found.n_files
        else:
            for file in found:
                self.n_matches += len(file.lines) if self.options.mode != "files" else 0
                self.n_files += 1
                self._take_file(file)
        self.reached = (region.repo, region.paths[-1])
        return not self.more or self._may_count()

    def stop(self) -> None:
        """Note that the time was over."""
        self.counted = False
        self.stopped = not self.more

    def finish(self) -> TextPage:
        """Give the page."""
        after = self.after
        n_matches = after.n_matches if after else self.n_matches
        n_files = after.n_files if after else self.n_files
        exhaustive = after.exhaustive if after else self.counted
        next_position = None
        if self.more or self.stopped:
            repo, path, line = self.last
            if self.stopped and self.reached > (repo, path):
                (repo, path), line = self.reached, _WHOLE_FILE
            next_position = TextPosition(
                repo=repo,
                path=path,
                line=line,
                n_matches=n_matches,
                n_files=n_files,
                exhaustive=exhaustive,
            )
        return TextPage(
            files=tuple(self.files),
            n_matches=n_matches,
            n_files=n_files,
            exhaustive=exhaustive,
            next_position=next_position,
            stopped_at=":".join(self.reached) if self.stopped else "",
        )

    def _may_count(self) -> bool:
        """Tell whether there is time to count what the page does not show."""
        if self.after is not None:
            return False
        if effort() is not Effort.FULL:
            self.counted = False
            return False
        if not self.counting_ends:
            options = self.options
            may_take_s = options.totals_s if options.mode == "lines" else options.count_totals_s
            self.counting_ends = monotonic() + may_take_s
        if monotonic() < self.counting_ends:
            return True
        self.counted = False
        return False

    def _take_file(self, file: Found) -> None:
        """Give what fits of a file's lines."""
        repo, options = file.region.repo, self.options
        if self.more:
            return
        if self.n_given >= options.limit:
            self.more = True
            return
        after = self.after
        skipped = after.line if after and (after.repo, after.path) == (repo, file.path) else 0
        if options.mode != "lines":
            if not skipped:
                n_matches = len(file.lines) if options.mode == "count" else 0
                self._give(FileMatches(repo=repo, path=file.path, n_matches=n_matches), 1)
                self.last = (repo, file.path, _WHOLE_FILE)
            return
        wanted = options.limit - self.n_given
        lines, last_line, more = present_lines(
            self.pattern, file, options.context_lines, skipped, wanted
        )
        if last_line:
            n_matches = len(file.lines)
            given = FileMatches(repo=repo, path=file.path, n_matches=n_matches, lines=lines)
            self._give(given, sum(1 for line in lines if line.columns))
            self.last = (repo, file.path, last_line)
        self.more = more

    def _give(self, file: FileMatches, n: int) -> None:
        self.files.append(file)
        self.n_given += n


# Larger than the number of any line.
_WHOLE_FILE = 1 << 40


def _regions(
    parts: Iterable[RepositoryText], pattern: TextPattern, after: TextPosition | None
) -> Iterator[Region]:
    """Give all regions to search, from the position on."""
    waiting = after is not None
    for part in parts:
        begins = after is not None and part.repo == after.repo
        if waiting and not begins:
            continue
        waiting = False
        yield from regions(
            part,
            pattern.query,
            per_line=pattern.per_line,
            by_ascii=pattern.by_ascii,
            after=after.path if after and begins else "",
        )


def _scan_all(
    pattern: TextPattern, work: Iterator[Region], page: _Page
) -> Iterator[tuple[Region, list[Found] | Counts]]:
    """Search regions in order; once the page is full, only count.

    Where every text has to be read, some regions are searched ahead of time on the other cores.
    Few candidates are not worth a change of threads.
    """
    ahead: deque[tuple[Region, Future[list[Found] | Counts]]] = deque()
    depth = _AHEAD * len(CORES) if pattern.query == AllOf() else 0
    try:
        for region in work:
            if page.options.mode == "files":
                search: Search = scan_files
            else:
                search = count if page.more else scan
            if not depth:
                yield region, search(pattern, region, page.deadline)
                continue
            ahead.append((region, _pool().submit(search, pattern, region, page.deadline)))
            if len(ahead) > depth:
                done, future = ahead.popleft()
                yield done, future.result()
        while ahead:
            done, future = ahead.popleft()
            yield done, future.result()
    finally:
        for _, future in ahead:
            future.cancel()


@cache
def _pool() -> ThreadPoolExecutor:
    """Give the threads that scan, on all cores; RE2 runs outside the interpreter's lock."""
    return ThreadPoolExecutor(len(CORES), "codeintel-text", initializer=keep_to, initargs=(CORES,))
