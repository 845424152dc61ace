"""What an index holds of a file."""

from enum import StrEnum

from msgspec import Struct


class SkipReason(StrEnum):
    """Why a file of the repository is not in the index."""

    BINARY = "binary"
    TOO_LARGE = "too_large"
    GENERATED = "generated"
    MINIFIED = "minified"
    UNDECODABLE = "undecodable"
    EXCLUDED = "excluded"
    SECRET = "secret"  # noqa: S105 - a reason, not a password
    SUBMODULE = "submodule"
    SYMLINK = "symlink"
    UNREADABLE = "unreadable"
    EMPTY = "empty"


class SymbolKind(StrEnum):
    """What a definition defines."""

    CLASS = "class"
    INTERFACE = "interface"
    STRUCT = "struct"
    ENUM = "enum"
    TRAIT = "trait"
    MODULE = "module"
    FUNCTION = "function"
    METHOD = "method"
    CONSTRUCTOR = "constructor"
    PROPERTY = "property"
    FIELD = "field"
    CONSTANT = "constant"
    VARIABLE = "variable"
    TYPE = "type"
    MACRO = "macro"
    SECTION = "section"
    KEY = "key"


class SkippedFile(Struct, frozen=True):
    """A file that is not indexed, and why."""

    path: str
    reason: SkipReason
    detail: str = ""


class Definition(Struct, frozen=True, kw_only=True, gc=False):
    """A named thing that a file defines.

    Attributes
    ----------
    start_line, end_line
        The whole definition, with decorators, without a doc comment above it.
    name_line, name_column
        Where the name itself stands.
    container
        Enclosing definitions, outermost first, joined by ``.``; empty at top level.
    signature
        The head of the definition on one line, at most 300 characters.
    doc
        The doc comment or docstring, without comment marks, at most 1,000 characters.
    """

    name: str
    kind: SymbolKind
    start_line: int
    end_line: int
    name_line: int
    name_column: int
    container: str = ""
    signature: str = ""
    doc: str = ""
    public: bool = True


class Chunk(Struct, frozen=True, kw_only=True, gc=False):
    """A run of whole lines that is embedded and searched as one.

    The chunks of a file follow each other without gap or overlap.

    Attributes
    ----------
    symbol
        Name of the definition that this chunk is or lies in; empty where there is none.
    container
        Enclosing definitions of that symbol, joined by ``.``.
    kind
        Kind of that definition, or None.
    signature
        Signature of that definition.
    """

    start_line: int
    end_line: int
    symbol: str = ""
    container: str = ""
    kind: SymbolKind | None = None
    signature: str = ""


class ParsedFile(Struct, frozen=True):
    """What one pass over the syntax tree of a file gives.

    Attributes
    ----------
    uses
        Where names stand that the file does not define there (a use, a call, an import): the
        places in order, by name, as `codeintel.types.packed` packs them.
    """

    language: str
    n_lines: int
    chunks: tuple[Chunk, ...]
    definitions: tuple[Definition, ...]
    uses: dict[str, bytes]
    syntax_errors: bool = False
