"""Answers what is defined where."""

from codeintel.api.files import locate
from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.errors import InvalidQueryError
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.files import path_not_found
from codeintel.search.signals import path_traits
from codeintel.search.symbols import NameTable, match_names
from codeintel.store.catalog import Document
from codeintel.types import Definition, Scope, SymbolHit, SymbolKind, SymbolsAnswer

MAX_SYMBOL_CHARS = 500
# Enough to fill any page; the count still covers all.
_MAX_NAMES = 2_000


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
        hits = [
            hit for selection in selections for hit in _matches(selection, container, name, kind)
        ]
        hits.sort(key=lambda hit: (-hit.score, hit.path, hit.start_line))
        more = len(hits) > offset + limit
        return SymbolsAnswer(
            query=query,
            symbols=tuple(hits[offset : offset + limit]),
            total=len(hits),
            about=tuple(s.about() for s in selections),
            next_cursor=encode_cursor(identity, offset + limit, generation=generation)
            if more
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


def in_container(definition: Definition, document: Document, container: str) -> bool:
    """Whether a definition lies in a container that is given by its last parts, or its module's."""
    if not container:
        return True
    stem = document.path.rpartition(".")[0].replace("/", ".")
    full = f".{stem}.{definition.container}".rstrip(".").lower()
    return full.endswith("." + container.lower())


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


def _matches(
    selection: Selection, container: str, name: str, kind: SymbolKind | None
) -> list[SymbolHit]:
    """Find the definitions of one repository whose name matches."""
    catalog = selection.snapshot.catalog
    table = selection.snapshot.cached("names", lambda: NameTable(catalog.definition_names))
    scores = match_names(name, table)
    best = sorted(scores, key=lambda found: (-scores[found], found))[:_MAX_NAMES]
    allowed = None if selection.whole else {document.id for document in selection.documents}
    hits = []
    for stored in catalog.definitions_named(best):
        definition, document = stored.definition, catalog.by_id[stored.document_id]
        if (
            (kind is not None and definition.kind != kind)
            or (allowed is not None and document.id not in allowed)
            or not in_container(definition, document, container)
        ):
            continue
        score = scores[definition.name]
        score -= 0.02 * (not definition.public)
        score -= 0.03 * path_traits(document.path).aside
        score -= 0.04 * (definition.kind in (SymbolKind.SECTION, SymbolKind.KEY))
        hits.append(symbol_hit(selection, document, definition, score))
    return hits
