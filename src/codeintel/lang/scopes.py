"""Which names only a function knows: parameters and variables, told from uses of other names."""

from collections.abc import Collection, Iterable
from operator import attrgetter
from typing import Final

from msgspec import Struct
from tree_sitter import Node

from codeintel.lang.positions import SourceMap

_START: Final = attrgetter("start_byte")


class LocalName(Struct, frozen=True):
    """A name that one function (or lambda) binds and nobody outside of it sees.

    Attributes
    ----------
    line, column
        Where it is bound first.
    uses
        (line, column) of all its other places in the function, in order.
    """

    name: str
    line: int
    column: int
    uses: tuple[tuple[int, int], ...]


class _Scope(Struct):
    """A function, or a type, whose own names do not reach into its methods."""

    start: int
    end: int
    is_type: bool
    names: dict[bytes, list[int]] = {}
    foreign: set[bytes] = set()


class _Around:
    """The scopes around a place that moves forward through the file."""

    def __init__(self, scopes: list[_Scope]) -> None:
        self._waiting = iter(scopes)
        self._upcoming = next(self._waiting, None)
        self._open: list[_Scope] = []

    def move_to(self, start: int) -> list[_Scope]:
        """The scopes around a byte offset, outermost first."""
        open_ = self._open
        while (upcoming := self._upcoming) is not None and upcoming.start <= start:
            while open_ and open_[-1].end <= upcoming.start:
                open_.pop()
            open_.append(upcoming)
            self._upcoming = next(self._waiting, None)
        while open_ and open_[-1].end <= start:
            open_.pop()
        return open_


class ScopeResolver:
    """Parts the identifiers of a file into local ones and all others.

    Parameters
    ----------
    source
        The file.
    spans
        First and last byte of each function and type, and whether it is a type.
    marks
        What stands between a thing and a member of it.
    """

    def __init__(
        self, source: SourceMap, spans: Iterable[tuple[int, int, bool]], marks: Iterable[str]
    ) -> None:
        self._marks = tuple(mark.encode() for mark in marks)
        self._data = source.data
        self._source = source
        ordered = sorted(set(spans), key=lambda span: (span[0], -span[1]))
        self._scopes = [_Scope(*span) for span in ordered]

    def bind(self, bindings: Iterable[Node], foreign: Iterable[Node], own: Collection[int]) -> None:
        """Enter names into the innermost scopes around them.

        Parameters
        ----------
        bindings
            Where names are bound.
        foreign
            Names that a function declares to be someone else's (``global x``).
        own
            Bytes at which definitions are named; these are known beyond a function.
        """
        data = self._data
        for start, node, scope in self._placed(foreign):
            if scope is not None:
                scope.foreign.add(data[start : node.end_byte])
        for start, node, scope in self._placed(bindings):
            if scope is None or scope.is_type or start in own:
                continue
            text = data[start : node.end_byte]
            if text not in scope.foreign:
                scope.names.setdefault(text, []).append(start)

    def split(
        self, references: Iterable[Node], members: Collection[int], own: Collection[int]
    ) -> dict[bytes, list[int]]:
        """Take the uses of local names to their bindings; give the bytes of all others by name.

        Parameters
        ----------
        references
            Every identifier.
        members
            Bytes of identifiers that name a part of something else.
        own
            Bytes at which definitions are named: neither a use nor local.
        """
        bound = {start for s in self._scopes for starts in s.names.values() for start in starts}
        local = {text for scope in self._scopes for text in scope.names}
        others: dict[bytes, list[int]] = {}
        around = _Around(self._scopes)
        data = self._data
        for node in sorted(references, key=_START):
            start = node.start_byte
            if start in own:
                continue
            text = data[start : node.end_byte]
            if text in local:  # few are: only these need to know where they stand
                if start in bound:
                    continue
                home = None if start in members else self._home(text, start, around.move_to(start))
                if home is not None:
                    home.append(start)
                    continue
            known = others.get(text)
            if known is None:
                others[text] = [start]
            else:
                known.append(start)
        return others

    def _home(self, text: bytes, start: int, open_: list[_Scope]) -> list[int] | None:
        """The places of the local name that an identifier stands for."""
        for scope in reversed(open_):
            if text in scope.names:
                return None if self._is_member(start) else scope.names[text]
        return None

    def local_names(self) -> list[LocalName]:
        """All local names with their uses, after `split`."""
        result = []
        for scope in self._scopes:
            for text, starts in scope.names.items():
                first, *rest = map(self._source.position_at, starts)
                uses = sorted({(row + 1, column + 1) for row, column in rest})
                name = text.decode("utf-8", "replace")
                result.append(LocalName(name, first[0] + 1, first[1] + 1, tuple(uses)))
        return result

    def _placed(self, nodes: Iterable[Node]) -> Iterable[tuple[int, Node, _Scope | None]]:
        """First byte of each node, and the innermost scope around it."""
        around = _Around(self._scopes)
        seen = -1
        for node in sorted(nodes, key=_START):
            start = node.start_byte
            if start == seen:
                continue
            seen = start
            open_ = around.move_to(start)
            yield start, node, open_[-1] if open_ else None

    def _is_member(self, start: int) -> bool:
        """Whether the marks before an identifier make it a part of what stands before."""
        before = self._data[max(0, start - 3) : start]
        return before.endswith(self._marks) and not before.endswith(b"..")
