"""Answers what is defined where."""

from collections.abc import Iterator
from functools import partial

from codeintel.api.files import locate
from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.errors import InvalidQueryError
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.files import path_not_found
from codeintel.search.symbol_table import FoundSymbol, FoundSymbols, symbol_table_of
from codeintel.store.catalog import Document
from codeintel.types import Definition, Scope, SymbolHit, SymbolKind, SymbolsAnswer

MAX_SYMBOL_CHARS = 500


def symbol_search(
    context: ApplicationContext,
    query: str,
    *,
    kind: SymbolKind | None,
    limit: int,
    cursor: str | None,
    scope: Scope,
) -> SymbolsAnswer:
    """See `CodeIntel.symbol_search`."""
    container, name = split_symbol(query)
    with selected(context, scope) as selections:
        generation = sum(s.snapshot.manifest.generation for s in selections)
        identity = (query, kind, scope)
        offset = decode_cursor(cursor, identity, int, generation=generation) if cursor else 0
        end = offset + limit
        found: list[tuple[FoundSymbol, Selection]] = []
        total, complete = 0, True
        for selection in selections:
            here = _find(selection, container, name, kind, end)
            found += ((symbol, selection) for symbol in here.best)
            total += here.total
            complete &= here.complete
        found.sort(key=lambda pair: pair[0])
        return SymbolsAnswer(
            query=query,
            symbols=tuple(_shown(found[offset:end])),
            total=total,
            exhaustive=complete,
            about=tuple(s.about() for s in selections),
            next_cursor=encode_cursor(identity, end, generation=generation)
            if total > end
            else None,
        )


def outline(context: ApplicationContext, path: str, *, scope: Scope) -> SymbolsAnswer:
    """See `CodeIntel.outline`."""
    repository, path = locate(context, path, scope)
    with selected(context, Scope(repo=repository.name)) as (selection,):
        catalog = selection.snapshot.catalog
        document = catalog.by_path.get(path)
        if document is None:
            raise path_not_found(path, catalog.by_path)
        hits = tuple(
            symbol_hit(selection, document, definition, 1.0)
            for definition in catalog.definitions_of(document.id)
        )
        return SymbolsAnswer(query=path, symbols=hits, total=len(hits), about=(selection.about(),))


def split_symbol(symbol: str) -> tuple[str, str]:
    """Split ``a.b.c`` (also with ``::`` or ``#``) into its container ``a.b`` and name ``c``.

    Raises
    ------
    InvalidQueryError
        It is empty or too long.
    """
    plain = symbol.strip().removesuffix("()").replace("::", ".").replace("#", ".")
    plain = plain.strip(".")
    if not plain:
        raise InvalidQueryError("The symbol is empty.", cure="Give a name, such as `parse_url`.")
    if len(plain) > MAX_SYMBOL_CHARS:
        raise InvalidQueryError(
            f"The symbol has {len(plain)} characters; at most {MAX_SYMBOL_CHARS} are taken."
        )
    container, _, name = plain.rpartition(".")
    return container, name


def in_container(container: str, path: str, wanted: str) -> bool:
    """Whether a container of a file is meant by its last parts, perhaps after its module's."""
    if not wanted:
        return True
    stem = path.rpartition(".")[0].replace("/", ".")
    full = f".{stem}.{container}".rstrip(".").lower()
    return full.endswith("." + wanted.lower())


def symbol_hit(
    selection: Selection, document: Document, definition: Definition, score: float
) -> SymbolHit:
    """Show a definition."""
    return SymbolHit(
        repo=selection.repository.name,
        path=document.path,
        name=definition.name,
        kind=definition.kind,
        start_line=definition.start_line,
        end_line=definition.end_line,
        language=document.language,
        score=round(score, 4),
        container=definition.container,
        signature=definition.signature,
        doc=definition.doc,
    )


def _find(
    selection: Selection, container: str, name: str, kind: SymbolKind | None, most: int
) -> FoundSymbols:
    """Find the best definitions of one repository, and count all."""
    return symbol_table_of(selection.snapshot).find(
        name,
        kind=kind,
        among=None if selection.whole else {document.id for document in selection.documents},
        accept=partial(in_container, wanted=container) if container else None,
        most=most,
    )


def _shown(found: list[tuple[FoundSymbol, Selection]]) -> Iterator[SymbolHit]:
    """Show definitions that were found."""
    ids: dict[int, list[int]] = {}
    for symbol, selection in found:
        ids.setdefault(id(selection), []).append(symbol.row_id)
    stored = {
        id(selection): selection.snapshot.catalog.definitions_by_id(ids[id(selection)])
        for selection in {id(selection): selection for _, selection in found}.values()
    }
    for symbol, selection in found:
        definition = stored[id(selection)][symbol.row_id]
        document = selection.snapshot.catalog.by_id[definition.document_id]
        yield symbol_hit(selection, document, definition.definition, -symbol.minus_score)
