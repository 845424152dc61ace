"""Shows places in files, with their line's text and what is around them."""

from dataclasses import dataclass

from codeintel.api.scoping import Selection
from codeintel.api.symbols import symbol_hit
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.navigation import navigator_of
from codeintel.store.catalog import Document
from codeintel.types import Definition, Location, NavigationAnswer, Rung

_MAX_TEXT_CHARS = 300


@dataclass(frozen=True, slots=True)
class Place:
    """A place before it is shown; `column` is 1-based."""

    selection: Selection
    document: Document
    line: int
    column: int
    rung: Rung
    definition: Definition | None = None

    def shown(self) -> Location:
        """Show the place with its line's text and what encloses it."""
        navigator = navigator_of(self.selection.snapshot)
        lines = navigator.lines_of(self.document.id)
        text = lines[self.line - 1].strip() if self.line <= len(lines) else ""
        around = navigator.outline_of(self.document.id).around(self.line)
        outer = next((d for d in around if d != self.definition), None)
        return Location(
            repo=self.selection.repository.name,
            path=self.document.path,
            line=self.line,
            column=self.column,
            text=text[:_MAX_TEXT_CHARS],
            rung=self.rung,
            enclosing=".".join(filter(None, (outer.container, outer.name))) if outer else "",
            definition=symbol_hit(self.selection, self.document, self.definition, 1.0)
            if self.definition
            else None,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of an answer is asked for.

    Attributes
    ----------
    identity
        Everything that decides the answer except the page.
    """

    identity: tuple[object, ...]
    limit: int
    cursor: str | None

    def start(self, selections: list[Selection]) -> int:
        """Give the number of places before this page.

        Raises
        ------
        InvalidCursorError
            The cursor belongs to another question, or to an older generation.
        """
        if not self.cursor:
            return 0
        return decode_cursor(self.cursor, self.identity, int, generation=_generation(selections))

    def answer(
        self,
        symbol: str,
        places: list[Place],
        selections: list[Selection],
        *,
        total: int,
        n_files: int,
        resolved: bool = True,
    ) -> NavigationAnswer:
        """Show the places of this page, out of `total`."""
        end = self.start(selections) + self.limit
        more = total > end
        return NavigationAnswer(
            symbol=symbol,
            locations=tuple(place.shown() for place in places),
            total=total,
            resolved=resolved,
            n_files=n_files,
            about=tuple(selection.about() for selection in selections),
            next_cursor=encode_cursor(self.identity, end, generation=_generation(selections))
            if more
            else None,
        )


def _generation(selections: list[Selection]) -> int:
    return sum(selection.snapshot.manifest.generation for selection in selections)
