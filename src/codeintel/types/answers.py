"""Answers to questions."""

from enum import StrEnum
from typing import Literal

from msgspec import Struct

from codeintel.types.content import SkipReason, SymbolKind
from codeintel.types.questions import Scope


class Rung(StrEnum):
    """How a location was found, best first."""

    PRECISE = "precise"
    PRECISE_MAPPED = "precise-mapped"
    SYNTACTIC = "syntactic"
    TEXTUAL = "textual"


class Provenance(Struct, frozen=True, kw_only=True):
    """What an answer speaks for.

    Attributes
    ----------
    generation
        Number of the index generation, 0 where no index was needed.
    commit
        Full sha of the indexed or asked revision, None where there is no commit.
    complete
        False where part of the repository could not be searched; `notes` say which.
    """

    repo: str
    generation: int = 0
    commit: str | None = None
    complete: bool = True
    notes: tuple[str, ...] = ()


class SearchHit(Struct, frozen=True, kw_only=True):
    """One chunk that answers a semantic search; `explanation` is each signal's share."""

    repo: str
    path: str
    start_line: int
    end_line: int
    language: str
    score: float
    text: str
    symbol: str = ""
    kind: SymbolKind | None = None
    truncated: bool = False
    explanation: dict[str, float] | None = None


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """Hits, best first."""

    query: str
    hits: tuple[SearchHit, ...]
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


class TextLine(Struct, frozen=True):
    """A line of a text search: a match (with the 1-based columns where it starts) or context."""

    line: int
    text: str
    columns: tuple[int, ...] = ()
    truncated: bool = False


class FileMatches(Struct, frozen=True, kw_only=True):
    """The matching lines of one file, in order, with their context lines."""

    repo: str
    path: str
    n_matches: int
    lines: tuple[TextLine, ...] = ()


class TextAnswer(Struct, frozen=True, kw_only=True):
    """Exact matches by file, ordered by path.

    `n_matches` counts matching lines and `n_files` files of the whole answer, not of this page;
    they are lower bounds where `exhaustive` is false. The mode ``files`` counts no lines.
    """

    pattern: str
    files: tuple[FileMatches, ...]
    n_matches: int
    n_files: int
    exhaustive: bool
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


class PathEntry(Struct, frozen=True, kw_only=True):
    """A file, or in a tree view a folder with the number of files below it."""

    repo: str
    path: str
    kind: Literal["file", "folder"] = "file"
    language: str = ""
    size_bytes: int = 0
    n_lines: int = 0
    n_files: int = 1
    skipped: SkipReason | None = None


class PathsAnswer(Struct, frozen=True, kw_only=True):
    """Paths in order; `total` counts all that match."""

    entries: tuple[PathEntry, ...]
    total: int
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


class FilePart(Struct, frozen=True, kw_only=True):
    """A further run of lines of the same file; see `FileAnswer`."""

    text: str
    start_line: int
    end_line: int
    truncated: bool


class FileAnswer(Struct, frozen=True, kw_only=True):
    """A run of lines of a file.

    `text` keeps the file's own line ends; where it was cut to a budget, `truncated` is true and
    `end_line` says how far it goes. Where several ranges were asked for, `further` has all but the
    first.
    """

    repo: str
    path: str
    text: str
    start_line: int
    end_line: int
    n_lines: int
    language: str
    encoding: str
    truncated: bool
    about: Provenance
    further: tuple[FilePart, ...] = ()


class SymbolHit(Struct, frozen=True, kw_only=True):
    """A definition that a symbol search found."""

    repo: str
    path: str
    name: str
    kind: SymbolKind
    start_line: int
    end_line: int
    language: str
    score: float
    container: str = ""
    signature: str = ""
    doc: str = ""


class SymbolsAnswer(Struct, frozen=True, kw_only=True):
    """Definitions, best first (in file order for the outline of one file).

    `total` is a lower bound where `exhaustive` is false: many names match, and those that match
    worst were not looked at.
    """

    query: str
    symbols: tuple[SymbolHit, ...]
    total: int
    exhaustive: bool = True
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


class Location(Struct, frozen=True, kw_only=True):
    """A place in a file, with its line's text and the definition around it."""

    repo: str
    path: str
    line: int
    column: int
    text: str
    rung: Rung
    enclosing: str = ""
    definition: SymbolHit | None = None


class NavigationAnswer(Struct, frozen=True, kw_only=True):
    """Where a symbol is defined or used; `total` counts all, `locations` is one page.

    Where `resolved` is false, there were too many uses to look at each: `total` is an upper bound
    that counts all uses of the name, and some of them may mean another definition.
    """

    symbol: str
    locations: tuple[Location, ...]
    total: int
    resolved: bool = True
    n_files: int
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


class ScipReport(Struct, frozen=True, kw_only=True):
    """What was taken over from a SCIP file.

    Attributes
    ----------
    n_unknown
        Files that are not in the index.
    n_misfit
        Files whose places do not fit the indexed content: it was made for another revision.
    """

    repo: str
    n_files: int
    n_places: int
    n_unknown: int
    n_misfit: int


class CommitFacts(Struct, frozen=True, kw_only=True):
    """A commit as blame and history tell it; `date` is the author date, ISO 8601 with zone."""

    sha: str
    author: str
    email: str
    date: str
    summary: str


class BlameSpan(Struct, frozen=True, kw_only=True):
    """Consecutive lines that one commit last changed; `sha` is a key of `commits`."""

    start_line: int
    end_line: int
    sha: str
    original_path: str = ""
    boundary: bool = False


class BlameAnswer(Struct, frozen=True, kw_only=True):
    """Blame of a line range, grouped; each commit's facts stand once."""

    repo: str
    path: str
    rev: str
    spans: tuple[BlameSpan, ...]
    commits: dict[str, CommitFacts]
    about: Provenance


class HistoryAnswer(Struct, frozen=True, kw_only=True):
    """Commits that changed a path, newest first."""

    repo: str
    path: str
    commits: tuple[CommitFacts, ...]
    about: Provenance
    next_cursor: str | None = None


class RelatedFile(Struct, frozen=True, kw_only=True):
    """A file that changes in the same commits as another one.

    Attributes
    ----------
    support
        Number of commits that change both.
    confidence
        Share of the other file's commits that change this one, too; 0 to 1.
    """

    path: str
    support: int
    confidence: float


class RelatedAnswer(Struct, frozen=True, kw_only=True):
    """Files that change together with one, those with the most commits first.

    `n_commits` is the number of commits of the file that were looked at.
    """

    repo: str
    path: str
    files: tuple[RelatedFile, ...]
    n_commits: int
    about: Provenance


class AuthorShare(Struct, frozen=True, kw_only=True):
    """An author of a path, and how many of its commits are theirs."""

    author: str
    email: str
    n_commits: int


class AuthorsAnswer(Struct, frozen=True, kw_only=True):
    """The last change of a path and its authors, the most active first.

    `n_commits` is the number of commits that were looked at, the newest ones.
    """

    repo: str
    path: str
    last_change: CommitFacts
    authors: tuple[AuthorShare, ...]
    n_commits: int
    about: Provenance


class ScopeAnswer(Struct, frozen=True, kw_only=True):
    """A checked scope, to be passed as `scope_id`; `expires` is ISO 8601, UTC."""

    scope_id: str
    scope: Scope
    n_files: int
    languages: dict[str, int]
    expires: str
    about: tuple[Provenance, ...]
