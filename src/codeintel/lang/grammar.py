"""Grammars and their queries, loaded when a language is first met."""

import importlib
import re
import time
from functools import cache
from importlib import resources
from typing import Final

from msgspec import Struct
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from codeintel.lang import languages

_READ_BYTES: Final = 1 << 16
_CAPTURE: Final = re.compile(r"@(\w+)")

# Languages that share the queries of another one.
_QUERIES: Final = {"tsx": "typescript"}

Match = tuple[int, dict[str, list[Node]]]


class Grammar(Struct, frozen=True):
    """A grammar with its query.

    Attributes
    ----------
    roles
        For each pattern of the query what it finds: ``"reference"``, ``"comment"``, … or the kind
        of definition.
    """

    name: str
    language: Language
    query: Query
    roles: tuple[str, ...]


@cache
def load_grammar(name: str) -> Grammar | None:
    """Load the grammar of a language; None for a language without one."""
    spec = languages.language(name).grammar
    if not spec:
        return None
    module, _, entry = spec.partition(":")
    language = Language(getattr(importlib.import_module(module), entry)())
    source = query_source(name)
    if not source:
        return None
    query = Query(language, source)
    return Grammar(name, language, query, tuple(_roles(query, source.encode())))


def query_source(name: str) -> str:
    """The text of a grammar's query; empty for a grammar without one."""
    file = resources.files("codeintel.lang") / "queries" / f"{_QUERIES.get(name, name)}.scm"
    return file.read_text("utf-8") if file.is_file() else ""


def _roles(query: Query, source: bytes) -> list[str]:
    """The one capture of each pattern that is not a part of a definition."""
    bounds = [
        (query.start_byte_for_pattern(i), query.end_byte_for_pattern(i))
        for i in range(query.pattern_count)
    ]
    captures = [_CAPTURE.findall(source[start:end].decode()) for start, end in bounds]
    return [
        next(name for name in names if name[0] != "_" and name not in PARTS) for names in captures
    ]


PARTS: Final = frozenset({"name", "body", "owner", "doc", "source", "bound", "original"})
"""Captures that describe the definition of their pattern; ``@_…`` are for predicates."""


class _Clock:
    """Tells tree-sitter to stop once a deadline has passed."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s
        self.late = False

    def passed(self, *_progress: object) -> bool:
        self.late = time.monotonic() > self._end
        return self.late


def run(grammar: Grammar, source: bytes, *, limit_s: float) -> tuple[Tree, list[Match]] | None:
    """Parse a source (UTF-8) and run the query over it; None where parsing takes too long."""
    clock = _Clock(limit_s)

    def read(offset: int, _point: object) -> bytes:
        return source[offset : offset + _READ_BYTES]

    try:
        tree = Parser(grammar.language).parse(read, progress_callback=clock.passed)
    except ValueError:
        if clock.late:
            return None
        raise
    return tree, QueryCursor(grammar.query).matches(tree.root_node)
