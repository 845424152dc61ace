"""What the grammars do not say: each language's conventions, as data."""

import re
from typing import Final

from msgspec import Struct


class Conventions(Struct, frozen=True):
    """Conventions of one language.

    Attributes
    ----------
    wrappers
        Node types whose span is that of the definition in them (decorators, ``export``).
    groups
        The same where the definition is the only one in it (``type ( … )``).
    constructors
        Names of methods that make an object.
    private
        Found in the head of a definition (from its start to the end of its name, on one line)
        where others are not meant to use it.
    """

    wrappers: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    constructors: frozenset[str] = frozenset()
    private: re.Pattern[str] | None = None


def _conventions(
    wrappers: str = "", groups: str = "", constructors: str = "", private: str = ""
) -> Conventions:
    """A row of the table below; lists are separated by blanks."""
    return Conventions(
        frozenset(wrappers.split()),
        frozenset(groups.split()),
        frozenset(constructors.split()),
        re.compile(private) if private else None,
    )


_JAVASCRIPT: Final = _conventions(
    "export_statement",
    "lexical_declaration variable_declaration",
    "constructor",
    r"\b(?:private|protected)\b|[#_][\w$]*$",
)
_C: Final = _conventions("template_declaration", "", "", r"^(?:.*\s)?static\s")
_NONE: Final = Conventions()

_TABLE: Final = {
    "python": _conventions(
        "decorated_definition", "", "__init__ __new__", r"(?<!\w)_(?!_\w+__$)\w*$"
    ),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "tsx": _JAVASCRIPT,
    "go": _conventions(
        "", "type_declaration const_declaration var_declaration", "", r"\b[a-z_]\w*$"
    ),
    "c": _C,
    "cpp": _C,
}


def conventions(language: str) -> Conventions:
    """Conventions of a language; empty where none are known."""
    return _TABLE.get(language, _NONE)
