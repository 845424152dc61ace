"""Answers where a symbol is defined and where it is used."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice

from codeintel.api.files import locate
from codeintel.api.places import Page, Place
from codeintel.api.precise import PreciseAnswer, precise_answer
from codeintel.api.scoping import Selection, selected
from codeintel.api.symbols import in_container, split_symbol
from codeintel.context import ApplicationContext
from codeintel.errors import InputError, InvalidRangeError, UnknownSymbolError
from codeintel.lang.scopes import LocalName
from codeintel.search.files import path_not_found
from codeintel.search.navigation import Meaning, navigator_of
from codeintel.search.signals import path_traits
from codeintel.store.catalog import (
    PACKED_BYTES,
    Document,
    StoredDefinition,
    pack_positions,
    unpack_positions,
)
from codeintel.types import NavigationAnswer, Rung, Scope, SymbolKind

_WORD = re.compile(r"[^\W\d]\w*")
# `!` and `?` end names in some languages, and `$` is a letter in others; elsewhere they are signs.
_MARKED_WORD = re.compile(r"[^\W\d]\w*(?:[!?](?!=))?")
_MARKED_LANGUAGES = frozenset(("ruby", "elixir"))
_DOLLAR_WORD = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_DOLLAR_LANGUAGES = frozenset(("javascript", "typescript", "tsx", "java", "scala"))
# Up to so many uses are all resolved, and those of other symbols left out; of more, only a page.
_MAX_RESOLVED = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A symbol that is asked about, and the place it was asked from, if any.

    Attributes
    ----------
    column
        Where the name begins, 1-based; 0 where the symbol was given by name.
    """

    name: str
    container: str = ""
    repo: str | None = None
    path: str | None = None
    line: int = 0
    column: int = 0

    @property
    def symbol(self) -> str:
        """The name with its container."""
        return ".".join(part for part in (self.container, self.name) if part)


@dataclass(frozen=True, slots=True)
class _Asked:
    """The place that a question was asked from, and what its name means there."""

    selection: Selection
    document: Document
    local: LocalName | None
    meaning: Meaning


