"""The tools: what they are called, what they are for, what they take and what they answer.

This table is the only declaration. MCP, REST, metrics and documentation read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct

from codeintel import types
from codeintel.server import schemas
from codeintel.server.door import Lane
from codeintel.server.render import BUDGETED

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

# Together these are the `scope` of a question.
_SCOPE = frozenset(schemas.ScopedArguments.__struct_fields__)


@dataclass(frozen=True, slots=True)
class Tool:
    """One question that can be asked.

    Attributes
    ----------
    description
        When to use the tool and when not, under 2 KB.
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
    lane: Lane = Lane.CPU
    deadline_s: float = 10
    from_index: bool = False

    def ask(
        self, codeintel: "CodeIntel", arguments: schemas.RepositoryArguments, scope: types.Scope
    ) -> Struct:
        """Ask the method of the tool's name; blocks, so it runs behind the door."""
        given = {
            name: getattr(arguments, name)
            for name in self.arguments.__struct_fields__
            if name not in _SCOPE and (name != "max_tokens" or self.answer in BUDGETED)
        }
        answer: Struct = getattr(codeintel, self.name)(**given, scope=scope)
        return answer


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
        deadline_s=20,
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
        lane=Lane.WAIT,
        deadline_s=15,
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
        lane=Lane.WAIT,
        deadline_s=30,
    ),
    Tool(
        "file_history",
        "Commits of a file",
        "The commits that changed a file or folder, newest first, with author, date and summary;"
        " by date, author, and past renames with `follow`.\n"
        "For the last change of single lines: blame_range.",
        schemas.FileHistory,
        types.HistoryAnswer,
        lane=Lane.WAIT,
        deadline_s=30,
    ),
    Tool(
        "related_files",
        "Files that change together",
        "The files that the same commits change as a file, with how many and how often: its tests,"
        " its documentation, the other half of a protocol. Use it before you finish a change, to"
        " see what belongs to it and is not linked by any name.\n"
        "Not for uses of a symbol: references_at. Not for code of the same kind: similar_code.",
        schemas.RelatedFiles,
        types.RelatedAnswer,
        lane=Lane.WAIT,
        deadline_s=30,
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
        lane=Lane.WAIT,
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
| what else a change should touch | related_files |
| to ask much about one part | set_scope, then pass scope_id |
| which repositories there are, how fresh | index_status |

Paths are relative to the repository, lines count from 1 and ranges include both ends. Answers
fit about 4,000 tokens; `next_cursor` gets what follows, and globs, languages or a line range make
an answer smaller. An error names the value, the nearest valid choices and what to do.
"""
