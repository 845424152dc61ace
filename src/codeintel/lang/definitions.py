"""Definitions of a file: what the query found, put in order and given its place."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct
from tree_sitter import Node

from codeintel.lang.comments import LeadIn, doc_of, docstring, lead_in
from codeintel.lang.conventions import Conventions
from codeintel.lang.positions import SourceMap
from codeintel.types import Definition, SymbolKind

MAX_SIGNATURE_CHARS: Final = 300
_MAX_HEAD_BYTES: Final = 2_000  # more of a definition is never read for its signature

CONTAINER: Final = "container"
"""Role of a pattern that names a place for definitions without being one (``impl Foo``)."""

_TYPES: Final = frozenset("class interface struct enum trait container".split())
_VALUES: Final = frozenset("constant variable field property key".split())
_MEMBER_KIND: Final = {"function": "method", "variable": "field"}

_BLANKS = re.compile(r"\s+")
_TAIL = re.compile(r"(?:\s*(?:=>|[{:=;,]|->|\bdo|\bwhere|\bthen|\bis))+$")
_SELF_OWNERS = re.compile(r"^(?:module\.)?exports$|^(?:this|self|window|globalThis)$")
_CONSTANT_NAME = re.compile(r"[A-Z][A-Z0-9_]*$")


class Found(Struct):
    """A definition on its way; rows are 0-based."""

    name: str
    role: str
    node: Node
    name_node: Node
    start_byte: int
    end_byte: int
    owner: str = ""
    body_byte: int = -1
    doc: str = ""


class DefinitionFinder:
    """Collects the matches of definition patterns, then gives the definitions in file order."""

    def __init__(self, source: SourceMap, rules: Conventions) -> None:
        self._source = source
        self._rules = rules
        self._found: dict[int, Found] = {}

    def add(self, role: str, captures: Mapping[str, list[Node]]) -> None:
        """Take a match. Several may name one thing: the first decides, the widest spans."""
        if "name" not in captures:
            return
        name_node = captures["name"][0]
        node = self._unwrapped(captures[role][0])
        known = self._found.get(name_node.start_byte)
        if known is not None:
            known.start_byte = min(known.start_byte, node.start_byte)
            known.end_byte = max(known.end_byte, node.end_byte)
            return
        text = self._source.text_of
        body = captures.get("body")
        docs = captures.get("doc")
        owners = captures.get("owner")
        self._found[name_node.start_byte] = Found(
            _clean_name(text(name_node)),
            role,
            captures[role][0],
            name_node,
            node.start_byte,
            node.end_byte,
            owner=_clean_owner(text(owners[0])) if owners else "",
            body_byte=body[0].start_byte if body else -1,
            doc=docstring(text(docs[0])) if docs else "",
        )

    def name_bytes(self) -> Collection[int]:
        """Where the names of definitions start; these are no references."""
        return self._found.keys()

    def _unwrapped(self, node: Node) -> Node:
        """The outermost node that is nothing but this definition with its decorators."""
        while (parent := node.parent) is not None:
            kind = parent.type
            if kind not in self._rules.wrappers and not (
                kind in self._rules.groups and parent.named_child_count == 1
            ):
                break
            node = parent
        return node

    def definitions(self, leads: Mapping[int, LeadIn]) -> list[Definition]:
        """All definitions, outer before inner, in file order."""
        result: list[Definition] = []
        open_: list[Found] = []
        for found in sorted(self._found.values(), key=lambda f: (f.start_byte, -f.end_byte)):
            while open_ and open_[-1].end_byte <= found.start_byte:
                open_.pop()
            if found.role != CONTAINER and found.name:
                result.append(self._definition(found, open_, leads))
            open_.append(found)
        return result

    def _definition(
        self, found: Found, open_: list[Found], leads: Mapping[int, LeadIn]
    ) -> Definition:
        """The finished definition inside of the open ones."""
        rows = self._source
        start_row = rows.row_of(found.start_byte)
        end_row = rows.row_of(max(found.start_byte, found.end_byte - 1))
        above = lead_in(start_row, leads)
        attributes = [lead.start_row for lead in above if not lead.is_comment]
        names = [outer.name for outer in open_ if outer.name]
        names += [found.owner] if found.owner else []
        head = self._head(found.node.start_byte, found.name_node.end_byte)
        private = self._rules.private
        name_row, name_column = rows.position_of(found.name_node)
        return Definition(
            name=found.name,
            kind=self._kind(found, open_),
            start_line=min([start_row, *attributes]) + 1,
            end_line=end_row + 1,
            name_line=name_row + 1,
            name_column=name_column + 1,
            container=".".join(names),
            signature=self._signature(found),
            doc=found.doc or doc_of(above),
            public=private is None or private.search(head) is None,
        )

    def _kind(self, found: Found, open_: list[Found]) -> SymbolKind:
        """The kind, where the place of a definition tells more than its syntax."""
        role = found.role
        outer = open_[-1] if open_ else None
        in_type = outer is not None and outer.role in _TYPES
        if role == "variable" and _CONSTANT_NAME.match(found.name):
            return SymbolKind.CONSTANT
        if in_type or found.owner:
            role = _MEMBER_KIND.get(role, role)
        is_maker = found.name in self._rules.constructors
        return SymbolKind.CONSTRUCTOR if role == "method" and is_maker else SymbolKind(role)

    def _signature(self, found: Found) -> str:
        """The head of a definition without its body, on one line."""
        end = found.body_byte if found.body_byte >= 0 else found.node.end_byte
        head = self._source.slice(
            found.node.start_byte, min(end, found.node.start_byte + _MAX_HEAD_BYTES)
        )
        if found.body_byte < 0 and found.role in _VALUES:
            head = head.lstrip().partition("\n")[0]
        return _TAIL.sub("", _BLANKS.sub(" ", head).strip())[:MAX_SIGNATURE_CHARS]

    def _head(self, start: int, end: int) -> str:
        """Text from the start of a definition to the end of its name, on one line."""
        return _BLANKS.sub(" ", self._source.slice(max(start, end - _MAX_HEAD_BYTES), end)).strip()


def _clean_name(name: str) -> str:
    """A name on one line without the quotes that some languages allow around it."""
    return _BLANKS.sub(" ", name).strip("\"'`").strip()[:MAX_SIGNATURE_CHARS]


def _clean_owner(owner: str) -> str:
    """The type that a definition outside of it belongs to."""
    owner = _BLANKS.sub(" ", owner).removesuffix(".prototype")
    return "" if _SELF_OWNERS.match(owner) else owner.replace("::", ".")[:MAX_SIGNATURE_CHARS]
