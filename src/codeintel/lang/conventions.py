"""What the grammars do not say: each language's conventions, as data."""

import re
from typing import Final

from msgspec import Struct


class Conventions(Struct, frozen=True, kw_only=True):
    """Conventions of one language.

    Attributes
    ----------
    heads
        Node types around a captured node that belong to the definition (a declarator's function).
    groups
        The same, where the definition is the only one in it (``type ( … )``).
    wrappers
        Node types whose lines belong to the definition, but not to its signature (decorators).
    constructors
        Names of methods that make an object, beside the name of their class.
    private
        Found in the head of a definition (from its start to the end of its name, on one line)
        where others are not meant to use it.
    clauses
        Whether definitions of one name that follow each other are one (equations of a function).
    blocks
        Node types whose variables only their block knows, where no named function is around it
        (the block given to a call).
    quotes
        Marks that may stand around a name and are no part of it.
    marks
        What stands between a thing and a member of it.
    own
        Names by which a method knows its object or its class.
    bare_members
        Whether a method may use the members of its class by their names alone.
    """

    heads: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    wrappers: frozenset[str] = frozenset()
    constructors: frozenset[str] = frozenset()
    private: re.Pattern[str] | None = None
    clauses: bool = False
    blocks: frozenset[str] = frozenset()
    quotes: str = "\"'`"
    marks: tuple[str, ...] = (".", "?.", "::")
    own: frozenset[str] = frozenset({"self", "cls", "this", "super", "Self", "@", "__class__"})
    bare_members: bool = True


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_JAVASCRIPT: Final = Conventions(
    groups=_names("lexical_declaration variable_declaration"),
    wrappers=_names("export_statement ambient_declaration expression_statement"),
    constructors=_names("constructor"),
    private=re.compile(r"\b(?:private|protected)\b|[#_][\w$]*$"),
    bare_members=False,
)
_DECLARATORS: Final = _names(
    "pointer_declarator reference_declarator function_definition declaration field_declaration"
)
_NOT_PUBLIC: Final = re.compile(r"^(?!.*\b(?:public|protected|namespace)\b)")
_NOT_PUB: Final = re.compile(r"^(?!.*\b(?:pub|export)\b)")
_POINTED: Final = (".", "->", "::")
_NONE: Final = Conventions()

_TABLE: Final = {
    "python": Conventions(
        wrappers=_names("decorated_definition"),
        constructors=_names("__init__ __new__"),
        private=re.compile(r"(?<!\w)_(?!_\w+__$)\w*$"),
        bare_members=False,
    ),
    "javascript": _JAVASCRIPT,
    "typescript": _JAVASCRIPT,
    "tsx": _JAVASCRIPT,
    "go": Conventions(
        groups=_names("type_declaration const_declaration var_declaration"),
        private=re.compile(r"\b[a-z_]\w*$"),
    ),
    "rust": Conventions(private=_NOT_PUB, bare_members=False),
    "java": Conventions(private=_NOT_PUBLIC),
    "c": Conventions(heads=_DECLARATORS, private=re.compile(r"^(?:.*\s)?static\s"), marks=_POINTED),
    "cpp": Conventions(
        heads=_DECLARATORS,
        wrappers=_names("template_declaration"),
        private=re.compile(r"\w_$"),
        blocks=_names("compound_statement"),
        marks=_POINTED,
    ),
    "csharp": Conventions(private=_NOT_PUBLIC, own=_names("this base")),
    "ruby": Conventions(
        constructors=_names("initialize"), private=re.compile(r"\b_\w*$"), quotes="\"'`:"
    ),
    "php": Conventions(
        constructors=_names("__construct"),
        private=re.compile(r"\b(?:private|protected)\b"),
        marks=("->", "?->", "::", "::$"),
        own=_names("$this self static parent"),
        bare_members=False,
    ),
    "kotlin": Conventions(
        private=re.compile(r"\b(?:private|protected|internal)\b"),
        blocks=_names("block lambda_literal"),
    ),
    "scala": Conventions(
        private=re.compile(r"\b(?:private|protected)\b"), blocks=_names("block indented_block")
    ),
    "swift": Conventions(
        private=re.compile(r"\b(?:private|fileprivate)\b"), blocks=_names("statements")
    ),
    "elixir": Conventions(
        private=re.compile(r"^(?:defp|defmacrop|defguardp|@typep|@opaque)\b"), clauses=True
    ),
    "haskell": Conventions(clauses=True, quotes="`"),
    "lua": Conventions(
        private=re.compile(r"^local\b|\b_\w*$"), marks=(".", ":"), bare_members=False
    ),
    "zig": Conventions(private=_NOT_PUB),
}


def conventions(language: str) -> Conventions:
    """Conventions of a language; empty where none are known."""
    return _TABLE.get(language, _NONE)
