"""Answers where a symbol is defined and where it is used."""

from difflib import get_close_matches

from codeintel.api.definitions import asked_at, meant, named, shown
from codeintel.api.places import Page, Place
from codeintel.api.precise import PreciseAnswer, precise_answer
from codeintel.api.scoping import Selection, selected
from codeintel.api.uses import SymbolUses
from codeintel.api.wanted import Wanted
from codeintel.context import ApplicationContext
from codeintel.effort import checked
from codeintel.errors import UnknownSymbolError
from codeintel.search.navigation import navigator_of
from codeintel.search.symbol_table import symbol_table_of
from codeintel.types import NavigationAnswer, Rung, Scope

# Up to so many uses are all resolved, and those of other symbols left out; of more, only a page.
_MAX_RESOLVED = 200
# How alike a name is that is suggested in the place of another one.
_LEAST_RATIO = 0.6


def definition_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.definition_at`."""
    page = Page(("definition", *_facts(wanted), scope), limit, cursor)
    with selected(context, scope) as selections:
        precise = _precise(selections, wanted)
        if precise:
            return _answer(page, wanted, precise.definitions, selections)
        asked = asked_at(selections, wanted)
        if asked and asked.local:
            at = asked.local.line, asked.local.column
            place = Place(asked.selection, asked.document, *at, Rung.SYNTACTIC)
            return _answer(page, wanted, [place], selections)
        if asked:
            places = meant(selections, wanted, asked)
            if not places:
                _require_known(selections, wanted)
            return _answer(page, wanted, places, selections)
        found = named(selections, wanted)
        if not found:
            _require_known(selections, wanted)
        start = page.start(selections)
        return page.answer(
            wanted.symbol,
            list(shown(found[start : start + limit])),
            selections,
            total=len(found),
            n_files=sum(
                len({row.document_id for at, row in found if at is selection})
                for selection in selections
            ),
        )


def references_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.references_at`."""
    page = Page(("references", *_facts(wanted), scope), limit, cursor)
    with selected(context, scope) as selections:
        precise = _precise(selections, wanted)
        if precise:
            return _answer(page, wanted, precise.references, selections)
        asked = asked_at(selections, wanted)
        if asked and asked.local:
            at = asked.selection, asked.document
            found = [Place(*at, *use, Rung.SYNTACTIC) for use in asked.local.uses]
            return _answer(page, wanted, found, selections)
        uses = SymbolUses(selections, wanted, asked)
        if not uses.total:
            _require_known(selections, wanted)
        if uses.total <= _MAX_RESOLVED and not uses.all_meant:
            kept = [place for place, can_mean in uses.between(0, uses.total) if can_mean]
            return _answer(page, wanted, kept, selections)
        start = page.start(selections)
        return page.answer(
            wanted.symbol,
            [place for place, _ in uses.between(start, start + limit)],
            selections,
            total=uses.total,
            n_files=uses.n_files,
            resolved=uses.all_meant,
        )


def _answer(
    page: Page, wanted: Wanted, places: list[Place], selections: list[Selection]
) -> NavigationAnswer:
    """Answer with one page of places that are all known."""
    start = page.start(selections)
    return page.answer(
        wanted.symbol,
        places[start : start + page.limit],
        selections,
        total=len(places),
        n_files=len({(id(place.selection), place.document.id) for place in places}),
    )


def _facts(wanted: Wanted) -> tuple[object, ...]:
    return wanted.symbol, wanted.repo, wanted.path, wanted.line, wanted.column


def _precise(selections: list[Selection], wanted: Wanted) -> PreciseAnswer | None:
    """Ask imported SCIP files about the place, or about the only definition of a name."""
    if wanted.column:
        for selection in selections:
            document = selection.snapshot.catalog.by_path.get(wanted.path or "")
            if document and selection.repository.name == wanted.repo:
                return precise_answer(selection, document, wanted.line, wanted.column)
        return None
    found = named(selections, wanted)
    if len(found) != 1:
        return None
    (place,) = shown(found)
    return precise_answer(place.selection, place.document, place.line, place.column)


def _require_known(selections: list[Selection], wanted: Wanted) -> None:
    """Refuse a name that is neither defined nor used anywhere.

    Raises
    ------
    UnknownSymbolError
        Names the nearest defined names.
    """
    for selection in selections:
        if selection.snapshot.catalog.rows_named(wanted.name):
            return
        if len(navigator_of(selection.snapshot).uses_of(wanted.name)):
            return
    names = {
        name: None
        for selection in selections
        for name in symbol_table_of(selection.snapshot).names_alike(wanted.name, _LEAST_RATIO)
    }
    raise UnknownSymbolError(
        f"No symbol '{wanted.name}' is defined or used.",
        cure="A search for symbols finds names by a part of them.",
        suggestions=get_close_matches(wanted.name, checked(names), n=5, cutoff=_LEAST_RATIO),
    )
