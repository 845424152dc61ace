"""The uses of a symbol: counted first, resolved where they are shown."""

from collections.abc import Iterator, Sequence

from codeintel.api.definitions import Asked, meant, named, shown
from codeintel.api.places import Place
from codeintel.api.scoping import Selection
from codeintel.api.wanted import Wanted
from codeintel.effort import checkpoint
from codeintel.search.navigation import Uses, navigator_of
from codeintel.store.catalog import Document, StoredDefinition
from codeintel.types import Rung
from codeintel.types.packed import pack_positions


class SymbolUses:
    """The uses of a name that can mean a symbol, in path and line order."""

    def __init__(
        self, selections: Sequence[Selection], wanted: Wanted, asked: Asked | None
    ) -> None:
        self._meant: set[StoredDefinition] | None = None
        # By name alone every definition is meant, and nothing to be left out.
        if asked or wanted.container:
            places = meant(selections, wanted, asked) if asked else shown(named(selections, wanted))
            self._meant = {
                StoredDefinition(p.document.id, p.definition) for p in places if p.definition
            }
        self._runs = list(_runs(selections, wanted, asked))
        self.all_meant = self._meant is None
        self.total = sum(len(uses) for _, _, uses in self._runs)
        self.n_files = sum(len(uses.documents) for _, _, uses in self._runs)
        if asked and len(self._runs) > 1:
            # Of a renamed name the file asked from can have two runs.
            self.n_files = len({(id(s), d.id) for s, _, uses in self._runs for d in uses.documents})

    def between(self, start: int, end: int) -> Iterator[tuple[Place, bool]]:
        """Give uses by number, and of each whether it can mean the symbol."""
        before = 0
        for selection, name, uses in self._runs:
            for document, line, column in uses.between(max(0, start - before), end - before):
                checkpoint()
                yield self._judged(selection, document, name, line, column)
            before += len(uses)

    def _judged(
        self, selection: Selection, document: Document, name: str, line: int, column: int
    ) -> tuple[Place, bool]:
        """Resolve one use."""
        meaning = navigator_of(selection.snapshot).meaning(document, name, line, column)
        other = (
            meaning.sure and self._meant is not None and self._meant.isdisjoint(meaning.definitions)
        )
        rung = Rung.SYNTACTIC if meaning.sure and not other else Rung.TEXTUAL
        return Place(selection, document, line, column, rung), not other


def _runs(
    selections: Sequence[Selection], wanted: Wanted, asked: Asked | None
) -> Iterator[tuple[Selection, str, Uses]]:
    """Give the uses of the name, and where an import renames it, of the name asked about."""
    name = asked.meaning.name if asked else wanted.name
    for selection in selections:
        home = asked is not None and selection is asked.selection
        if asked and asked.meaning.sure and not home:
            continue
        if asked and home and name != wanted.name:
            places = selection.snapshot.catalog.uses_in(asked.document.id, wanted.name)
            if places:
                yield selection, wanted.name, Uses.of([(asked.document, pack_positions(places))])
        uses = navigator_of(selection.snapshot).uses_of(name)
        yield selection, name, uses if selection.whole else uses.within(selection.ids)
