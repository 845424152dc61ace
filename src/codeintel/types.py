"""The values that cross layers: what is in an index, and the answers to questions.

All are frozen msgspec structs: cheap to make, hashable, and encoded to JSON (and to the JSON
Schema of the tools) without further code. Lines are 1-based, spans include both ends, columns are
1-based and count characters. A higher score is better.
"""

from enum import StrEnum
from typing import Literal

from msgspec import Struct


class SkipReason(StrEnum):
    """Why a file of the repository is not in the index."""

    BINARY = "binary"
    TOO_LARGE = "too_large"
    GENERATED = "generated"
    MINIFIED = "minified"
    UNDECODABLE = "undecodable"
    EXCLUDED = "excluded"
    SECRET = "secret"  # noqa: S105 - a reason, not a password
    SUBMODULE = "submodule"
    SYMLINK = "symlink"
    UNREADABLE = "unreadable"
    EMPTY = "empty"


class SymbolKind(StrEnum):
    """What a definition defines."""

    CLASS = "class"
    INTERFACE = "interface"
    STRUCT = "struct"
    ENUM = "enum"
    TRAIT = "trait"
    MODULE = "module"
    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    PROPERTY = "property"
    FIELD = "field"
    CONSTANT = "constant"
    VARIABLE = "variable"
    TYPE = "type"
    MACRO = "macro"
    SECTION = "section"
    KEY = "key"


class Rung(StrEnum):
    """How a location was found, best first."""

    PRECISE = "precise"
    PRECISE_MAPPED = "precise-mapped"
    SYNTACTIC = "syntactic"
    TEXTUAL = "textual"


# ---------------------------------------------------------------- what an index holds


class SkippedFile(Struct, frozen=True):
    """A file that is not indexed, and why."""

    path: str
    reason: SkipReason
    detail: str = ""


class Definition(Struct, frozen=True, kw_only=True):
    """A named thing that a file defines.

    Attributes
    ----------
    start_line, end_line
        The whole definition, with decorators, without a doc comment above it.
    name_line, name_column
        Where the name itself stands.
    container
        Enclosing definitions, outermost first, joined by ``.``; empty at top level.
    signature
        The head of the definition on one line, at most 300 characters.
    doc
        The doc comment or docstring, without comment marks, at most 1,000 characters.
    """

    name: str
    kind: SymbolKind
    start_line: int
    end_line: int
    name_line: int
    name_column: int
    container: str = ""
    signature: str = ""
    doc: str = ""
    public: bool = True


class Occurrence(Struct, frozen=True):
    """A name that stands in a file and is not a definition of it (a use, a call, an import)."""

    name: str
    line: int
    column: int


class Chunk(Struct, frozen=True, kw_only=True):
    """A run of whole lines that is embedded and searched as one.

    The chunks of a file follow each other without gap or overlap.

    Attributes
    ----------
    symbol
        Name of the definition that this chunk is or lies in; empty where there is none.
    container
        Enclosing definitions of that symbol, joined by ``.``.
    kind
        Kind of that definition, or None.
    signature
        Signature of that definition.
    """

    start_line: int
    end_line: int
    symbol: str = ""
    container: str = ""
    kind: SymbolKind | None = None
    signature: str = ""


class ParsedFile(Struct, frozen=True):
    """What one pass over the syntax tree of a file gives."""

    language: str
    n_lines: int
    chunks: tuple[Chunk, ...]
    definitions: tuple[Definition, ...]
    occurrences: tuple[Occurrence, ...]
    syntax_errors: bool = False


# ---------------------------------------------------------------- questions


class Scope(Struct, frozen=True, kw_only=True):
    """The part of the served repositories that a question is about.

    Attributes
    ----------
    repo
        Name of one repository; None for all of them.
    include_globs, exclude_globs
        Path globs (``**``, ``*``, ``?``, ``[a-z]``, ``{a,b}``); a bare folder means all below it.
        Nothing included means everything is.
    languages
        Language names as `codeintel status` lists them.
    """

    repo: str | None = None
    include_globs: tuple[str, ...] = ()
    exclude_globs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


CaseRule = Literal["smart", "sensitive", "ignore"]
TextMode = Literal["lines", "files", "count"]


# ---------------------------------------------------------------- answers


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
    they are lower bounds where `exhaustive` is false.
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


class FileAnswer(Struct, frozen=True, kw_only=True):
    """A run of lines of a file.

    `text` keeps the file's own line ends; where it was cut to a budget, `truncated` is true and
    `end_line` says how far it goes.
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
    """Definitions, best first (in file order for the outline of one file)."""

    query: str
    symbols: tuple[SymbolHit, ...]
    total: int
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
    """Where a symbol is defined or used; `total` counts all, `locations` is one page."""

    symbol: str
    locations: tuple[Location, ...]
    total: int
    n_files: int
    about: tuple[Provenance, ...]
    next_cursor: str | None = None


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


class ScopeAnswer(Struct, frozen=True, kw_only=True):
    """A checked scope, to be passed as `scope_id`; `expires` is ISO 8601, UTC."""

    scope_id: str
    scope: Scope
    n_files: int
    languages: dict[str, int]
    expires: str
    about: tuple[Provenance, ...]


class IndexPhase(StrEnum):
    """Where a repository's index stands."""

    MISSING = "missing"
    BUILDING = "building"
    READY = "ready"
    STALE = "stale"
    BROKEN = "broken"


class RepositoryStatus(Struct, frozen=True, kw_only=True):
    """State of one repository's index.

    Attributes
    ----------
    skipped
        Number of files that are not indexed, by reason.
    vector_index
        The vector index in words: type, parameters and why they were chosen.
    vectors_pending
        Chunks that are indexed but wait for their vector.
    """

    repo: str
    phase: IndexPhase
    generation: int = 0
    commit: str | None = None
    n_files: int = 0
    n_chunks: int = 0
    n_symbols: int = 0
    languages: dict[str, int] = {}
    skipped: dict[str, int] = {}
    embedder: str = ""
    vector_index: str = ""
    vectors_pending: int = 0
    size_bytes: int = 0
    indexed_at: str = ""
    message: str = ""
    skipped_files: tuple[SkippedFile, ...] = ()


class StatusAnswer(Struct, frozen=True, kw_only=True):
    """State of every served repository."""

    version: str
    repositories: tuple[RepositoryStatus, ...]


class IndexReport(Struct, frozen=True, kw_only=True):
    """What one indexing run did.

    Attributes
    ----------
    seconds
        Wall time by stage, in seconds.
    skipped
        Number of files that are not indexed, by reason.
    """

    repo: str
    generation: int
    changed: bool
    n_files: int
    n_chunks: int
    n_symbols: int
    files_added: int
    files_removed: int
    texts_embedded: int
    skipped: dict[str, int]
    seconds: dict[str, float]
    vector_index: str
    size_bytes: int
    peak_memory_bytes: int
    notes: tuple[str, ...] = ()
