"""Definitions of a file: what the query found, put in order and given its place."""

import re
from bisect import bisect_left
from collections.abc import Collection, Mapping
from typing import Final

from msgspec import Struct, structs
from tree_sitter import Node

from codeintel.lang.comments import LeadIn, doc_of, docstring, lead_in
from codeintel.lang.conventions import Conventions
from codeintel.lang.positions import SourceMap
from codeintel.types import Definition, SymbolKind

MAX_SIGNATURE_CHARS: Final = 300
_MAX_HEAD_BYTES: Final = 2_000  # more of a definition is never read for its signature

# Roles of query patterns beside the kinds of definitions. The first two are places for
# definitions without being one (`impl Foo`, `impl Trait for Foo`).
_PLACES: Final = frozenset({"container", "implementation"})
_DECLARED: Final = "declared"  # a function, as a declaration or with a body
_OPEN_TYPES: Final = frozenset({"interface", "trait", "enum", "implementation"})
_TYPES: Final = _OPEN_TYPES | {"class", "struct", "container"}
_FUNCTIONS: Final = frozenset({"function", "method", "constructor", "macro", _DECLARED})
_VALUES: Final = frozenset({"variable", "constant", "field", "property", "key", "section"})
_MEMBERS: Final = frozenset({"property", "method"})
_PLAIN: Final = frozenset({"constant", "key", "section"})  # never behind an annotation: `@x 1`
_MEMBER_KIND: Final = {"function": "method", "variable": "field"}

_ANNOTATIONS = re.compile(
    r"^(?:(?:@(?!interface\b|type|opaque|callback)[\w.]++"
    r"(?:\((?:[^()]++|\([^()]*+\))*+\))?|#?\[[^\[\]]*\])\s*)+(?=\w)"
)
_ANNOTATION_MARKS: Final = ("@", "#", "[")
_COMMENT_LINES = re.compile(r"^\s*//.*$", re.MULTILINE)
_TAIL = re.compile(r"(?:\s*(?:=>|[{:=;,]|->|\bdo\b|\bwhere|\bthen|\bis|\bend))+$")
_TAIL_MARKS: Final = " {:=;,"
_TAIL_ENDS: Final = (">", "do", "where", "then", "is", "end")
_GENERICS = re.compile(r"<[^<>]*>|\[[^\[\]]*\]")
_SELF_OWNERS = re.compile(r"^(?:module\.)?exports$|^(?:this|self|window|globalThis)$")
_CONSTANT_NAME = re.compile(r"[A-Z][A-Z0-9_]+$")


class Found(Struct):
    """A definition on its way; bytes are offsets, `head` its node, `outer` with wrappers."""

    pattern: int
    name: str
    role: str
    head: Node
    name_node: Node
    outer: Node
    start_byte: int
    end_byte: int
    owner: str = ""
    body_byte: int = -1
    doc: str = ""

    def encloses(self, other: "Found") -> bool:
        """Whether another definition, which does not start before this one, lies in it."""
        same = other.start_byte == self.start_byte and other.end_byte == self.end_byte
        is_leaf = same and self.role in _VALUES
        if self.role == "type":  # another name for what is defined in it, or a type of members
            is_leaf = other.role not in _MEMBERS
        return other.start_byte < self.end_byte and not is_leaf

    def joined(self, other: "Found") -> "Found":
        """One definition of the two that name the same: the one of the first pattern."""
        first = self if self.pattern < other.pattern else other
        first.start_byte = min(self.start_byte, other.start_byte)
        first.end_byte = max(self.end_byte, other.end_byte)
        return first


