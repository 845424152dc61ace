"""Questions about symbols."""

from pathlib import Path

from codeintel.api import navigation, precise, symbols
from codeintel.api.questions import EVERYTHING, Questions, positive
from codeintel.api.wanted import symbol_at
from codeintel.types import (
    NavigationAnswer,
    ScipReport,
    Scope,
    SymbolKind,
    SymbolsAnswer,
)


class Navigating(Questions):
    """Definitions and references."""

    def symbol_search(
        self,
        query: str,
        *,
        kind: SymbolKind | None = None,
        limit: int = 50,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> SymbolsAnswer:
        """Find definitions by name: exact, beginning, humps, part, letters in order, typo.

        Raises
        ------
        InvalidQueryError
            The query is empty or too long.
        """
        return symbols.symbol_search(
            self._context,
            query,
            kind=kind,
            limit=positive("limit", limit),
            cursor=cursor,
            scope=scope,
        )

    def outline(self, path: str, *, scope: Scope = EVERYTHING) -> SymbolsAnswer:
        """List what a file defines, in file order; raises as `open_file`."""
        return symbols.outline(self._context, path, scope=scope)

    def definition_at(
        self,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        symbol: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> NavigationAnswer:
        """Find where the symbol at a position, or of a name, is defined; nearest first.

        Parameters
        ----------
        symbol
            A name, perhaps with its container (``Session.send``); a `path` beside it ranks
            what is near that file first.

        Raises
        ------
        UnknownSymbolError
            No such name is defined or used; names the nearest.
        InvalidRangeError, PathNotFoundError
            There is no such position.
        """
        wanted = symbol_at(
            self._context, path=path, line=line, column=column, symbol=symbol, scope=scope
        )
        return navigation.definition_at(
            self._context, wanted, limit=positive("limit", limit), cursor=cursor, scope=scope
        )

    def references_at(
        self,
        *,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        symbol: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> NavigationAnswer:
        """Find where the symbol at a position, or of a name, is used; see `definition_at`."""
        wanted = symbol_at(
            self._context, path=path, line=line, column=column, symbol=symbol, scope=scope
        )
        return navigation.references_at(
            self._context, wanted, limit=positive("limit", limit), cursor=cursor, scope=scope
        )

    def import_scip(self, file: Path, *, scope: Scope = EVERYTHING) -> ScipReport:
        """Take over the places of a SCIP file; definitions and references are precise from then on.

        Raises
        ------
        InputError
            The file is no SCIP file, or the scope selects several repositories.
        StorageError, IndexCorruptError
            The index folder cannot be written.
        """
        return precise.import_file(self._context, file, scope=scope)
