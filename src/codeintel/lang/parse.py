"""One pass over a file: chunks, definitions and uses of names."""

from collections.abc import Collection
from typing import Final

from tree_sitter import Node

from codeintel.lang.chunker import Chunker, labelled
from codeintel.lang.comments import LeadIn, docstring
from codeintel.lang.content import split_lines
from codeintel.lang.conventions import conventions
from codeintel.lang.definitions import DefinitionFinder
from codeintel.lang.grammar import Grammar, load_grammar, run
from codeintel.lang.languages import detect_language
from codeintel.lang.positions import SourceMap
from codeintel.types import Chunk, Occurrence, ParsedFile

PARSE_LIMIT_S: Final = 5.0
"""A file that takes longer confuses the grammar: it is cut by lines instead."""


def parse_file(path: str, text: str) -> ParsedFile:
    """Chunks, definitions and occurrences of a file; total, whatever the text."""
    language = detect_language(path, text)
    lines = split_lines(text)
    grammar = load_grammar(language) if lines else None
    parsed = _by_syntax(grammar, text, lines) if grammar else None
    if parsed is None:
        chunks = _chunks(lines) if lines else ()
        return ParsedFile(language, len(lines), chunks, (), ())
    return parsed


def _chunks(lines: list[str]) -> tuple[Chunk, ...]:
    """Chunks by lines alone."""
    return tuple(labelled(Chunker(lines, {}, frozenset()).spans(None), ()))


def _by_syntax(grammar: Grammar, text: str, lines: list[str]) -> ParsedFile | None:
    """The same from the syntax tree; None where it took too long."""
    source = SourceMap(text)
    result = run(grammar, source.data, limit_s=PARSE_LIMIT_S)
    if result is None:
        return None
    tree, matches = result
    finder = DefinitionFinder(source, conventions(grammar.name))
    leads: dict[int, LeadIn] = {}
    references = []
    roles = grammar.roles
    for pattern, captures in matches:
        role = roles[pattern]
        if role == "reference":
            references.append(captures["reference"][0])
        elif role in ("comment", "attribute"):
            node = captures[role][0]
            if source.starts_line(node.start_byte):
                start, end = node.start_point[0], source.row_of(node.end_byte - 1)
                said = source.text_of(node).rstrip()
                if "doc" in captures:
                    said = docstring(source.text_of(captures["doc"][0]))
                if role == "comment" or end not in leads:
                    leads[end] = LeadIn(start, said, role == "comment")
        else:
            finder.add(pattern, role, captures)
    definitions = finder.definitions(leads)
    rows = frozenset(definition.start_line - 1 for definition in definitions)
    spans = Chunker(lines, leads, rows).spans(tree.root_node)
    return ParsedFile(
        grammar.name,
        len(lines),
        tuple(labelled(spans, definitions)),
        tuple(definitions),
        tuple(_occurrences(source, references, finder.name_bytes())),
        tree.root_node.has_error,
    )


def _occurrences(
    source: SourceMap, references: list[Node], names: Collection[int]
) -> list[Occurrence]:
    """Uses of names, in file order."""
    data = source.data
    known: dict[bytes, str] = {}
    result = []
    for node in references:
        start = node.start_byte
        if start in names:
            continue
        raw = data[start : node.end_byte]
        name = known.get(raw)
        if name is None:
            name = known[raw] = raw.decode("utf-8", "replace")
        row, column = node.start_point
        if not source.ascii:
            column = source.characters(row, column)
        result.append(Occurrence(name, row + 1, column + 1))
    return result
