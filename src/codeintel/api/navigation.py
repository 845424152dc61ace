"""Answers where a symbol is defined and where it is used."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from codeintel.api.files import locate
from codeintel.api.scoping import Selection, selected
from codeintel.api.symbols import in_container, split_symbol, symbol_hit
from codeintel.context import ApplicationContext
from codeintel.errors import (
    InputError,
    InvalidRangeError,
    UnknownSymbolError,
)
from codeintel.lang.content import split_lines
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.files import path_not_found
from codeintel.search.signals import path_traits
from codeintel.store.catalog import Document
from codeintel.types import Definition, Location, NavigationAnswer, Rung, Scope, SymbolKind

_WORD = re.compile(r"[^\W\d][\w$]*[!?]?")
_MAX_TEXT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Wanted:
    """A symbol that is asked about, and the place it was asked from, if any."""

    name: str
    container: str = ""
    repo: str | None = None
    path: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    """A place before it is shown."""

    selection: Selection
    document: Document
    line: int
    column: int
    rung: Rung
    definition: Definition | None = None


def definition_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.definition_at`."""
    with selected(context, scope) as selections:
        places = [place for s in selections for place in _definitions(s, wanted)]
        if not places:
            _require_known(selections, wanted)
        places.sort(key=lambda place: _nearness(place, wanted))
        return _page(places, selections, wanted, "definition", limit, cursor, scope)


