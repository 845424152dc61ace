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


CaseRule = Literal["smart", "sensitive", "ignore"]
TextMode = Literal["lines", "files", "count"]
FileKind = Literal["code", "tests", "docs"]
