"""One pass over a file: chunks, definitions and uses of names."""

from typing import Final

from msgspec import Struct
from tree_sitter import Tree

from codeintel.lang.chunker import Chunker, labelled
from codeintel.lang.comments import LeadIn, docstring
from codeintel.lang.content import split_lines
from codeintel.lang.conventions import conventions
from codeintel.lang.definitions import DefinitionFinder
from codeintel.lang.grammar import Captures, Grammar, load_grammar, parse_tree
from codeintel.lang.imports import Import, imports_of
from codeintel.lang.languages import detect_language
from codeintel.lang.positions import SourceMap
from codeintel.lang.scopes import LocalName, ScopeResolver
from codeintel.types import Definition, ParsedFile

PARSE_LIMIT_S: Final = 5.0
"""A file that takes longer confuses the grammar: it is cut by lines instead."""


class FileNames(Struct, frozen=True):
    """What the names in a file stand for, as far as the file alone tells."""

    language: str
    definitions: tuple[Definition, ...] = ()
    locals: tuple[LocalName, ...] = ()
    imports: tuple[Import, ...] = ()


def parse_file(path: str, text: str) -> ParsedFile:
    """Chunks, definitions and uses of names of a file; total, whatever the text.

    The uses are those of names that may be known outside of the function they stand in: not of
    local variables and parameters.
    """
    language = detect_language(path, text)
    lines = split_lines(text)
    grammar = load_grammar(language) if lines else None
    syntax = _read_syntax(grammar, text) if grammar else None
    if syntax is None:
        spans = Chunker(lines, {}, frozenset()).spans(None) if lines else []
        return ParsedFile(language, len(lines), tuple(labelled(spans, ())), (), {})
    definitions = syntax.finder.definitions(syntax.leads)
    rows = frozenset(definition.start_line - 1 for definition in definitions)
    root = syntax.tree.root_node
    spans = Chunker(lines, syntax.leads, rows).spans(root)
    return ParsedFile(
        language,
        len(lines),
        tuple(labelled(spans, definitions)),
        tuple(definitions),
        _uses(syntax),
        root.has_error,
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
    imports = imports_of(syntax.grammar, syntax.source, syntax.tree)
    return FileNames(language, tuple(definitions), tuple(resolver.local_names()), imports)


class _Syntax(Struct):
    """The syntax tree of a file, and what stands out in it."""

    grammar: Grammar
    source: SourceMap
    tree: Tree
    finder: DefinitionFinder
    leads: dict[int, LeadIn] = {}


def _read_syntax(grammar: Grammar, text: str) -> _Syntax | None:
    """Find definitions and lead-ins in a text; None where parsing took too long."""
    source = SourceMap(text)
    tree = parse_tree(grammar, source.data, limit_s=PARSE_LIMIT_S)
    if tree is None:
        return None
    finder = DefinitionFinder(source, conventions(grammar.name))
    syntax = _Syntax(grammar, source, tree, finder)
    for pattern, role, captures in grammar.matches(tree, "structure"):
        if role in ("comment", "attribute"):
            _add_lead(syntax, role, captures)
        else:
            finder.add(pattern, role, captures)
    return syntax


def _add_lead(syntax: _Syntax, role: str, captures: Captures) -> None:
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


def _resolved(syntax: _Syntax) -> tuple[ScopeResolver, dict[bytes, list[int]]]:
    """Local names bound to their uses, and all other names with the bytes at which they stand."""
    finder = syntax.finder
    own = finder.name_bytes()
    names = syntax.grammar.names(syntax.tree)
    scopes = [(node.start_byte, node.end_byte, False) for node in names.get("scope", ())]
    marks = conventions(syntax.grammar.name).marks
    resolver = ScopeResolver(syntax.source, finder.scopes() + scopes, marks)
    members = {node.start_byte for node in names.get("member", ())}
    bound = [node for node in names.get("local", ()) if node.start_byte not in members]
    resolver.bind(bound + finder.locals, names.get("global", ()), own)
    return resolver, resolver.split(names.get("reference", []), members, own)


def _uses(syntax: _Syntax) -> dict[str, bytes]:
    """Places of names that are not local, by name."""
    packed = syntax.source.packed
    uses = _resolved(syntax)[1].items()
    return {name.decode("utf-8", "replace"): packed(starts) for name, starts in uses}
