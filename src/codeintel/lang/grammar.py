"""Grammars and their queries, loaded when a language is first met."""

import importlib
import re
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal

from msgspec import Struct
from tree_sitter import Language, Node, Parser, Query, QueryCursor, Tree

from codeintel.lang import languages

_FOLDER: Final = Path(__file__).with_name("queries")
_READ_BYTES: Final = 1 << 16
_CAPTURE: Final = re.compile(r"@(\w+)")
# In the files, a pattern begins a line, and what belongs to it is indented.
_PATTERN: Final = re.compile(r"^[(\[].*(?:\n[ \t]+\S.*)*", re.MULTILINE)

# Languages that share the queries of another one.
_QUERIES: Final = {"tsx": "typescript"}

PARTS: Final = frozenset({"name", "body", "owner", "doc", "source", "bound", "original"})
"""Captures that describe the definition of their pattern; ``@_…`` are for predicates."""

NAME_ROLES: Final = ("reference", "local", "member", "scope", "global")

Section = Literal["structure", "names", "imports"]
Captures = Mapping[str, list[Node]]


class Grammar(Struct, frozen=True):
    """A grammar with its queries.

    Attributes
    ----------
    patterns
        By section: the role of each pattern and its text. The role says what it finds:
        ``"reference"``, ``"comment"``, … or the kind of definition.
    """

    name: str
    language: Language
    patterns: Mapping[Section, list[tuple[str, str]]]

    def matches(self, tree: Tree, section: Section) -> list[tuple[int, str, Captures]]:
        """Each match of a section's patterns: the number of the pattern, its role, the nodes."""
        patterns = self.patterns[section]
        if not patterns:
            return []
        found = QueryCursor(_query(self.name, section)).matches(tree.root_node)
        return [(number, patterns[number][0], captures) for number, captures in found]

    def names(self, tree: Tree) -> Captures:
        """The nodes of every role in `NAME_ROLES`: there are many, and each stands for itself."""
        if not self.patterns["names"]:
            return {}
        return QueryCursor(_query(self.name, "names")).captures(tree.root_node)


@cache
def load_grammar(name: str) -> Grammar | None:
    """Load the grammar of a language; None for a language without one."""
    spec = languages.language(name).grammar
    source = _query_source(name) if spec else ""
    if not source:
        return None
    module, _, entry = spec.partition(":")
    language = Language(getattr(importlib.import_module(module), entry)())
    patterns: dict[Section, list[tuple[str, str]]] = {"structure": [], "names": [], "imports": []}
    for text in _PATTERN.findall(source):
        role = _role(text)
        section: Section = "names" if role in NAME_ROLES else "structure"
        patterns["imports" if role == "import" else section].append((role, text))
    return Grammar(name, language, patterns)


@cache
def _query(name: str, section: Section) -> Query:
    """The query of one section, made when it is first run: that takes up to 0.2 s."""
    grammar = load_grammar(name)
    assert grammar
    return Query(grammar.language, "\n".join(text for _, text in grammar.patterns[section]))


def _query_source(name: str) -> str:
    """The text of a grammar's query; empty for a grammar without one."""
    file = _FOLDER / f"{_QUERIES.get(name, name)}.scm"
    return file.read_text("utf-8") if file.is_file() else ""


def _role(pattern: str) -> str:
    """The one capture of a pattern that is not a part of a definition."""
    names: list[str] = _CAPTURE.findall(pattern)
    return next(name for name in names if name[0] != "_" and name not in PARTS)


class _Clock:
    """Tells tree-sitter to stop once a deadline has passed."""

    def __init__(self, limit_s: float) -> None:
        self._end = time.monotonic() + limit_s
        self.late = False

    def passed(self, *_progress: object) -> bool:
        self.late = time.monotonic() > self._end
        return self.late


def parse_tree(grammar: Grammar, source: bytes, *, limit_s: float) -> Tree | None:
    """Parse a source (UTF-8); None where that takes too long."""
    clock = _Clock(limit_s)

    def read(offset: int, _point: object) -> bytes:
        return source[offset : offset + _READ_BYTES]

    try:
        return Parser(grammar.language).parse(read, progress_callback=clock.passed)
    except ValueError:
        if clock.late:
            return None
        raise
