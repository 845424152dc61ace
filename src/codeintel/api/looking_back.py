"""Questions about git history."""

from codeintel.api import history
from codeintel.api.questions import EVERYTHING, Questions, positive
from codeintel.types import AuthorsAnswer, BlameAnswer, HistoryAnswer, RelatedAnswer, Scope


class LookingBack(Questions):
    """Blame, history, and what follows from them."""

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
            ISO 8601 dates or times (UTC where no zone is given), both included.
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

    def range_history(
        self,
        path: str,
        start_line: int | None = None,
        end_line: int | None = None,
        *,
        symbol: str | None = None,
        limit: int = 20,
        rev: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> HistoryAnswer:
        """List the commits that changed some lines, newest first, as ``git log -L`` follows them.

        Git itself answers, so it takes as long as git takes; raises as `blame_range`.

        Parameters
        ----------
        start_line, end_line
            Without `rev` the lines of the working tree; the whole file by default.
        symbol
            A definition of the file, such as ``parse`` or ``Parser.parse``, instead of lines: those
            that the index has of it. The first one where several have that name.

        Raises
        ------
        UnknownSymbolError
            The file defines no such symbol.
        """
        return history.range_history(
            self._context,
            path,
            start_line,
            end_line,
            symbol=symbol,
            limit=positive("limit", limit),
            rev=rev,
            scope=scope,
        )

    def related_files(
        self,
        path: str,
        *,
        limit: int = 10,
        rev: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> RelatedAnswer:
        """List the files that change in the same commits as one; raises as `blame_range`.

        The newest 500 commits of the file count, but merges and commits of more than 50 files.
        """
        return history.related_files(
            self._context, path, limit=positive("limit", limit), rev=rev, scope=scope
        )

    def file_authors(
        self, path: str, *, rev: str | None = None, scope: Scope = EVERYTHING
    ) -> AuthorsAnswer:
        """Tell the last change of a file or folder and its authors; raises as `blame_range`.

        The newest 500 commits of the path count.
        """
        return history.file_authors(self._context, path, rev=rev, scope=scope)
