"""One pass over a file: chunks, definitions and uses of names."""

from typing import Final

from msgspec import Struct
from tree_sitter import Node

from codeintel.lang.chunker import Chunker, labelled
from codeintel.lang.comments import LeadIn, docstring
from codeintel.lang.content import split_lines
from codeintel.lang.conventions import conventions
from codeintel.lang.definitions import DefinitionFinder
from codeintel.lang.grammar import Grammar, Match, load_grammar, run
from codeintel.lang.imports import Import, import_of
from codeintel.lang.languages import detect_language
from codeintel.lang.positions import SourceMap
from codeintel.lang.scopes import LocalName, ScopeResolver
from codeintel.types import Definition, Occurrence, ParsedFile

PARSE_LIMIT_S: Final = 5.0
"""A file that takes longer confuses the grammar: it is cut by lines instead."""


class FileNames(Struct, frozen=True):
    """What the names in a file stand for, as far as the file alone tells."""

    language: str
    definitions: tuple[Definition, ...] = ()
    locals: tuple[LocalName, ...] = ()
    imports: tuple[Import, ...] = ()


def parse_file(path: str, text: str) -> ParsedFile:
    """Chunks, definitions and occurrences of a file; total, whatever the text.

    Occurrences are uses of names that may be known outside of the function they stand in: local
    variables and parameters are none.
    """
    language = detect_language(path, text)
    lines = split_lines(text)
    grammar = load_grammar(language) if lines else None
    syntax = _read_syntax(grammar, text) if grammar else None
    if syntax is None:
        spans = Chunker(lines, {}, frozenset()).spans(None) if lines else []
        return ParsedFile(language, len(lines), tuple(labelled(spans, ())), (), ())
    definitions = syntax.finder.definitions(syntax.leads)
    rows = frozenset(definition.start_line - 1 for definition in definitions)
    spans = Chunker(lines, syntax.leads, rows).spans(syntax.root)
    return ParsedFile(
        language,
        len(lines),
        tuple(labelled(spans, definitions)),
        tuple(definitions),
        tuple(_occurrences(syntax)),
        syntax.root.has_error,
    )


def parse_names(path: str, text: str) -> FileNames:
    """Definitions, local names and imports of a file; total, whatever the text."""
    language = detect_language(path, text)
    grammar = load_grammar(language)
    syntax = _read_syntax(grammar, text) if grammar else None
    if syntax is None:
        return FileNames(language)
    definitions = syntax.finder.definitions(syntax.leads)
    resolver, _ = _resolved(syntax)
    imports = dict.fromkeys(import_of(syntax.source, match) for match in syntax.imports)
    return FileNames(language, tuple(definitions), tuple(resolver.local_names()), tuple(imports))


class _Syntax(Struct):
    """The matches of a file's query, sorted by role."""

    source: SourceMap
    root: Node
    finder: DefinitionFinder
    leads: dict[int, LeadIn] = {}
    references: list[Node] = []
    bindings: list[Node] = []
    foreign: list[Node] = []
    members: set[int] = set()
    scopes: list[tuple[int, int, bool]] = []
    imports: list[dict[str, list[Node]]] = []


def _read_syntax(grammar: Grammar, text: str) -> _Syntax | None:
    """Run a grammar's query over a text; None where parsing took too long."""
    source = SourceMap(text)
    result = run(grammar, source.data, limit_s=PARSE_LIMIT_S)
    if result is None:
        return None
    tree, matches = result
    syntax = _Syntax(source, tree.root_node, DefinitionFinder(source, conventions(grammar.name)))
    _sort_matches(syntax, grammar.roles, matches)
    return syntax


def _sort_matches(syntax: _Syntax, roles: tuple[str, ...], matches: list[Match]) -> None:
    """Give each match of a query to those who know its role."""
    references, bindings = syntax.references, syntax.bindings
    for pattern, captures in matches:
        role = roles[pattern]
        if role == "reference":
            references.append(captures["reference"][0])
        elif role == "local":
            bindings.extend(captures["local"])
        elif role == "member":
            syntax.members.add(captures["member"][0].start_byte)
        elif role == "scope":
            node = captures["scope"][0]
            syntax.scopes.append((node.start_byte, node.end_byte, False))
        elif role == "global":
            syntax.foreign.append(captures["global"][0])
        elif role == "import":
            syntax.imports.append(captures)
        elif role in ("comment", "attribute"):
            _add_lead(syntax, role, captures)
        else:
            syntax.finder.add(pattern, role, captures)


def _add_lead(syntax: _Syntax, role: str, captures: dict[str, list[Node]]) -> None:
    """Keep a comment or an attribute that stands on lines of its own."""
    source, node = syntax.source, captures[role][0]
    if not source.starts_line(node.start_byte):
        return
    end = source.row_of(node.end_byte - 1)
    said = source.text_of(node).rstrip()
    if "doc" in captures:
        said = docstring(source.text_of(captures["doc"][0]))
    if role == "comment" or end not in syntax.leads:
        syntax.leads[end] = LeadIn(node.start_point[0], said, role == "comment")


def _resolved(syntax: _Syntax) -> tuple[ScopeResolver, list[Node]]:
    """Local names bound to their uses, and all other references, in file order."""
    finder = syntax.finder
    names = finder.name_bytes()
    resolver = ScopeResolver(syntax.source, finder.scopes() + syntax.scopes)
    resolver.bind(syntax.bindings + finder.locals, syntax.foreign, names)
    references = [node for node in syntax.references if node.start_byte not in names]
    return resolver, resolver.split(references, syntax.members)


def _occurrences(syntax: _Syntax) -> list[Occurrence]:
    """Uses of names that are not local, in file order."""
    source = syntax.source
    data = source.data
    known: dict[bytes, str] = {}
    result = []
    for node in _resolved(syntax)[1]:
        raw = data[node.start_byte : node.end_byte]
        name = known.get(raw)
        if name is None:
            name = known[raw] = raw.decode("utf-8", "replace")
        row, column = node.start_point
        if not source.ascii:
            column = source.characters(row, column)
        result.append(Occurrence(name, row + 1, column + 1))
    return result
