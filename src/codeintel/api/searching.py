"""Questions that search, list and read files."""

from collections.abc import Sequence

from codeintel.api import files, paths, semantic, similar, text
from codeintel.api.questions import EVERYTHING, Questions, positive
from codeintel.search.text import TextOptions
from codeintel.search.text_pattern import TextQuery
from codeintel.types import (
    CaseRule,
    FileAnswer,
    FileFilter,
    FileKind,
    PathOrder,
    PathsAnswer,
    Scope,
    SearchAnswer,
    TextAnswer,
    TextMode,
)


class Searching(Questions):
    """Semantic and exact search, listing and reading."""

    def semantic_search(
        self,
        query: str,
        *,
        limit: int = 10,
        per_file: int | None = None,
        files: FileKind | None = None,
        prefer_recent: bool = False,
        max_tokens: int = 4_000,
        explain: bool = False,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> SearchAnswer:
        """Find the code that a question or a name is about, best first.

        Parameters
        ----------
        limit
            Hits on a page, 1 to 1,000.
        per_file
            Hits of one file at most. By default further ones follow only where they are much
            better than what other files have.
        files
            Only ``code``, only ``tests``, or only ``docs`` (texts for people); all by default.
        prefer_recent
            Raise the score of files by up to a half, the more the newer their last change is.
        max_tokens
            Budget for the text of all hits of the page.
        explain
            Tell each signal's share of the score.

        Raises
        ------
        InvalidQueryError
            The query is empty or longer than 10,000 characters.
        """
        return semantic.semantic_search(
            self._context,
            query,
            limit=positive("limit", limit),
            per_file=None if per_file is None else positive("per_file", per_file),
            files=files,
            prefer_recent=prefer_recent,
            max_tokens=max_tokens,
            explain=explain,
            cursor=cursor,
            scope=scope,
        )

    def similar_code(
        self,
        path: str,
        line: int,
        *,
        limit: int = 10,
        max_tokens: int = 4_000,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> SearchAnswer:
        """Find code like the function, or part of a file, at a line; most alike first.

        Parameters
        ----------
        scope
            Where to look; the place itself may lie outside its globs, not outside its `repo`.

        Raises
        ------
        PathNotFoundError
            Names the nearest indexed paths.
        InvalidRangeError
            The file has no such line.
        """
        return similar.similar_code(
            self._context,
            path,
            line,
            limit=positive("limit", limit),
            max_tokens=positive("max_tokens", max_tokens, None),
            cursor=cursor,
            scope=scope,
        )

    def search_text(
        self,
        pattern: str,
        *,
        regex: bool = False,
        case: CaseRule = "smart",
        word: bool = False,
        multiline: bool = False,
        context_lines: int = 0,
        mode: TextMode = "lines",
        limit: int = 100,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> TextAnswer:
        """Find every line that holds a text or matches a regular expression, as the files are now.

        Parameters
        ----------
        case
            ``smart`` ignores case unless the pattern has an upper-case letter.
        word
            Only whole words.
        mode
            ``lines``, only the ``files`` that match, or only their ``count``.
        limit
            Matching lines (files for the other modes) on a page, 1 to 1,000.

        Raises
        ------
        InvalidQueryError
            The pattern is empty or too long.
        InvalidPatternError
            The regular expression does not compile.
        """
        return text.search_text(
            self._context,
            TextQuery(pattern, regex, case, word, multiline),
            TextOptions(mode, context_lines, positive("limit", limit)),
            cursor=cursor,
            scope=scope,
        )

    def list_paths(
        self,
        *,
        tree: bool = False,
        skipped: bool = False,
        min_bytes: int | None = None,
        max_bytes: int | None = None,
        modified_since: str | None = None,
        order: PathOrder = "path",
        limit: int = 200,
        cursor: str | None = None,
        scope: Scope = EVERYTHING,
    ) -> PathsAnswer:
        """List the indexed files in scope.

        Parameters
        ----------
        tree
            Folders with their numbers of files and sizes instead of files.
        skipped
            The files that are not indexed, with the reason, instead of those that are.
        min_bytes, max_bytes, modified_since
            See `FileFilter`.
        order
            By path, or the files of largest ``size`` or last ``modified`` first.

        Raises
        ------
        InputError
            `modified_since` is no time, or the index is of a revision, whose files have none.
        """
        return paths.list_paths(
            self._context,
            tree=tree,
            skipped=skipped,
            file=FileFilter(
                min_bytes=min_bytes, max_bytes=max_bytes, modified_since=modified_since
            ),
            order=order,
            limit=positive("limit", limit),
            cursor=cursor,
            scope=scope,
        )

    def open_file(
        self,
        path: str,
        *,
        start_line: int | None = None,
        end_line: int | None = None,
        ranges: Sequence[tuple[int, int | None]] = (),
        ref: str | None = None,
        max_tokens: int = 4_000,
        max_bytes: int | None = None,
        scope: Scope = EVERYTHING,
    ) -> FileAnswer:
        """Read lines of a file as it is now, or as it was at the revision `ref`.

        Parameters
        ----------
        ranges
            Several runs of lines (first and last, None for the end), instead of `start_line` and
            `end_line`.
        max_tokens, max_bytes
            Budget for the text of all ranges together; whichever is reached first.

        Raises
        ------
        PathNotFoundError
            Names the nearest paths.
        PathOutsideRepositoryError
            The path is absolute, has ``..``, or leads out by a symbolic link.
        NotTextError
            The file is binary, or looks like a secret.
        InvalidRangeError
            The range is reversed or not in the file.
        UnknownRevisionError
            Git cannot resolve `ref`.
        """
        return files.open_file(
            self._context,
            path,
            start_line=start_line,
            end_line=end_line,
            ranges=ranges,
            ref=ref,
            max_tokens=positive("max_tokens", max_tokens, None),
            max_bytes=None if max_bytes is None else positive("max_bytes", max_bytes, None),
            scope=scope,
        )
