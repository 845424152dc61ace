"""The text of a chunk as it is embedded and indexed: its place in the code, then its lines."""

from collections.abc import Sequence
from typing import Final

from codeintel.types import Chunk

MAX_CAPSULE_CHARS: Final = 6_000
"""Chunks are smaller unless one line is longer than a whole chunk: the rest of it is data."""


def chunk_text(path: str, chunk: Chunk, lines: Sequence[str]) -> str:
    """Join path, enclosing definitions, signature and code.

    Parameters
    ----------
    lines
        All lines of the file, without line ends (`content.split_lines`).
    """
    code = lines[chunk.start_line - 1 : chunk.end_line]
    head = [path]
    place = ".".join(part for part in (chunk.container, chunk.symbol) if part)
    if place:
        head.append(place)
    if chunk.signature and not _shows(code, chunk.signature):
        head.append(chunk.signature)
    return "\n".join((*head, *code))[:MAX_CAPSULE_CHARS]


def _shows(code: Sequence[str], signature: str) -> bool:
    """Whether the code already begins with the signature, so that it need not stand twice."""
    start = signature[:40].rstrip()
    return any(line.strip().startswith(start) for line in code)
