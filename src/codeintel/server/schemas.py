"""The arguments of every tool, and the JSON Schemas that clients see.

One concept has one name in all tools. The structs are the only declaration: validation, JSON
Schema, REST parameters and documentation come from them.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from codeintel.types import CaseRule, FileKind, PathOrder, SymbolKind, TextMode

Path = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=4096,
        description="Path of a file, relative to its repository, with forward slashes.",
    ),
]
Position = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Size = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Word = Annotated[str, Meta(min_length=1, max_length=500)]
EndLine = Annotated[Position | None, Meta(description="Last line, included.")]
Cursor = Annotated[
    Annotated[str, Meta(max_length=4000)] | None,
    Meta(description="`next_cursor` of the answer before, to get what follows."),
]
MaxTokens = Annotated[
    int,
    Meta(ge=200, le=50_000, description="Size of the answer's text at most, in tokens."),
]
Glob = Annotated[str, Meta(min_length=1, max_length=1000)]
Rev = Annotated[
    Word | None, Meta(description="Branch, tag or commit; default: the files as they are now.")
]


class RepositoryArguments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which repository a question is about."""

    repo: Annotated[
        Word | None,
        Meta(
            description="Name of one repository as index_status lists it. Needed only where"
            " several are served and the path is in more than one.",
        ),
    ] = None
    scope_id: Annotated[
        Annotated[str, Meta(max_length=20_000)] | None,
        Meta(description="Scope from set_scope. Values given beside it replace the scope's."),
    ] = None


class ScopedArguments(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which part of the repositories a search looks at."""

    include_globs: Annotated[
        tuple[Glob, ...],
        Meta(
            max_length=100,
            description="Only paths that match one of these, such as `src/**/*.py` or `docs`.",
        ),
    ] = ()
    exclude_globs: Annotated[
        tuple[Glob, ...], Meta(max_length=100, description="No paths that match one of these.")
    ] = ()
    languages: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=50)], ...],
        Meta(max_length=50, description="Only these languages, such as `python`, `typescript`."),
    ] = ()


class SetScope(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of set_scope."""


class ListPaths(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of list_paths."""

    tree: Annotated[
        bool, Meta(description="Show folders with file counts instead of every file.")
    ] = False
    skipped: Annotated[
        bool, Meta(description="List the files that are not indexed, with the reason, instead.")
    ] = False
    min_bytes: Annotated[Size | None, Meta(description="Only files of at least this size.")] = None
    max_bytes: Annotated[Size | None, Meta(description="Only files of at most this size.")] = None
    modified_since: Annotated[
        Word | None, Meta(description="Only files changed since this time (ISO 8601).")
    ] = None
    order: Annotated[
        PathOrder, Meta(description="`size` and `modified` give the largest or latest first.")
    ] = "path"
    limit: Annotated[int, Meta(ge=1, le=1000, description="Entries at most.")] = 200
    cursor: Cursor = None
    max_tokens: MaxTokens = 4000


class OpenFile(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of open_file."""

    path: Path
    start_line: Annotated[Position | None, Meta(description="First line, counted from 1.")] = None
    end_line: EndLine = None
    ranges: Annotated[
        tuple[tuple[Position, Position], ...],
        Meta(max_length=50, description="Several [first, last] lines, in place of one range."),
    ] = ()
    ref: Rev = msgspec.field(default=None, name="rev")
    max_tokens: MaxTokens = 4000


class SearchText(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of search_text."""

    pattern: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=4000,
            description="Text to find as it stands, or with `regex` an RE2 expression.",
        ),
    ]
    regex: Annotated[bool, Meta(description="Read the pattern as an RE2 regular expression.")] = (
        False
    )
    case: Annotated[
        CaseRule,
        Meta(description="`smart` ignores case unless the pattern has an upper-case letter."),
    ] = "smart"
    word: Annotated[bool, Meta(description="Match whole words only.")] = False
    multiline: Annotated[bool, Meta(description="Let a match span lines.")] = False
    context_lines: Annotated[
        int, Meta(ge=0, le=20, description="Lines to show before and after each match.")
    ] = 0
    mode: Annotated[
        TextMode,
        Meta(description="`lines` shows matches, `files` only paths, `count` matches per file."),
    ] = "lines"
    limit: Annotated[int, Meta(ge=1, le=1000, description="Matching lines at most.")] = 100
    cursor: Cursor = None
    max_tokens: MaxTokens = 4000


class SemanticSearch(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of semantic_search."""

    query: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=8000,
            description="What the code does, as a sentence, with any names you know. One topic.",
        ),
    ]
    limit: Annotated[int, Meta(ge=1, le=100, description="Hits at most.")] = 10
    per_file: Annotated[Position | None, Meta(description="Hits of one file at most.")] = None
    files: Annotated[
        FileKind | None,
        Meta(description="Only code, only tests, or only texts for people; default: all."),
    ] = None
    prefer_recent: Annotated[
        bool, Meta(description="Raise files the more, the newer their last change is.")
    ] = False
    max_tokens: MaxTokens = 4000
    explain: Annotated[bool, Meta(description="Add the share of each ranking signal.")] = False
    cursor: Cursor = None


class SimilarCode(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of similar_code."""

    path: Path
    line: Annotated[Position, Meta(description="A line of the code, counted from 1.")]
    limit: Annotated[int, Meta(ge=1, le=100, description="Hits at most.")] = 10
    max_tokens: MaxTokens = 4000
    cursor: Cursor = None


class SymbolSearch(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of symbol_search."""

    query: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=500,
            description="Name or part of it; `Class.method`, camel-case initials and small typing"
            " errors work.",
        ),
    ]
    kind: Annotated[SymbolKind | None, Meta(description="Only definitions of this kind.")] = None
    limit: Annotated[int, Meta(ge=1, le=500, description="Symbols at most.")] = 50
    cursor: Cursor = None
    max_tokens: MaxTokens = 4000


