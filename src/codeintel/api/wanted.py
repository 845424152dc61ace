"""Finds out which symbol a question is about."""

import re
from dataclasses import dataclass

from codeintel.api.files import locate
from codeintel.api.scoping import selected
from codeintel.api.symbols import split_symbol
from codeintel.context import ApplicationContext
from codeintel.errors import InputError, InvalidRangeError, UnknownSymbolError
from codeintel.search.files import path_not_found
from codeintel.search.navigation import navigator_of
from codeintel.types import Scope

_WORD = re.compile(r"[^\W\d]\w*")
# `!` and `?` end names in some languages, `$` and `'` are letters in others; else they are signs.
_MARKED_WORD = re.compile(r"[^\W\d]\w*(?:[!?](?!=))?")
_DOLLAR_WORD = re.compile(r"(?:[^\W\d]|\$)[\w$]*")
_PRIMED_WORD = re.compile(r"[^\W\d][\w']*")
_WORDS = {
    **dict.fromkeys(("ruby", "elixir"), _MARKED_WORD),
    **dict.fromkeys(("javascript", "typescript", "tsx", "java", "scala"), _DOLLAR_WORD),
    "haskell": _PRIMED_WORD,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A symbol that is asked about, and the place it was asked from, if any.

    Attributes
    ----------
    column
        Where the name begins, 1-based; 0 where the symbol was given by name.
    """

    name: str
    container: str = ""
    repo: str | None = None
    path: str | None = None
    line: int = 0
    column: int = 0

    @property
    def symbol(self) -> str:
        """The name with its container."""
        return ".".join(part for part in (self.container, self.name) if part)


def symbol_at(
    context: ApplicationContext,
    *,
    path: str | None,
    line: int | None,
    column: int | None,
    symbol: str | None,
    scope: Scope,
) -> Wanted:
    """Find out which symbol is meant: by name, or by a position.

    Raises
    ------
    InputError
        Neither a symbol nor a path with a line is given.
    InvalidRangeError
        The position is not in the file.
    UnknownSymbolError
        No name stands at the position.
    """
    if path is None or line is None:
        if symbol is None:
            raise InputError(
                "Neither a symbol nor a position is given.",
                cure="Give `symbol`, or `path` and `line` (and `column`).",
            )
        container, name = split_symbol(symbol)
        return Wanted(name, container, path=path)
    repository, path = locate(context, path, scope)
    with selected(context, Scope(repo=repository.name)) as (selection,):
        document = selection.snapshot.catalog.by_path.get(path)
        if document is None:
            raise path_not_found(path, selection.snapshot.catalog.by_path)
        lines = navigator_of(selection.snapshot).lines_of(document.id)
    if not 1 <= line <= len(lines):
        raise InvalidRangeError(f"Line {line} is not in '{path}', which has {len(lines)} lines.")
    if symbol is not None:
        container, name = split_symbol(symbol)
        return Wanted(name, container, repository.name, path, line)
    word = _name_at(_words_of(document.language, lines[line - 1]), line, column, path)
    return Wanted(word.group(), "", repository.name, path, line, word.start() + 1)


def _words_of(language: str, text: str) -> list[re.Match[str]]:
    """Give what can be a name in a line."""
    return list(_WORDS.get(language, _WORD).finditer(text))


def _name_at(words: list[re.Match[str]], line: int, column: int | None, path: str) -> re.Match[str]:
    """Give the name at a column; without one, the only name of the line."""
    if column is None:
        names = list(dict.fromkeys(word.group() for word in words))
        if len(names) == 1:
            return words[0]
        if not names:
            raise UnknownSymbolError(f"No name stands in line {line} of '{path}'.")
        raise UnknownSymbolError(
            f"Line {line} of '{path}' has {len(names)} names.",
            cure="Give the `column`, or the `symbol`.",
            suggestions=names[:10],
        )
    for word in words:
        if word.start() < column <= word.end() + 1:
            return word
    raise UnknownSymbolError(
        f"No name stands at line {line}, column {column} of '{path}'.",
        suggestions=list(dict.fromkeys(word.group() for word in words))[:10],
    )
