"""The tree of a pattern: what matching, the trigram plan and the word boundaries work from.

Groups do not appear in it, and flags are resolved: every character set knows whether it ignores
case.
"""

from dataclasses import dataclass, field

from codeintel.search.text_charset import CharSet


@dataclass(frozen=True, slots=True)
class Look:
    r"""An assertion that takes no character.

    ``^`` and ``$`` of a line, ``\A`` and ``\z`` of the text, ``b`` and ``B`` for word boundaries,
    ``<`` and ``>`` for the start and end of a word, ``(`` and ``)`` for their half forms (no word
    character before; none after).
    """

    kind: str
    unicode: bool = True


@dataclass(frozen=True, slots=True)
class Concat:
    """Parts that follow each other; none is the empty pattern."""

    parts: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True)
class Alternate:
    """Alternatives, the first one preferred."""

    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A part `low` to `high` times; None is without limit."""

    part: "Node"
    low: int
    high: int | None
    greedy: bool


Node = CharSet | Look | Concat | Alternate | Repeat


@dataclass(slots=True)
class Parsed:
    """A pattern's tree, and what of its text decides about case and lines.

    Attributes
    ----------
    has_literal, has_upper
        Whether characters are written out, and whether one of them is an upper-case letter.
    has_line_feed, has_return
        Whether the pattern names a line feed or a carriage return.
    """

    node: Node = field(default_factory=Concat)
    has_literal: bool = False
    has_upper: bool = False
    has_line_feed: bool = False
    has_return: bool = False

    def note(self, point: int) -> None:
        """Remember a character that the pattern names."""
        self.has_literal = True
        self.has_upper |= chr(point).isupper()
        self.has_line_feed |= point == 10
        self.has_return |= point == 13


def parse_literal(text: str, *, ignore_case: bool) -> Parsed:
    """Make the tree of a text that stands for itself."""
    parsed = Parsed()
    for char in text:
        parsed.note(ord(char))
    parsed.node = Concat(tuple(CharSet.of(ord(c), ignore_case=ignore_case) for c in text))
    return parsed


def literal_of(node: Node) -> tuple[str, bool] | None:
    """Give the text that a tree stands for, in lower case where case does not count, and that.

    None for a tree that matches more than one text, but for case, or the empty one.
    """
    text, foldings = "", set()
    for part in node.parts if isinstance(node, Concat) else (node,):
        chars = part.chars(1) if isinstance(part, CharSet) else None
        if not chars:
            return None
        assert isinstance(part, CharSet)
        (char,) = chars
        if char.lower() != char.upper():
            foldings.add(part.ignore_case)
        text += char.lower() if part.ignore_case else char
    folded = foldings == {True}
    return (text, folded) if text and (folded or True not in foldings) else None
