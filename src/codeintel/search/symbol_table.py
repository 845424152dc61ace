"""Finds definitions by name in one generation, whatever their number."""

from collections.abc import Callable
from sys import intern
from typing import Any, NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from codeintel.effort import checked
from codeintel.index.snapshot import Snapshot
from codeintel.search.signals import path_traits
from codeintel.search.symbols import NameTable, match_names
from codeintel.store.catalog import DefinitionRow
from codeintel.types import SymbolKind

# Where so many names begin with what was typed, the shortest of them are the answer. Filters can
# leave none of these, so with filters all names are looked at.
_MAX_NAMES = 500
_NOTHING: list[tuple[Any, ...]] = [()] * len(DefinitionRow._fields)
_KINDS = {kind.value: number for number, kind in enumerate(SymbolKind)}


class FoundSymbol(Struct, frozen=True, order=True):
    """A definition that matches, to be ordered: the best first."""

    minus_score: float
    minus_uses: int
    path: str
    start_line: int
    row_id: int


class FoundSymbols(NamedTuple):
    """The best definitions and the number of all; a lower bound where not `complete`."""

    best: list[FoundSymbol]
    total: int
    complete: bool


class SymbolTable:
    """All definitions of a generation in arrays, ordered by name."""

    def __init__(self, snapshot: Snapshot) -> None:
        catalog = snapshot.catalog
        self._paths = [document.path for document in catalog.documents]
        ranks = {document.id: rank for rank, document in enumerate(catalog.documents)}
        self._ranks = ranks
        columns = list(zip(*catalog.definition_rows(), strict=True)) or [()] * len(
            DefinitionRow._fields
        )
        ids, documents, names, kinds, lines, containers, public = columns
        self._names = NameTable(set(names))
        numbers = {name: number for number, name in enumerate(self._names.names)}
        n = len(ids)
        name = np.fromiter(map(numbers.__getitem__, names), np.int64, n)
        order = np.argsort(name, kind="stable")
        self._containers = [intern(containers[at]) for at in order.tolist()]
        self._row_ids = np.fromiter(ids, np.int64, n)[order]
        self._document = np.fromiter(map(ranks.__getitem__, documents), np.int32, n)[order]
        self._line = np.fromiter(lines, np.int32, n)[order]
        self._kind = np.fromiter(map(_KINDS.__getitem__, kinds), np.uint8, n)[order]
        private = ~np.fromiter(public, bool, n)[order]
        self._bounds = np.searchsorted(name[order], np.arange(len(numbers) + 1))
        self._numbers = numbers
        uses = catalog.use_counts()
        self._uses = np.asarray([uses.get(each, 0) for each in self._names.names], np.int64)
        aside = np.asarray([path_traits(path).aside for path in self._paths], bool)
        headings = [_KINDS[SymbolKind.SECTION], _KINDS[SymbolKind.KEY]]
        self._penalty = 0.02 * private + 0.04 * np.isin(self._kind, headings)
        if n:
            self._penalty += 0.03 * aside[self._document]

    def names_alike(self, name: str, least_ratio: float) -> list[str]:
        """Give the names that can have so many letters in common with another one, and more."""
        return self._names.alike(name.lower(), least_ratio)

    def find(
        self,
        name: str,
        *,
        kind: SymbolKind | None,
        among: set[int] | None,
        accept: Callable[[str, str], bool] | None,
        most: int,
    ) -> FoundSymbols:
        """Give the best definitions whose name matches, and the number of all.

        Parameters
        ----------
        among
            Ids of the documents to look in; None for all.
        accept
            Told a definition's container and path; None accepts all.
        """
        filtered = kind is not None or among is not None or accept is not None
        scores, complete = match_names(name, self._names, None if filtered else _MAX_NAMES)
        numbers = np.asarray([self._numbers[found] for found in scores], np.int64)
        sizes = self._bounds[numbers + 1] - self._bounds[numbers]
        at = np.repeat(self._bounds[numbers] - np.cumsum(sizes) + sizes, sizes)
        at += np.arange(len(at))
        score = np.repeat(np.fromiter(scores.values(), float, len(scores)), sizes)
        score -= self._penalty[at]
        uses = np.repeat(self._uses[numbers], sizes)
        kept = self._kept(at, kind, among, accept)
        at, score, uses = at[kept], score[kept], uses[kept]
        order = np.lexsort((self._line[at], self._document[at], -uses, -score))[:most]
        best = [
            FoundSymbol(
                -float(score[i]),
                -int(uses[i]),
                self._paths[self._document[at[i]]],
                int(self._line[at[i]]),
                int(self._row_ids[at[i]]),
            )
            for i in order
        ]
        return FoundSymbols(best, len(at), complete)

    def _kept(
        self,
        at: NDArray[np.int64],
        kind: SymbolKind | None,
        among: set[int] | None,
        accept: Callable[[str, str], bool] | None,
    ) -> NDArray[np.bool_]:
        """Tell which definitions pass the filters."""
        kept = np.ones(len(at), bool)
        if kind is not None:
            kept &= self._kind[at] == _KINDS[kind]
        if among is not None:
            allowed = np.zeros(len(self._paths), bool)
            allowed[[self._ranks[document] for document in among]] = True
            kept &= allowed[self._document[at]]
        if accept is not None:
            for i in checked(np.flatnonzero(kept)):
                kept[i] = accept(self._containers[at[i]], self._paths[self._document[at[i]]])
        return kept


def symbol_table_of(snapshot: Snapshot) -> SymbolTable:
    """Give the table of a generation, made on first use."""
    return snapshot.cached("symbols", lambda: SymbolTable(snapshot))