def references_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.references_at`."""
    with selected(context, scope) as selections:
        places = [place for s in selections for place in _uses(s, wanted.name)]
        if not places:
            _require_known(selections, wanted)
        return _page(places, selections, wanted, "references", limit, cursor, scope)


def symbol_at(
    context: ApplicationContext,
    *,
    path: str | None,
    line: int | None,
    column: int | None,
    symbol: str | None,
    scope: Scope,
) -> Wanted:
    """Find out which symbol is meant: by name, or by a position.

    Raises
    ------
    InputError
        Neither a symbol nor a path with a line is given.
    InvalidRangeError
        The position is not in the file.
    UnknownSymbolError
        No name stands at the position.
    """
    if path is None or line is None:
        if symbol is None:
            raise InputError(
                "Neither a symbol nor a position is given.",
                cure="Give `symbol`, or `path` and `line` (and `column`).",
            )
        container, name = split_symbol(symbol)
        return Wanted(name, container, path=path)
    repository, path = locate(context, path, scope)
    with selected(context, Scope(repo=repository.name)) as (selection,):
        document = selection.snapshot.catalog.by_path.get(path)
        if document is None:
            raise path_not_found(path, selection.snapshot.catalog.by_path)
        lines = split_lines(selection.snapshot.text_of(document.id))
    if not 1 <= line <= len(lines):
        raise InvalidRangeError(f"Line {line} is not in '{path}', which has {len(lines)} lines.")
    if symbol is not None:
        container, name = split_symbol(symbol)
    else:
        container, name = "", _name_at(lines[line - 1], line, column, path)
    return Wanted(name, container, repository.name, path, line)


def _name_at(text: str, line: int, column: int | None, path: str) -> str:
    """Give the name at a column; without one, the only name of the line."""
    words = list(_WORD.finditer(text))
    if column is None:
        names = list(dict.fromkeys(word.group() for word in words))
        if len(names) == 1:
            return names[0]
        raise UnknownSymbolError(
            f"Line {line} of '{path}' has {len(names)} names.",
            cure="Give the `column`, or the `symbol`.",
            suggestions=names[:10],
        )
    for word in words:
        if word.start() < column <= word.end() + 1:
            return word.group()
    raise UnknownSymbolError(
        f"No name stands at line {line}, column {column} of '{path}'.",
        suggestions=list(dict.fromkeys(word.group() for word in words))[:10],
    )


def _definitions(selection: Selection, wanted: Wanted) -> Iterator[_Place]:
    """Give the definitions of a name in one repository."""
    catalog = selection.snapshot.catalog
    allowed = None if selection.whole else {document.id for document in selection.documents}
    for stored in catalog.definitions_named([wanted.name]):
        document, definition = catalog.by_id[stored.document_id], stored.definition
        if allowed is not None and document.id not in allowed:
            continue
        if in_container(definition, document, wanted.container):
            yield _Place(
                selection,
                document,
                definition.name_line,
                definition.name_column,
                Rung.SYNTACTIC,
                definition,
            )


def _uses(selection: Selection, name: str) -> Iterator[_Place]:
    """Give the uses of a name in one repository, in path and line order."""
    allowed = None if selection.whole else {document.id for document in selection.documents}
    for document, positions in selection.snapshot.catalog.occurrences_of(name):
        if allowed is None or document.id in allowed:
            for line, column in positions:
                yield _Place(selection, document, line, column, Rung.SYNTACTIC)


def _nearness(place: _Place, wanted: Wanted) -> tuple[object, ...]:
    """Order definitions: the file asked from, what encloses the line, its folder, then the rest."""
    definition, path = place.definition, place.document.path
    assert definition
    same_file = place.selection.repository.name == wanted.repo and path == wanted.path
    before = same_file and definition.start_line <= wanted.line
    shared = 0
    if wanted.path:
        for mine, theirs in zip(path.split("/"), wanted.path.split("/"), strict=False):
            if mine != theirs:
                break
            shared += 1
    extension = (wanted.path or "").rpartition(".")[2]
    return (
        not same_file,
        definition.kind in (SymbolKind.SECTION, SymbolKind.KEY),
        bool(extension) and path.rpartition(".")[2] != extension,
        not before,
        -shared,
        path_traits(path).aside,
        not definition.public,
        path,
        definition.start_line,
    )


def _page(
    places: list[_Place],
    selections: list[Selection],
    wanted: Wanted,
    question: str,
    limit: int,
    cursor: str | None,
    scope: Scope,
) -> NavigationAnswer:
    """Show one page of places."""
    generation = sum(s.snapshot.manifest.generation for s in selections)
    identity = (question, wanted.name, wanted.container, wanted.path, wanted.line, scope)
    offset = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
    texts: dict[int, list[str]] = {}
    locations = tuple(_shown(place, texts) for place in places[offset : offset + limit])
    more = len(places) > offset + limit
    return NavigationAnswer(
        symbol=".".join(part for part in (wanted.container, wanted.name) if part),
        locations=locations,
        total=len(places),
        n_files=len({(id(place.selection), place.document.id) for place in places}),
        about=tuple(s.about() for s in selections),
        next_cursor=encode_cursor(identity, offset + limit, generation=generation)
        if more
        else None,
    )


def _shown(place: _Place, texts: dict[int, list[str]]) -> Location:
    """Show a place with its line's text and what encloses it."""
    document = place.document
    if document.id not in texts:
        texts[document.id] = split_lines(place.selection.snapshot.text_of(document.id))
    lines = texts[document.id]
    enclosing = ""
    for definition in place.selection.snapshot.catalog.definitions_of(document.id):
        if definition.start_line <= place.line <= definition.end_line:
            if definition == place.definition:
                continue
            parts = (definition.container, definition.name)
            enclosing = ".".join(part for part in parts if part)
    text = lines[place.line - 1].strip() if place.line <= len(lines) else ""
    return Location(
        repo=place.selection.repository.name,
        path=document.path,
        line=place.line,
        column=place.column,
        text=text[:_MAX_TEXT_CHARS],
        rung=place.rung,
        enclosing=enclosing,
        definition=symbol_hit(place.selection, document, place.definition, 1.0)
        if place.definition
        else None,
    )


def _require_known(selections: list[Selection], wanted: Wanted) -> None:
    """Refuse a name that is neither defined nor used anywhere.

    Raises
    ------
    UnknownSymbolError
        Names the nearest defined names.
    """
    names: dict[str, None] = {}
    for selection in selections:
        catalog = selection.snapshot.catalog
        if wanted.name in catalog.definition_names or catalog.occurrences_of(wanted.name):
            return
        names.update(dict.fromkeys(catalog.definition_names))
    raise UnknownSymbolError(
        f"No symbol '{wanted.name}' is defined or used.",
        cure="`symbol_search` finds names by a part of them.",
        suggestions=get_close_matches(wanted.name, names, n=5),
    )