class NavigationArguments(ScopedArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What definition_at and references_at start from: a position, or a name."""

    path: Annotated[
        Annotated[str, Meta(min_length=1, max_length=4096)] | None,
        Meta(description="File in which the symbol stands; with `line`."),
    ] = None
    line: Annotated[Position | None, Meta(description="Its line, counted from 1.")] = None
    column: Annotated[
        Position | None,
        Meta(description="Its column, counted from 1; may be left out with `symbol`."),
    ] = None
    symbol: Annotated[
        Word | None,
        Meta(description="The name, where no position is known, such as `Class.method`."),
    ] = None
    cursor: Cursor = None
    max_tokens: MaxTokens = 4000


class DefinitionAt(NavigationArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of definition_at."""

    limit: Annotated[int, Meta(ge=1, le=200, description="Definitions at most.")] = 20


class ReferencesAt(NavigationArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of references_at."""

    limit: Annotated[int, Meta(ge=1, le=1000, description="References at most.")] = 50


class BlameRange(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of blame_range."""

    path: Path
    start_line: Annotated[Position, Meta(description="First line, counted from 1.")] = 1
    end_line: EndLine = None
    rev: Rev = None
    max_tokens: MaxTokens = 4000


class FileHistory(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of file_history."""

    path: Path
    limit: Annotated[int, Meta(ge=1, le=1000, description="Commits at most.")] = 50
    cursor: Cursor = None
    rev: Rev = None
    follow: Annotated[bool, Meta(description="Go on past renames.")] = False
    since: Annotated[Word | None, Meta(description="Only commits after this date (ISO 8601).")] = (
        None
    )
    until: Annotated[Word | None, Meta(description="Only commits before this date (ISO 8601).")] = (
        None
    )
    author: Annotated[
        Word | None, Meta(description="Only authors whose name or mail has this.")
    ] = None
    max_tokens: MaxTokens = 4000


class RelatedFiles(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of related_files."""

    path: Path
    limit: Annotated[int, Meta(ge=1, le=1000, description="Files at most.")] = 10
    rev: Rev = None
    max_tokens: MaxTokens = 4000


class IndexStatus(RepositoryArguments, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of index_status."""

    skipped: Annotated[
        bool, Meta(description="List every file that is not indexed, with its reason.")
    ] = False
    max_tokens: MaxTokens = 4000


def json_schema(kind: type[Struct]) -> dict[str, Any]:
    """Give the JSON Schema of a struct, with its own object at the root as MCP demands."""
    schema = msgspec.json.schema(kind)
    definitions = schema.pop("$defs")
    root: dict[str, Any] = definitions.pop(schema["$ref"].rpartition("/")[2])
    if definitions:
        root["$defs"] = definitions
    return root


def input_schema(kind: type[RepositoryArguments]) -> dict[str, Any]:
    """Give the JSON Schema of a tool's arguments, short, since models read it with every task.

    An argument that may be null may as well be left out, so null is not spelled out; defaults that
    are empty go without saying.
    """
    schema = json_schema(kind)
    for unread in ("title", "description"):
        schema.pop(unread)
    for argument in schema["properties"].values():
        if alternatives := argument.pop("anyOf", None):
            argument.update(alternatives[0])
        if "default" in argument and argument["default"] in (None, (), []):
            del argument["default"]
    return schema
