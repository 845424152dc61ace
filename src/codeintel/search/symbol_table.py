"""Finds definitions by name in one generation, whatever their number."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice, repeat
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
# With more documents changed than this share, all uses are counted anew.
_MOST_CHANGED = 0.25
_ROWS_AT_ONCE = 50_000
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


class _Definitions(NamedTuple):
    """Definitions as columns of one length; names and containers as objects."""

    row_id: NDArray[np.int64]
    document: NDArray[np.int64]
    name: NDArray[np.object_]
    kind: NDArray[np.uint8]
    line: NDArray[np.int32]
    container: NDArray[np.object_]
    private: NDArray[np.bool_]

    @classmethod
    def of(cls, rows: Iterable[tuple[Any, ...]]) -> "_Definitions":
        """Take the columns of `DefinitionRow`s, some rows at a time: a million are 500 MB."""
        left = iter(rows)
        parts = [cls._of_columns([()] * len(DefinitionRow._fields))]
        while some := list(islice(left, _ROWS_AT_ONCE)):
            parts.append(cls._of_columns(list(zip(*some, strict=True))))
        return cls.joined(parts)

    @classmethod
    def _of_columns(cls, columns: Sequence[tuple[Any, ...]]) -> "_Definitions":
        ids, documents, names, kinds, lines, containers, public = columns
        n = len(ids)
        return cls(
            np.fromiter(ids, np.int64, n),
            np.fromiter(documents, np.int64, n),
            np.fromiter(names, np.object_, n),
            np.fromiter(map(_KINDS.__getitem__, kinds), np.uint8, n),
            np.fromiter(lines, np.int32, n),
            np.fromiter(map(intern, containers), np.object_, n),
            ~np.fromiter(public, np.bool_, n),
        )

    @classmethod
    def joined(cls, parts: Sequence["_Definitions"]) -> "_Definitions":
        columns: Iterable[Any] = zip(*parts, strict=True)
        return cls._make(np.concatenate(column) for column in columns)

    def at(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "_Definitions":
        return _Definitions._make(column[chosen] for column in self)


class SymbolTable:
    """All definitions of a generation in arrays, ordered by name.

    Parameters
    ----------
    before
        The table of an older generation: only documents that it does not have are read.
    """

    _names: NameTable
    _numbers: dict[str, int]

    def __init__(self, snapshot: Snapshot, before: "SymbolTable | None" = None) -> None:
        catalog = snapshot.catalog
        self._paths = [document.path for document in catalog.documents]
        self._ranks = {document.id: rank for rank, document in enumerate(catalog.documents)}
        self._spans = catalog.definition_spans()
        definitions = self._read(snapshot, before)
        names = set(definitions.name.tolist())
        if before and before._numbers.keys() == names:
            self._names, self._numbers = before._names, before._numbers
        else:
            self._names = NameTable(names)
            self._numbers = {name: number for number, name in enumerate(self._names.names)}
        n = len(definitions.name)
        number = np.fromiter(map(self._numbers.__getitem__, definitions.name), np.int64, n)
        order = np.lexsort((definitions.row_id, number))
        # All definitions of a name share its text.
        shared = np.fromiter(self._names.names, np.object_, len(self._names.names))[number]
        self._definitions = definitions = definitions._replace(name=shared).at(order)
        self._bounds = np.searchsorted(number[order], np.arange(len(self._numbers) + 1))
        self._document = catalog.positions_of(definitions.document).astype(np.int32)
        self._uses = self._count_uses(snapshot, before)
        headings = [_KINDS[SymbolKind.SECTION], _KINDS[SymbolKind.KEY]]
        self._penalty = 0.02 * definitions.private + 0.04 * np.isin(definitions.kind, headings)
        aside = np.asarray([path_traits(path).aside for path in self._paths], bool)
        if n:
            self._penalty += 0.03 * aside[self._document]

    def _read(self, snapshot: Snapshot, before: "SymbolTable | None") -> _Definitions:
        """Read the definitions of the documents that changed, and take over all others."""
        catalog = snapshot.catalog
        if before is None:
            return _Definitions.of(catalog.definition_rows())
        spans = before._spans
        changed = [
            document for document, span in self._spans.items() if spans.get(document) != span
        ]
        kept_documents = np.fromiter(self._spans.keys() - set(changed), np.int64)
        kept = before._definitions.at(np.isin(before._definitions.document, kept_documents))
        return _Definitions.joined((kept, _Definitions.of(catalog.definition_rows(changed))))

    def _count_uses(self, snapshot: Snapshot, before: "SymbolTable | None") -> NDArray[np.int64]:
        """Count the uses of each name, by what came and went where that is little."""
        catalog, names = snapshot.catalog, self._names.names
        counts = self._recount_uses(snapshot, before) if before else None
        if counts is None:
            counts = catalog.use_counts()
        return np.fromiter(map(counts.get, names, repeat(0)), np.int64, len(names))

    def _recount_uses(self, snapshot: Snapshot, before: "SymbolTable") -> dict[str, int] | None:
        """Count by the documents that came and went; None where that is too much, or unknown."""
        came = list(self._ranks.keys() - before._ranks.keys())
        went = list(before._ranks.keys() - self._ranks.keys())
        if len(came) + len(went) > _MOST_CHANGED * len(self._ranks):
            return None
        more, fewer = snapshot.catalog.use_counts_in(came), snapshot.catalog.use_counts_in(went)
        if more is None or fewer is None:
            return None
        counts = dict(zip(before._names.names, before._uses.tolist(), strict=True))
        for name in (more.keys() | fewer.keys()) & counts.keys():
            counts[name] += more[name] - fewer[name]
        # Used before, perhaps, but not defined, and so not counted.
        new = list(self._numbers.keys() - before._numbers.keys())
        return counts | snapshot.catalog.use_counts_of(new)

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
        order = np.lexsort((self._definitions.line[at], self._document[at], -uses, -score))[:most]
        best = [
            FoundSymbol(
                -float(score[i]),
                -int(uses[i]),
                self._paths[self._document[at[i]]],
                int(self._definitions.line[at[i]]),
                int(self._definitions.row_id[at[i]]),
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
            kept &= self._definitions.kind[at] == _KINDS[kind]
        if among is not None:
            allowed = np.zeros(len(self._paths), bool)
            allowed[[self._ranks[document] for document in among]] = True
            kept &= allowed[self._document[at]]
        if accept is not None:
            for i in checked(np.flatnonzero(kept)):
                kept[i] = accept(
                    self._definitions.container[at[i]], self._paths[self._document[at[i]]]
                )
        return kept


def symbol_table_of(snapshot: Snapshot) -> SymbolTable:
    """Give the table of a generation, made on first use."""
    return snapshot.derived("symbols", lambda before: SymbolTable(snapshot, before))