class DefinitionFinder:
    """Collects the matches of definition patterns, then gives the definitions in file order.

    Attributes
    ----------
    locals
        Names of variables that turned out to be known in one function only.
    """

    def __init__(self, source: SourceMap, rules: Conventions) -> None:
        self._source = source
        self._rules = rules
        self._found: dict[int, Found] = {}
        self._places: list[Found] = []
        self.locals: list[Node] = []
        self._access: dict[int, list[tuple[int, bool]]] = {}

    def add(self, pattern: int, role: str, captures: Mapping[str, list[Node]]) -> None:
        """Take a match. Several may name one thing: the first pattern decides, the widest spans."""
        if role == "access":
            self._add_access(captures[role][0])
            return
        if "name" not in captures:
            return
        name_node = captures["name"][0]
        known = self._found.get(name_node.start_byte)
        head = _climb(captures[role][0], self._rules.heads, self._rules.groups)
        outer = _climb(head, self._rules.wrappers, frozenset())
        text = self._source.text_of
        docs = captures.get("doc")
        body = captures["body"][0] if "body" in captures else head.child_by_field_name("body")
        found = Found(
            pattern,
            _on_one_line(text(name_node)).strip(self._rules.quotes)[:MAX_SIGNATURE_CHARS],
            role,
            head,
            name_node,
            outer,
            outer.start_byte,
            outer.end_byte,
            owner=_clean_owner(".".join(map(text, captures.get("owner", ())))),
            body_byte=body.start_byte if body else -1,
            doc=docstring(text(docs[0])) if docs else "",
        )
        if role in _PLACES:
            found.name = _GENERICS.sub("", found.name)
            self._places.append(found)
        else:
            self._found[name_node.start_byte] = found if known is None else found.joined(known)

    def _add_access(self, node: Node) -> None:
        """Note a mark like ``private:``, which holds for its siblings up to the next one."""
        hidden = self._source.text_of(node).startswith(("private", "protected"))
        if node.parent is not None:
            self._access.setdefault(node.parent.id, []).append((node.start_byte, hidden))

    def name_bytes(self) -> Collection[int]:
        """Where the names of definitions start; these are no references."""
        return self._found.keys()

    def scopes(self) -> list[tuple[int, int, bool]]:
        """First and last byte of each function and type, and whether it is a type."""
        everything = [*self._places, *self._found.values()]
        return [
            (found.head.start_byte, found.head.end_byte, found.role in _TYPES)
            for found in everything
            if found.role in _TYPES or found.role in _FUNCTIONS
        ]

    def definitions(self, leads: Mapping[int, LeadIn]) -> list[Definition]:
        """All definitions, outer before inner, in file order."""
        result: list[Definition] = []
        open_: list[Found] = []
        last_place: Found | None = None
        fields: set[tuple[str, str]] = set()
        everything = [*self._places, *self._found.values()]
        for found in sorted(everything, key=lambda f: (f.start_byte, -f.end_byte)):
            while open_ and not open_[-1].encloses(found):
                open_.pop()
            if self._is_local(found, open_):
                self.locals.append(found.name_node)
                del self._found[found.name_node.start_byte]
            elif found.role not in _PLACES and found.name:
                definition = self._definition(found, open_, leads)
                if found.role == "field":
                    member = (definition.container, definition.name)
                    if member in fields:  # set once more: a use of the first
                        del self._found[found.name_node.start_byte]
                        continue
                    fields.add(member)
                place = open_[-1] if open_ else None
                if self._rules.clauses and place is last_place and _is_clause(result, definition):
                    result[-1] = _merged(result[-1], definition)
                else:
                    result.append(definition)
                last_place = place
            open_.append(found)
        return result

    def _is_local(self, found: Found, open_: list[Found]) -> bool:
        """Whether only the body of a function, or a block, knows the name."""
        blocks = self._rules.blocks if found.role == "variable" else ()
        if blocks and (parent := found.outer.parent) is not None and parent.type in blocks:
            return True
        local = found.role == "variable" or (found.role == _DECLARED and found.body_byte < 0)
        for outer in reversed(open_):
            if outer.role in _TYPES:
                return False
            if outer.role in _FUNCTIONS:
                return local
        return False

    def _definition(
        self, found: Found, open_: list[Found], leads: Mapping[int, LeadIn]
    ) -> Definition:
        """The finished definition inside of the open ones."""
        rows = self._source
        start_row = rows.row_of(found.start_byte)
        end_row = rows.row_of(max(found.start_byte, found.end_byte - 1))
        above = lead_in(start_row, leads) if rows.starts_line(found.start_byte) else []
        attributes = [lead.start_row for lead in above if not lead.is_comment]
        if found.role in ("field", "property"):  # of the class, also where a constructor says so
            open_ = [outer for outer in open_ if outer.role not in _FUNCTIONS]
        names = [part for outer in open_ for part in (outer.owner, outer.name) if part]
        names += [found.owner] if found.owner else []
        name_row, name_column = rows.position_at(found.name_node.start_byte)
        raw = rows.text_of(found.name_node)
        name_column += len(raw) - len(raw.lstrip(self._rules.quotes))
        return Definition(
            name=found.name,
            kind=self._kind(found, open_),
            start_line=min([start_row, *attributes]) + 1,
            end_line=end_row + 1,
            name_line=name_row + 1,
            name_column=name_column + 1,
            container=".".join(names).replace("::", "."),
            signature=self._signature(found),
            doc=found.doc or (doc_of(above) if above else ""),
            public=self._is_public(found, open_),
        )

    def _kind(self, found: Found, open_: list[Found]) -> SymbolKind:
        """The kind, where the place of a definition tells more than its syntax."""
        role = "function" if found.role == _DECLARED else found.role
        outer = open_[-1] if open_ else None
        in_type = outer is not None and outer.role in _TYPES
        if role in ("variable", "field") and _CONSTANT_NAME.match(found.name):
            return SymbolKind.CONSTANT
        if in_type or found.owner:
            role = _MEMBER_KIND.get(role, role)
        if role == "method":
            of_class = found.owner.rpartition(".")[2] or (outer.name if outer and in_type else "")
            if found.name in self._rules.constructors or found.name == of_class:
                role = "constructor"
        return SymbolKind(role)

    def _is_public(self, found: Found, open_: list[Found]) -> bool:
        """Whether others are meant to use a definition."""
        if self._is_hidden(found):
            return False
        if self._rules.private is None:
            return True
        inherits = open_ and open_[-1].role in _OPEN_TYPES and found.role != "constructor"
        end = found.name_node.end_byte
        head = self._source.slice(max(found.head.start_byte, end - _MAX_HEAD_BYTES), end)
        return bool(inherits) or not self._rules.private.search(_on_one_line(head))

    def _is_hidden(self, found: Found) -> bool:
        """Whether the last access mark above a definition, among its siblings, hides it."""
        parent = found.outer.parent if self._access else None
        marks = self._access.get(parent.id, []) if parent else []
        above = bisect_left(marks, (found.start_byte, False))
        return above > 0 and marks[above - 1][1]

    def _signature(self, found: Found) -> str:
        """The head of a definition without its body, on one line."""
        start, end = found.head.start_byte, found.body_byte
        if end < start:
            end = found.head.end_byte
        head = self._source.slice(start, min(end, start + _MAX_HEAD_BYTES))
        if "#" in head or "//" in head:  # comments behind the name, or between annotations
            end = _comment_byte(found, end)
            head = self._source.slice(start, min(end, start + _MAX_HEAD_BYTES))
            head = _COMMENT_LINES.sub("", head)
        head = head.lstrip()
        if head.startswith(_ANNOTATION_MARKS) and found.role not in _PLAIN:
            head = _ANNOTATIONS.sub("", head)
        if found.body_byte < start and found.role in _VALUES:
            head = head.partition("\n")[0]
        elif found.body_byte < start and (found.role in _TYPES or found.role == "macro"):
            head = head.partition("{")[0]
        head = _on_one_line(head)
        short = head.rstrip(_TAIL_MARKS)
        head = _TAIL.sub("", head) if short.endswith(_TAIL_ENDS) else short
        return head[:MAX_SIGNATURE_CHARS]


def _comment_byte(found: Found, end: int) -> int:
    """Where the first comment behind the name starts, at most the end."""
    name_end = found.name_node.end_byte
    comments = (child.start_byte for child in found.head.children if child.is_extra)
    return next((start for start in comments if name_end <= start < end), end)


def _climb(node: Node, always: frozenset[str], alone: frozenset[str]) -> Node:
    """The outermost node around a node that is nothing but it and what belongs to it."""
    while (parent := node.parent) is not None:
        kind = parent.type
        if kind not in always and not (kind in alone and parent.named_child_count == 1):
            break
        node = parent
    return node


def _is_clause(before: list[Definition], definition: Definition) -> bool:
    """Whether a definition goes on with the one before it."""
    return bool(before) and before[-1].name == definition.name


def _merged(first: Definition, second: Definition) -> Definition:
    return structs.replace(first, end_line=second.end_line, doc=first.doc or second.doc)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())


def _clean_owner(owner: str) -> str:
    """The type that a definition outside of it belongs to."""
    if not owner:
        return ""
    owner = _GENERICS.sub("", _on_one_line(owner)).removesuffix(".prototype")
    return "" if _SELF_OWNERS.match(owner) else owner.replace("::", ".")[:MAX_SIGNATURE_CHARS]
