"""The error tree.

::

    CodeIntelError
    ├── InputError                 the caller can mend it
    │   ├── PathNotFoundError      (also a FileNotFoundError)
    │   ├── PathOutsideRepositoryError
    │   ├── NotTextError
    │   ├── InvalidRangeError
    │   ├── InvalidQueryError
    │   ├── InvalidPatternError
    │   ├── InvalidGlobError
    │   ├── InvalidCursorError
    │   ├── UnknownLanguageError
    │   ├── UnknownRepositoryError
    │   ├── UnknownRevisionError
    │   ├── UnknownSymbolError
    │   ├── InvalidScopeError
    │   └── InvalidVectorsError
    ├── RepositoryError            git or the repository itself
    │   ├── GitNotInstalledError
    │   ├── GitCommandError
    │   ├── NotARepositoryError
    │   ├── NoCommitsError
    │   └── UnsafeRepositoryError
    ├── IndexStateError            the index on disk
    │   ├── IndexMissingError
    │   ├── IndexLockedError
    │   ├── IndexCorruptError
    │   ├── IndexVersionError
    │   ├── MigrationError
    │   └── StorageError           full, read-only, no permission
    ├── EmbeddingError             the embedding server or model
    │   ├── EmbeddingUnavailableError
    │   ├── EmbeddingRefusedError
    │   ├── EmbeddingMismatchError
    │   └── EmbeddingClosedError
    ├── LoadError                  the server's own limits
    │   ├── BusyError
    │   └── DeadlineExceededError
    └── ConfigurationError

Foreign exceptions are translated into these once, in the module that calls the foreign code.
"""

from collections.abc import Sequence
from typing import ClassVar


class CodeIntelError(Exception):
    """Base of all errors that CodeIntel raises on purpose.

    Parameters
    ----------
    message
        What is wrong, naming the value.
    cure
        What the caller can do about it, one sentence.
    suggestions
        Nearest valid values, best first.
    """

    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, cure: str = "", suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure
        self.suggestions = tuple(suggestions)

    def __str__(self) -> str:
        text = self.message
        if self.suggestions:
            text += f" Nearest: {', '.join(self.suggestions)}."
        if self.cure:
            text += f" {self.cure}"
        return text


class InputError(CodeIntelError):
    """An argument that the caller can mend."""

    code = "invalid_input"


class PathNotFoundError(InputError, FileNotFoundError):
    """No such path in the repository or revision."""

    code = "path_not_found"


class PathOutsideRepositoryError(InputError):
    """The path leads out of the repository (``..``, absolute, or by symbolic link)."""

    code = "path_outside_repository"


class NotTextError(InputError):
    """The file is binary, or in no encoding that can be read as text."""

    code = "not_text"


class InvalidRangeError(InputError):
    """A line range that is reversed, below 1 or past the end."""

    code = "invalid_range"


class InvalidQueryError(InputError):
    """An empty or too long query."""

    code = "invalid_query"


class InvalidPatternError(InputError):
    """A regular expression that does not compile or is not supported."""

    code = "invalid_pattern"


class InvalidGlobError(InputError):
    """A path glob that does not compile."""

    code = "invalid_glob"


class InvalidCursorError(InputError):
    """A page cursor that was not issued here, or for another query or generation."""

    code = "invalid_cursor"


class UnknownLanguageError(InputError):
    """A language name that CodeIntel does not know."""

    code = "unknown_language"


class UnknownRepositoryError(InputError):
    """A repository name that is not served."""

    code = "unknown_repository"


class UnknownRevisionError(InputError):
    """A revision that git cannot resolve to a commit."""

    code = "unknown_revision"


class UnknownSymbolError(InputError):
    """No symbol of that name or at that position."""

    code = "unknown_symbol"


class InvalidScopeError(InputError):
    """A scope that selects nothing, was not issued here, or has expired."""

    code = "invalid_scope"


class InvalidVectorsError(InputError):
    """Vectors or ids of a wrong shape, type or value."""

    code = "invalid_vectors"


class RepositoryError(CodeIntelError):
    """Git or the repository cannot do what was asked."""

    code = "repository_error"


class GitNotInstalledError(RepositoryError):
    """The ``git`` program is not on the PATH."""

    code = "git_not_installed"


class GitCommandError(RepositoryError):
    """A git process failed; carries its exit status and standard error."""

    code = "git_failed"

    def __init__(
        self, message: str, *, status: int | None = None, stderr: str = "", cure: str = ""
    ) -> None:
        super().__init__(message, cure=cure)
        self.status = status
        self.stderr = stderr


class NotARepositoryError(RepositoryError):
    """The folder is in no git repository."""

    code = "not_a_repository"


class NoCommitsError(RepositoryError):
    """The repository has no commits yet (unborn HEAD)."""

    code = "no_commits"


class UnsafeRepositoryError(RepositoryError):
    """The repository belongs to another user and was not declared safe."""

    code = "unsafe_repository"


class IndexStateError(CodeIntelError):
    """The index on disk cannot be used as it is."""

    code = "index_error"


class IndexMissingError(IndexStateError):
    """There is no index yet."""

    code = "index_missing"


class IndexLockedError(IndexStateError):
    """Another process is writing this index."""

    code = "index_locked"


class IndexCorruptError(IndexStateError):
    """A file of the index is truncated, changed or missing."""

    code = "index_corrupt"


class IndexVersionError(IndexStateError):
    """The index was written by a newer version of CodeIntel."""

    code = "index_version"


class MigrationError(IndexStateError):
    """An older deployment cannot be taken over without loss, or there is nothing to take back."""

    code = "migration"


class StorageError(IndexStateError):
    """The disk is full or read-only, or permission is missing."""

    code = "storage"


class EmbeddingError(CodeIntelError):
    """Vectors could not be computed."""

    code = "embedding_error"


class EmbeddingUnavailableError(EmbeddingError):
    """The embedding server does not answer."""

    code = "embedding_unavailable"


class EmbeddingRefusedError(EmbeddingError):
    """The embedding server refused a text or the request."""

    code = "embedding_refused"


class EmbeddingMismatchError(EmbeddingError):
    """The server's answer is of another model or dimension, or not finite."""

    code = "embedding_mismatch"


class EmbeddingClosedError(EmbeddingError):
    """The embedder was used after it was closed."""

    code = "embedding_closed"


class LoadError(CodeIntelError):
    """The server's limits were reached."""

    code = "overloaded"


class BusyError(LoadError):
    """Too many requests wait already; retry after `retry_after_s` seconds."""

    code = "busy"

    def __init__(self, message: str, *, retry_after_s: float = 1.0, cure: str = "") -> None:
        super().__init__(message, cure=cure)
        self.retry_after_s = retry_after_s


class DeadlineExceededError(LoadError):
    """The work did not end within its time limit."""

    code = "deadline_exceeded"


class ConfigurationError(CodeIntelError):
    """A setting has an impossible value."""

    code = "configuration"
