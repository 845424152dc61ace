"""The tools: what they are called, what they are for, what they take and what they answer.

This table is the only declaration. MCP, REST, metrics and documentation read it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from codeintel import types
from codeintel.server import schemas
from codeintel.server.door import Lane

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

Call = Callable[["CodeIntel", Any, types.Scope], Struct]


@dataclass(frozen=True, slots=True)
class Tool:
    """One question that can be asked.

    Attributes
    ----------
    description
        When to use the tool and when not, under 2 KB.
    call
        Asks the Python API; blocks, so it runs behind the door.
    lane
        Whether the work needs a core or mostly waits for git and the disk.
    deadline_s
        Time until the caller gets an answer or a clear error, waiting included.
    from_index
        Whether the answer comes from the indexes alone, so that it holds as long as they do. Text
        search is not among these: it looks at files that have changed since.
    """

    name: str
    title: str
    description: str
    arguments: type[schemas.RepositoryArguments]
    answer: type[Struct]
    call: Call
    lane: Lane
    deadline_s: float
    from_index: bool = False


def _set_scope(ci: "CodeIntel", a: schemas.SetScope, scope: types.Scope) -> Struct:
    return ci.set_scope(scope)


def _list_paths(ci: "CodeIntel", a: schemas.ListPaths, scope: types.Scope) -> Struct:
    return ci.list_paths(scope=scope, tree=a.tree, limit=a.limit, cursor=a.cursor)


def _open_file(ci: "CodeIntel", a: schemas.OpenFile, scope: types.Scope) -> Struct:
    return ci.open_file(
        a.path,
        start_line=a.start_line,
        end_line=a.end_line,
        ref=a.rev,
        max_tokens=a.max_tokens,
        scope=scope,
    )


def _search_text(ci: "CodeIntel", a: schemas.SearchText, scope: types.Scope) -> Struct:
    return ci.search_text(
        a.pattern,
        regex=a.regex,
        case=a.case,
        word=a.word,
        multiline=a.multiline,
        context_lines=a.context_lines,
        mode=a.mode,
        limit=a.limit,
        cursor=a.cursor,
        scope=scope,
    )


def _semantic_search(ci: "CodeIntel", a: schemas.SemanticSearch, scope: types.Scope) -> Struct:
    return ci.semantic_search(
        a.query,
        limit=a.limit,
        per_file=a.per_file,
        files=a.files,
        prefer_recent=a.prefer_recent,
        max_tokens=a.max_tokens,
        explain=a.explain,
        cursor=a.cursor,
        scope=scope,
    )


def _similar_code(ci: "CodeIntel", a: schemas.SimilarCode, scope: types.Scope) -> Struct:
    return ci.similar_code(
        a.path, a.line, limit=a.limit, max_tokens=a.max_tokens, cursor=a.cursor, scope=scope
    )


def _symbol_search(ci: "CodeIntel", a: schemas.SymbolSearch, scope: types.Scope) -> Struct:
    return ci.symbol_search(a.query, kind=a.kind, limit=a.limit, cursor=a.cursor, scope=scope)


def _definition_at(ci: "CodeIntel", a: schemas.DefinitionAt, scope: types.Scope) -> Struct:
    return ci.definition_at(
        path=a.path,
        line=a.line,
        column=a.column,
        symbol=a.symbol,
        limit=a.limit,
        cursor=a.cursor,
        scope=scope,
    )


def _references_at(ci: "CodeIntel", a: schemas.ReferencesAt, scope: types.Scope) -> Struct:
    return ci.references_at(
        path=a.path,
        line=a.line,
        column=a.column,
        symbol=a.symbol,
        limit=a.limit,
        cursor=a.cursor,
        scope=scope,
    )


def _blame_range(ci: "CodeIntel", a: schemas.BlameRange, scope: types.Scope) -> Struct:
    return ci.blame_range(a.path, a.start_line, a.end_line, rev=a.rev, scope=scope)


def _file_history(ci: "CodeIntel", a: schemas.FileHistory, scope: types.Scope) -> Struct:
    return ci.file_history(
        a.path,
        limit=a.limit,
        cursor=a.cursor,
        rev=a.rev,
        follow=a.follow,
        since=a.since,
        until=a.until,
        author=a.author,
        scope=scope,
    )


def _index_status(ci: "CodeIntel", a: schemas.IndexStatus, scope: types.Scope) -> Struct:
    return ci.index_status(skipped=a.skipped, scope=scope)


_TOOLS = (
    Tool(
        "semantic_search",
        "Search code by meaning",
        "Find the code that does something, described in words: 'where are retries of failed"
        " uploads scheduled'. Joins meaning with names, so put known identifiers into the query."
        " The first tool to use on unknown code and for how, where and why questions; one precise"
        " topic a call, and a second call with other words beats a long query. Hits are whole"
        " functions or classes with path and lines, best first.\n"
        "Not for an exact string, an error message or every use of something: search_text finds"
        " all of those. Not for a name you know: symbol_search.",
        schemas.SemanticSearch,
        types.SearchAnswer,
        _semantic_search,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "similar_code",
        "Find code like the code at a place",
        "Find functions and other code like that at a line of a file, by meaning and words: other"
        " implementations of the same thing, copies to change along, a pattern to follow for new"
        " code. Hits are best first; a score near 1 is a copy.\n"
        "Not for uses of a symbol: references_at. Not for a description: semantic_search.",
        schemas.SimilarCode,
        types.SearchAnswer,
        _similar_code,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "search_text",
        "Search text and regular expressions",
        "Find every line with a literal text or an RE2 regular expression: error messages,"
        " configuration keys, imports, all uses of a string. Exact and complete: no match means"
        " that there is none in the searched files. `mode` `files` or `count` is a cheap overview"
        " before reading many matches.\n"
        "Not for describing what code does: semantic_search. Not for where a name is defined:"
        " symbol_search or definition_at. RE2 has no look-around and no back-references.",
        schemas.SearchText,
        types.TextAnswer,
        _search_text,
        Lane.CPU,
        20,
    ),
    Tool(
        "symbol_search",
        "Search definitions by name",
        "Find classes, functions, methods, constants and other definitions by name or part of it:"
        " `HttpClient`, `client.send`, `parseCfg`. Answers with signature, place and first line of"
        " documentation, without opening files.\n"
        "Not for uses of a symbol: references_at. Not for text inside functions: search_text.",
        schemas.SymbolSearch,
        types.SymbolsAnswer,
        _symbol_search,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "definition_at",
        "Go to the definition",
        "Where the symbol at a position, or with a name, is defined. Give `path` and `line` (and"
        " `column`, or `symbol` to say which name of the line), or only `symbol`. Each answer says"
        " by its `rung` how sure it is: precise, precise-mapped, syntactic or textual.\n"
        "Not for finding a name you know only roughly: symbol_search.",
        schemas.DefinitionAt,
        types.NavigationAnswer,
        _definition_at,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "references_at",
        "Find references",
        "Where the symbol at a position, or with a name, is used: call sites, imports, overrides."
        " Use it before changing a signature. Arguments as for definition_at; each place has its"
        " line, the definition around it and how sure the match is.\n"
        "Not for plain strings or comments: search_text.",
        schemas.ReferencesAt,
        types.NavigationAnswer,
        _references_at,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "open_file",
        "Read a file or some of its lines",
        "Read a file, or the lines from `start_line` to `end_line`, as it is now or at a revision"
        " (`rev`). Prefer the range that a search named, with some lines around it, to the whole"
        " file. An answer that was cut says the line to go on from.\n"
        "Not for looking for something in a file: search_text with include_globs.",
        schemas.OpenFile,
        types.FileAnswer,
        _open_file,
        Lane.WAIT,
        15,
    ),
    Tool(
        "list_paths",
        "List files and folders",
        "List the files of a repository with language and size, or with `tree` its folders with"
        " file counts: the cheapest first look at an unknown project. Files that are not indexed"
        " are named with their reason.\n"
        "Not for searching in contents: search_text, semantic_search.",
        schemas.ListPaths,
        types.PathsAnswer,
        _list_paths,
        Lane.CPU,
        10,
        from_index=True,
    ),
    Tool(
        "blame_range",
        "Who changed these lines last",
        "The commit, author and date that last changed each line of a range, grouped, with the"
        " commit's summary. Use it to learn why a line is as it is, or since when.\n"
        "Ask for the lines in question, not for a whole file. For all commits of a file:"
        " file_history.",
        schemas.BlameRange,
        types.BlameAnswer,
        _blame_range,
        Lane.WAIT,
        30,
    ),
    Tool(
        "file_history",
        "Commits of a file",
        "The commits that changed a file or folder, newest first, with author, date and summary;"
        " by date, author, and past renames with `follow`.\n"
        "For the last change of single lines: blame_range.",
        schemas.FileHistory,
        types.HistoryAnswer,
        _file_history,
        Lane.WAIT,
        30,
    ),
    Tool(
        "set_scope",
        "Narrow the following questions",
        "Check a scope (repository, path globs, languages) and get a `scope_id` that every other"
        " tool takes, with the number of files and languages in it. Use it when several questions"
        " are about the same part of a large repository. Nothing is stored between requests: a"
        " tool called without `scope_id` looks at everything.",
        schemas.SetScope,
        types.ScopeAnswer,
        _set_scope,
        Lane.CPU,
        10,
    ),
    Tool(
        "index_status",
        "What is served and how fresh it is",
        "The served repositories with their names for `repo`, indexed commit, numbers of files,"
        " chunks and symbols, languages, progress of a first or new index, and what was skipped"
        " and why. Use it first when several repositories are served, or when an answer says that"
        " it is incomplete.",
        schemas.IndexStatus,
        types.StatusAnswer,
        _index_status,
        Lane.WAIT,
        10,
    ),
)

TOOLS: Mapping[str, Tool] = MappingProxyType({tool.name: tool for tool in _TOOLS})

INSTRUCTIONS = """\
CodeIntel answers questions about indexed git repositories. All tools only read.

| You want | Use |
|---|---|
| code that does something, described in words | semantic_search |
| an exact text, error message, all occurrences | search_text |
| where a name is defined | symbol_search, definition_at |
| where a symbol is used | references_at |
| to read what a search found | open_file with its lines |
| an overview of a project | list_paths with tree=true |
| why and when lines changed | blame_range, file_history |
| other code like the code at a place | similar_code |
| to ask much about one part | set_scope, then pass scope_id |
| which repositories there are, how fresh | index_status |

Paths are relative to the repository, lines count from 1 and ranges include both ends. Answers
fit about 4,000 tokens; `next_cursor` gets what follows, and globs, languages or a line range make
an answer smaller. An error names the value, the nearest valid choices and what to do.
"""
