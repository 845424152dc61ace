"""Changes one member of a JSON file and leaves every other character as it is.

Settings of editors are JSON with comments and trailing commas, written by hand; reading and
writing them anew would lose both.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<sign>[{}\[\]:,])
    |(?P<scalar>[^\s{}\[\]:,"/]+)""",
    re.VERBOSE | re.DOTALL,
)


@dataclass(slots=True)
class Member:
    """A member of an object: where its key begins, its value, and where a comma after it ends."""

    key_start: int
    node: "Node"
    comma_end: int | None = None


@dataclass(slots=True)
class Node:
    """A value, its span in the text, and its members if it is an object."""

    start: int
    end: int = 0
    value: object = None
    members: dict[str, Member] = field(default_factory=dict)


def parse(text: str) -> Node:
    """Parse JSON with comments and trailing commas.

    Raises
    ------
    ValueError
        It is none; the message names the line.
    """
    return _Parser(text).document()


def with_member(text: str, path: Sequence[str], value: object) -> str:
    """Give the text with the member at `path` set to `value`; objects on the way are made.

    Raises
    ------
    ValueError
        The text is no JSON object, or a value on the way is none.
    """
    if not text.strip():
        text = "{}\n"
    node = parse(text)
    unit = _indent_unit(text, node)
    for depth, name in enumerate(path):
        if not isinstance(node.value, dict):
            raise ValueError(f"'{'.'.join(path[:depth]) or 'the file'}' is no object")
        if name not in node.members:
            for inner in reversed(path[depth + 1 :]):
                value = {inner: value}
            return _inserted(text, node, name, value, unit, depth + 1)
        node = node.members[name].node
    return text[: node.start] + _dumped(value, unit, len(path)) + text[node.end :]


def without_member(text: str, path: Sequence[str]) -> str:
    """Give the text without the member at `path`, nor the object that it leaves empty."""
    node = parse(text)
    trail = [node]
    for name in path:
        if name not in node.members:
            return text
        node = node.members[name].node
        trail.append(node)
    depth = len(path) - 1
    while depth > 0 and len(trail[depth].members) == 1:
        depth -= 1
    return _cut(text, trail[depth], path[depth])


def _cut(text: str, parent: Node, name: str) -> str:
    member = parent.members[name]
    names = list(parent.members)
    position = names.index(name)
    end = member.comma_end or member.node.end
    head, tail = text[: member.key_start].rstrip(), text[end:]
    if position == len(names) - 1 and not member.comma_end and position:
        before = parent.members[names[position - 1]]
        assert before.comma_end is not None
        head = head[: before.comma_end - 1] + head[before.comma_end :]
    if not tail.lstrip(" \t").startswith("\n") and "\n" in text[: member.key_start]:
        tail = "\n" + tail.lstrip()
    if len(names) == 1:
        tail = tail.lstrip()
    return head + tail


def _inserted(text: str, node: Node, name: str, value: object, unit: str, depth: int) -> str:
    close = node.end - 1
    body, comma = text[:close].rstrip(), ""
    if node.members:
        last = list(node.members.values())[-1]
        if last.comma_end is None:
            body = body[: last.node.end] + "," + body[last.node.end :]
        else:
            comma = ","
    member = f"{json.dumps(name)}: {_dumped(value, unit, depth)}{comma}"
    return f"{body}\n{unit * depth}{member}\n{unit * (depth - 1)}{text[close:]}"


def _dumped(value: object, unit: str, depth: int) -> str:
    lines = json.dumps(value, indent=unit, ensure_ascii=False).split("\n")
    return ("\n" + unit * depth).join(lines)


def _indent_unit(text: str, node: Node) -> str:
    first = next(iter(node.members.values()), None)
    line = text[text.rfind("\n", 0, first.key_start) + 1 : first.key_start] if first else ""
    return line if line and not line.strip() else "  "


class _Parser:
    """Reads tokens by recursive descent, keeping positions."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def document(self) -> Node:
        """Read the one value that the text holds."""
        node = self._value()
        if self._peek():
            raise self._error()
        return node

    def _peek(self) -> str:
        """Give the next token without taking it; the empty string at the end."""
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if not match:
                raise self._error()
            if match.lastgroup != "skip":
                return match[0]
            self._at = match.end()
        return ""

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if not token or (expected and token != expected):
            raise self._error()
        self._at += len(token)
        return token

    def _error(self) -> ValueError:
        line = self._text.count("\n", 0, self._at) + 1
        return ValueError(f"line {line} is no JSON")

    def _value(self) -> Node:
        word = self._peek()
        node = Node(self._at)
        if word == "{":
            self._object(node)
        elif word == "[":
            self._array(node)
        else:
            try:
                node.value = json.loads(word)
            except ValueError:
                raise self._error() from None
            self._take()
        node.end = self._at
        return node

    def _object(self, node: Node) -> None:
        self._take("{")
        while self._peek() != "}":
            start = self._at
            token = self._take()
            if not token.startswith('"'):
                raise self._error()
            self._take(":")
            member = Member(start, self._value())
            node.members[json.loads(token)] = member
            if self._peek() != "}":
                self._take(",")
                member.comma_end = self._at
        self._take("}")
        node.value = {name: member.node.value for name, member in node.members.items()}

    def _array(self, node: Node) -> None:
        self._take("[")
        values: list[object] = []
        while self._peek() != "]":
            values.append(self._value().value)
            if self._peek() != "]":
                self._take(",")
        self._take("]")
        node.value = values
