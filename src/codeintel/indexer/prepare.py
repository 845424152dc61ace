"""Turns the bytes of one file into everything that the index stores of it."""

from bisect import bisect_right

from msgspec import Struct

from codeintel.lang import PIPELINE
from codeintel.lang.capsule import chunk_text
from codeintel.lang.content import SourceText, read_source, split_lines
from codeintel.lang.parse import parse_file
from codeintel.lang.tokens import joined_tokens
from codeintel.types import ParsedFile, SkippedFile


class Task(Struct, frozen=True):
    """A file to prepare."""

    path: str
    data: bytes


class PreparedChunk(Struct, frozen=True, gc=False):
    """What is searched of a chunk: its text with context, and its tokens by field, joined."""

    text: str
    body: str
    names: str


class Prepared(Struct, frozen=True, kw_only=True):
    """A file that is ready to be stored; either `skipped` or all the others are set.

    `pipeline` names the rules that its chunks were cut by.
    """

    path: str
    pipeline: str = PIPELINE
    skipped: SkippedFile | None = None
    encoding: str = ""
    text: str = ""
    parsed: ParsedFile | None = None
    chunks: list[PreparedChunk] = []
    path_tokens: str = ""


def prepare(task: Task) -> Prepared:
    """Decode, parse, cut into chunks and tokenize one file; never raises on any content."""
    source = read_source(task.path, task.data)
    if isinstance(source, SkippedFile):
        return Prepared(path=task.path, skipped=source)
    parsed = parse_file(task.path, source.text)
    return assemble(task.path, source, parsed)


def assemble(
    path: str, source: SourceText, parsed: ParsedFile, pipeline: str = PIPELINE
) -> Prepared:
    """Give each chunk of a parsed file its text and its tokens."""
    lines = split_lines(source.text)
    names_of: dict[int, list[str]] = {}
    starts = [chunk.start_line for chunk in parsed.chunks]
    for definition in parsed.definitions:
        position = bisect_right(starts, definition.name_line) - 1
        names_of.setdefault(position, []).append(definition.name)
    chunks = []
    for position, chunk in enumerate(parsed.chunks):
        text = chunk_text(path, chunk, lines)
        names = joined_tokens(" ".join(names_of.get(position, ())))
        chunks.append(PreparedChunk(text, joined_tokens(text), names))
    return Prepared(
        path=path,
        pipeline=pipeline,
        encoding=source.encoding,
        text=source.text,
        parsed=parsed,
        chunks=chunks,
        path_tokens=joined_tokens(path),
    )
