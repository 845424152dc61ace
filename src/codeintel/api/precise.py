"""Answers from imported SCIP files: what a compiler says, where the content is still the same."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from codeintel.api.places import Place
from codeintel.api.scoping import Selection, selected
from codeintel.context import ApplicationContext
from codeintel.errors import InputError
from codeintel.index.scip import LineMap, import_scip
from codeintel.search.navigation import navigator_of
from codeintel.store.catalog import Document
from codeintel.store.scip import PreciseFile, ScipStore
from codeintel.types import Definition, Rung, ScipReport, Scope


def import_file(context: ApplicationContext, file: Path, *, scope: Scope) -> ScipReport:
    """See `CodeIntel.import_scip`."""
    with selected(context, Scope(repo=scope.repo)) as selections:
        if len(selections) != 1:
            raise InputError(
                f"A SCIP file belongs to one repository, and {len(selections)} are served.",
                cure="Name the repository.",
            )
        (selection,) = selections
        store = selection.repository.store
        report = import_scip(selection.repository.name, file, selection.snapshot, store.root)
    # Answers that were given before are outdated now, as after a new generation.
    os.utime(store.manifest_path)
    return report


@dataclass(frozen=True, slots=True)
class PreciseAnswer:
    """The places of a symbol, in path and line order."""

    definitions: list[Place] = field(default_factory=list)
    references: list[Place] = field(default_factory=list)


def precise_answer(
    selection: Selection, document: Document, line: int, column: int
) -> PreciseAnswer | None:
    """Give the places of the symbol at a place; None where no SCIP file tells where it is defined.

    `column` is that of the name's first character.
    """
    with ScipStore.opened(selection.repository.store.root) as store:
        file = store.file(document.path) if store else None
        if store is None or file is None:
            return None
        carrier = _Carrier(store, selection)
        at, asked = carrier.to_imported(file, document, line)
        answer = PreciseAnswer()
        for symbol in store.symbols_at(file, at, column) if at else ():
            for place, is_definition in carrier.places_of(symbol, asked):
                (answer.definitions if is_definition else answer.references).append(place)
        return answer if answer.definitions else None


class _Carrier:
    """Carries places from the content that was imported to the content that is indexed."""

    def __init__(self, store: ScipStore, selection: Selection) -> None:
        self._store = store
        self._selection = selection
        self._maps: dict[int, LineMap] = {}

    def to_imported(
        self, file: PreciseFile, document: Document, line: int
    ) -> tuple[int | None, Rung]:
        """Give the line in the imported content, and how surely."""
        if file.blob == document.blob:
            return line, Rung.PRECISE
        return self._map(file, document).to_old(line), Rung.PRECISE_MAPPED

    def places_of(self, symbol: int, asked: Rung) -> Iterator[tuple[Place, bool]]:
        """Give a symbol's places in the indexed content, and whether each is a definition."""
        catalog = self._selection.snapshot.catalog
        for file, places in self._store.places_of(symbol):
            document = catalog.by_path.get(file.path)
            if document is None or not self._selection.has(document.id):
                continue
            same = file.blob == document.blob
            rung = asked if same else Rung.PRECISE_MAPPED
            for place in places:
                line = place.line if same else self._map(file, document).to_new(place.line)
                if line is None:
                    continue
                definition = None
                if place.is_definition:
                    definition = self._definition(document, line, place.column)
                yield (
                    Place(self._selection, document, line, place.column, rung, definition),
                    place.is_definition,
                )

    def _definition(self, document: Document, line: int, column: int) -> Definition | None:
        """Give the signature and doc of a definition, where the syntax tells of it, too."""
        around = navigator_of(self._selection.snapshot).outline_of(document.id).around(line)
        return next((d for d in around if (d.name_line, d.name_column) == (line, column)), None)

    def _map(self, file: PreciseFile, document: Document) -> LineMap:
        """Compare the imported with the indexed content of a file, once a question."""
        if file.id not in self._maps:
            text = self._selection.snapshot.text_of(document.id)
            self._maps[file.id] = LineMap(self._store.text_of(file), text)
        return self._maps[file.id]
