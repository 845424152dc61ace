"""The values that cross layers: what is in an index, and the answers to questions.

All are frozen msgspec structs: cheap to make, hashable, and encoded to JSON (and to the JSON
Schema of the tools) without further code. Lines are 1-based, spans include both ends, columns are
1-based and count characters. A higher score is better.
"""

from codeintel.types.answers import (
    BlameAnswer,
    BlameSpan,
    CommitFacts,
    FileAnswer,
    FileMatches,
    HistoryAnswer,
    Location,
    NavigationAnswer,
    PathEntry,
    PathsAnswer,
    Provenance,
    Rung,
    ScipReport,
    ScopeAnswer,
    SearchAnswer,
    SearchHit,
    SymbolHit,
    SymbolsAnswer,
    TextAnswer,
    TextLine,
)
from codeintel.types.content import (
    Chunk,
    Definition,
    ParsedFile,
    SkippedFile,
    SkipReason,
    SymbolKind,
)
from codeintel.types.questions import (
    CaseRule,
    FileKind,
    Scope,
    TextMode,
)
from codeintel.types.state import (
    HistoryState,
    IndexPhase,
    IndexReport,
    RepositoryStatus,
    StatusAnswer,
)

__all__ = [
    "BlameAnswer",
    "BlameSpan",
    "CaseRule",
    "Chunk",
    "CommitFacts",
    "Definition",
    "FileAnswer",
    "FileKind",
    "FileMatches",
    "HistoryAnswer",
    "HistoryState",
    "IndexPhase",
    "IndexReport",
    "Location",
    "NavigationAnswer",
    "ParsedFile",
    "PathEntry",
    "PathsAnswer",
    "Provenance",
    "RepositoryStatus",
    "Rung",
    "ScipReport",
    "Scope",
    "ScopeAnswer",
    "SearchAnswer",
    "SearchHit",
    "SkipReason",
    "SkippedFile",
    "StatusAnswer",
    "SymbolHit",
    "SymbolKind",
    "SymbolsAnswer",
    "TextAnswer",
    "TextLine",
    "TextMode",
]
