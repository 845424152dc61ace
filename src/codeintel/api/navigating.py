"""Questions about symbols and about history."""

from pathlib import Path

from codeintel.api import history, navigation, precise, symbols
from codeintel.api.questions import EVERYTHING, Questions, positive
from codeintel.types import (
    BlameAnswer,
    HistoryAnswer,
    NavigationAnswer,
    ScipReport,
    Scope,
    SymbolKind,
    SymbolsAnswer,
)


class Navigating(Questions):
    """Definitions, references, blame and history."""

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
        wanted = navigation.symbol_at(
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
        wanted = navigation.symbol_at(
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

    def blame_range(
        self,
        path: str,
        start_line: int = 1,
        end_line: int | None = None,
        *,
        rev: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> BlameAnswer:
        """Tell which commit last changed each line of a range.

        Raises
        ------
        PathNotFoundError, InvalidRangeError, UnknownRevisionError
            There is no such place.
        GitCommandError, GitNotInstalledError, NotARepositoryError, NoCommitsError
            Git cannot tell.
        """
        return history.blame_range(self._context, path, start_line, end_line, rev=rev, scope=scope)

    def file_history(
        self,
        path: str,
        *,
        limit: int = 50,
        cursor: str | None = None,
        rev: str | None = None,
        follow: bool = False,
        since: str | None = None,
        until: str | None = None,
        author: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> HistoryAnswer:
        """List the commits that changed a path, newest first; raises as `blame_range`.

        Parameters
        ----------
        follow
            Go on under the names that the file had before, as git guesses them.
        since, until
            Dates as git reads them.
        author
            Part of the author's name or address.
        """
        return history.file_history(
            self._context,
            path,
            limit=positive("limit", limit),
            cursor=cursor,
            rev=rev,
            follow=follow,
            since=since,
            until=until,
            author=author,
            scope=scope,
        )