def definition_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.definition_at`."""
    page = Page(("definition", *_facts(wanted), scope), limit, cursor)
    with selected(context, scope) as selections:
        precise = _precise(selections, wanted)
        if precise:
            return _answer(page, wanted, precise.definitions, selections)
        asked = _asked(selections, wanted)
        if asked and asked.local:
            at = asked.local.line, asked.local.column
            place = Place(asked.selection, asked.document, *at, Rung.SYNTACTIC)
            return _answer(page, wanted, [place], selections)
        places = list(_definitions(selections, wanted, asked))
        if not places:
            _require_known(selections, wanted)
        places.sort(key=lambda place: _nearness(place, wanted))
        return _answer(page, wanted, places, selections)


def references_at(
    context: ApplicationContext, wanted: Wanted, *, limit: int, cursor: str | None, scope: Scope
) -> NavigationAnswer:
    """See `CodeIntel.references_at`."""
    page = Page(("references", *_facts(wanted), scope), limit, cursor)
    with selected(context, scope) as selections:
        precise = _precise(selections, wanted)
        if precise:
            return _answer(page, wanted, precise.references, selections)
        asked = _asked(selections, wanted)
        if asked and asked.local:
            at = asked.selection, asked.document
            found = [Place(*at, *use, Rung.SYNTACTIC) for use in asked.local.uses]
            return _answer(page, wanted, found, selections)
        uses = _Uses(selections, wanted, asked)
        if not uses.total:
            _require_known(selections, wanted)
        # By name alone every definition is meant, and nothing to be left out.
        if uses.total <= _MAX_RESOLVED and (asked or wanted.container):
            return _answer(page, wanted, list(uses), selections)
        start = page.start(selections)
        return page.answer(
            wanted.symbol,
            list(uses.between(start, start + limit)),
            selections,
            total=uses.total,
            n_files=uses.n_files,
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
        lines = navigator_of(selection.snapshot).lines_of(document.id)
    if not 1 <= line <= len(lines):
        raise InvalidRangeError(f"Line {line} is not in '{path}', which has {len(lines)} lines.")
    if symbol is not None:
        container, name = split_symbol(symbol)
        return Wanted(name, container, repository.name, path, line)
    word = _name_at(_words_of(document.language, lines[line - 1]), line, column, path)
    return Wanted(word.group(), "", repository.name, path, line, word.start() + 1)


def _words_of(language: str, text: str) -> list[re.Match[str]]:
    """Give what can be a name in a line."""
    if language in _MARKED_LANGUAGES:
        return list(_MARKED_WORD.finditer(text))
    pattern = _DOLLAR_WORD if language in _DOLLAR_LANGUAGES else _WORD
    return list(pattern.finditer(text))


def _name_at(words: list[re.Match[str]], line: int, column: int | None, path: str) -> re.Match[str]:
    """Give the name at a column; without one, the only name of the line."""
    if column is None:
        names = list(dict.fromkeys(word.group() for word in words))
        if len(names) == 1:
            return words[0]
        raise UnknownSymbolError(
            f"Line {line} of '{path}' has {len(names)} names.",
            cure="Give the `column`, or the `symbol`.",
            suggestions=names[:10],
        )
    for word in words:
        if word.start() < column <= word.end() + 1:
            return word
    raise UnknownSymbolError(
        f"No name stands at line {line}, column {column} of '{path}'.",
        suggestions=list(dict.fromkeys(word.group() for word in words))[:10],
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
    named = list(islice(_definitions(selections, wanted, None), 2))
    if len(named) != 1:
        return None
    (place,) = named
    return precise_answer(place.selection, place.document, place.line, place.column)


def _asked(selections: list[Selection], wanted: Wanted) -> _Asked | None:
    """Resolve the name where it was asked about; None where it was given by name alone."""
    for selection in selections if wanted.column else ():
        if selection.repository.name != wanted.repo or wanted.path is None:
            continue
        document = selection.snapshot.catalog.by_path.get(wanted.path)
        if document is None:
            continue
        navigator = navigator_of(selection.snapshot)
        at = wanted.name, wanted.line, wanted.column
        local = navigator.local_at(document, *at)
        meaning = Meaning(wanted.name, (), True) if local else navigator.meaning(document, *at)
        return _Asked(selection, document, local, meaning)
    return None


def _definitions(
    selections: list[Selection], wanted: Wanted, asked: _Asked | None
) -> Iterator[Place]:
    """Give the definitions that are meant; where nothing tells, all of the name."""
    named = Rung.TEXTUAL if asked else Rung.SYNTACTIC
    for selection in selections:
        catalog = selection.snapshot.catalog
        allowed = _allowed(selection)
        if asked and selection is asked.selection:
            stored, rung = asked.meaning.definitions, named
            if asked.meaning.sure:
                rung = Rung.SYNTACTIC
        elif asked and asked.meaning.sure:
            continue
        else:
            stored, rung = tuple(catalog.definitions_named([wanted.name])), named
        for document_id, d in ((s.document_id, s.definition) for s in stored):
            document = catalog.by_id[document_id]
            if allowed is not None and document_id not in allowed:
                continue
            if in_container(d.container, document.path, wanted.container):
                yield Place(selection, document, d.name_line, d.name_column, rung, d)


@dataclass(frozen=True, slots=True)
class _Run:
    """The uses of a name in one document, their places still packed."""

    selection: Selection
    document: Document
    name: str
    packed: bytes

    def __len__(self) -> int:
        return len(self.packed) // PACKED_BYTES

    def places(self, start: int, end: int, meant: set[StoredDefinition]) -> Iterator[Place | None]:
        """Give some of the uses; None for one that surely means another definition."""
        navigator = navigator_of(self.selection.snapshot)
        packed = self.packed[start * PACKED_BYTES : end * PACKED_BYTES]
        for line, column in unpack_positions(packed):
            meaning = navigator.meaning(self.document, self.name, line, column)
            if meaning.sure and meant.isdisjoint(meaning.definitions):
                yield None
            else:
                rung = Rung.SYNTACTIC if meaning.sure else Rung.TEXTUAL
                yield Place(self.selection, self.document, line, column, rung)


class _Uses:
    """The uses of a symbol: counted first, resolved where they are shown."""

    def __init__(self, selections: list[Selection], wanted: Wanted, asked: _Asked | None) -> None:
        definitions = _definitions(selections, wanted, asked)
        self._meant = {
            StoredDefinition(p.document.id, p.definition) for p in definitions if p.definition
        }
        self._runs = list(_runs(selections, wanted, asked))
        self.total = sum(map(len, self._runs))
        self.n_files = len({(id(run.selection), run.document.id) for run in self._runs})

    def __iter__(self) -> Iterator[Place]:
        """Give all uses but those that surely mean another definition."""
        for run in self._runs:
            yield from filter(None, run.places(0, len(run), self._meant))

    def between(self, start: int, end: int) -> Iterator[Place]:
        """Give uses by number, in path and line order; none is left out."""
        before = 0
        for run in self._runs:
            low, high = max(0, start - before), min(len(run), end - before)
            before += len(run)
            if low >= high:
                continue
            kept = run.places(low, high, self._meant)
            packed = run.packed[low * PACKED_BYTES : high * PACKED_BYTES]
            for place, (line, column) in zip(kept, unpack_positions(packed), strict=True):
                yield place or Place(run.selection, run.document, line, column, Rung.TEXTUAL)


def _runs(selections: list[Selection], wanted: Wanted, asked: _Asked | None) -> Iterator[_Run]:
    """Give the uses of the name, and where an import renames it, of the name asked about."""
    name = asked.meaning.name if asked else wanted.name
    for selection in selections:
        catalog, allowed = selection.snapshot.catalog, _allowed(selection)
        home = asked is not None and selection is asked.selection
        if asked and asked.meaning.sure and not home:
            continue
        if asked and home and name != wanted.name:
            places = catalog.uses_in(asked.document.id, wanted.name)
            yield _Run(selection, asked.document, wanted.name, pack_positions(places))
        for document, packed in catalog.packed_occurrences(name):
            if allowed is None or document.id in allowed:
                yield _Run(selection, document, name, packed)


def _allowed(selection: Selection) -> set[int] | None:
    """Give the documents in scope by id; None for all."""
    return None if selection.whole else {document.id for document in selection.documents}


def _nearness(place: Place, wanted: Wanted) -> tuple[object, ...]:
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
