"""Comments and other lines that lead a definition in."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

MAX_DOC_CHARS: Final = 1_000

_OPENING = re.compile(
    r"^\s*(?:/\*+!?<?|//+[!<]?|\#+!?|--+\[=*\[|--+\s?\|?|\{-\s*\|?|<!--|;+|%+|\*(?!/))\s?"
)
_CLOSING = re.compile(r"\s*(?:\*+/|-\}|-->|\]=*\])\s*$")
_CLOSING_ENDS: Final = ("/", "}", ">", "]")
_TAGS = re.compile(r"</?(?:summary|remarks|para|c|code|p|pre|tt)>")
_STRING_QUOTES = re.compile(r"^[a-zA-Z]*(\"\"\"|'''|\"|')(.*)\1$", re.DOTALL)


class LeadIn(Struct, frozen=True, gc=False):
    """A comment or an attribute that fills its lines: rows are 0-based."""

    start_row: int
    text: str
    is_comment: bool


def lead_in(row: int, leads: Mapping[int, LeadIn]) -> list[LeadIn]:
    """What stands directly above a row, top first.

    Parameters
    ----------
    leads
        By the row on which they end.
    """
    found: list[LeadIn] = []
    while (lead := leads.get(row - 1)) is not None:
        found.append(lead)
        row = lead.start_row
    return found[::-1]


def doc_of(leads: Sequence[LeadIn]) -> str:
    """Join comments to a text without comment marks, at most `MAX_DOC_CHARS` long."""
    lines = [line for lead in leads if lead.is_comment for line in lead.text.split("\n")]
    return "\n".join(map(_without_marks, lines)).strip()[:MAX_DOC_CHARS]


def _without_marks(line: str) -> str:
    """The words of one line of a comment."""
    line = _OPENING.sub("", line).strip()
    if line.endswith(_CLOSING_ENDS):
        line = _CLOSING.sub("", line)
    return (_TAGS.sub("", line) if "<" in line else line).strip()


def docstring(literal: str) -> str:
    """The text of a string literal that documents, dedented, at most `MAX_DOC_CHARS` long."""
    quoted = _STRING_QUOTES.match(literal.strip())
    text = quoted[2] if quoted else literal
    return "\n".join(line.strip() for line in text.strip().split("\n"))[:MAX_DOC_CHARS]
