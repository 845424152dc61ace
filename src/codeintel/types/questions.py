"""What a question is about."""

from typing import Literal

from msgspec import Struct


class Scope(Struct, frozen=True, kw_only=True):
    """The part of the served repositories that a question is about.

    Attributes
    ----------
    repo
        Name of one repository; None for all of them.
    include_globs, exclude_globs
        Path globs (``**``, ``*``, ``?``, ``[a-z]``, ``{a,b}``); a bare folder means all below it.
        Nothing included means everything is.
    languages
        Language names as `codeintel status` lists them.
    """

    repo: str | None = None
    include_globs: tuple[str, ...] = ()
    exclude_globs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()


class FileFilter(Struct, frozen=True, kw_only=True):
    """Files by what the index knows of them beside their paths.

    Attributes
    ----------
    min_bytes, max_bytes
        Size on disk, both included.
    modified_since
        Date or time, ISO 8601 (UTC where it names no zone), of the last change before indexing.
    """

    min_bytes: int | None = None
    max_bytes: int | None = None
    modified_since: str | None = None


CaseRule = Literal["smart", "sensitive", "ignore"]
PathOrder = Literal["path", "size", "modified"]
TextMode = Literal["lines", "files", "count"]
FileKind = Literal["code", "tests", "docs"]
