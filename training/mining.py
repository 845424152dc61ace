"""Mines pairs of texts that belong together from the source files of a package.

A pair is a question-like text and the code it is about. Kinds (`Kind`): a doc comment and its
definition, a name and the body, words of a path and a part of the file, an inline comment and the
lines after it, the title of a test and its body, a section of documentation and the symbol it
mentions, and two parts of one file.
"""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from codeintel.lang.capsule import chunk_text
from codeintel.lang.content import split_lines
from codeintel.lang.parse import parse_file
from codeintel.types import Definition

Kind = Literal[
    "doc", "name", "path", "inline", "header", "member", "test", "section", "example", "neighbour"
]

_MOST_QUERY_CHARS = 300
_MOST_CODE_CHARS = 1_800
_LEAST_CODE_CHARS = 120

_TAGS = re.compile(
    r"^\s*(@\w+|:\w+[^:]*:|\\\w+|Args?:|Parameters|Returns?:?|Raises:?|Example|>>>|```|-{3,}|={3,})"
)
_MARKUP = re.compile(r"<[^<>]{1,40}>|:\w+:`|\{@\w+|\}|[`*]{1,3}")
_BOILERPLATE = re.compile(r"licen[sc]e|copyright|spdx|eslint|noqa|pylint|@ts-|type: ?ignore", re.I)
_COMMENT_LINE = re.compile(
    r"^\s*(?://+|#+|--|;+|\*|/\*+|%+|\"\"\"|''')!?\s*(.*?)\s*(?:\*/|\"\"\"|''')?$"
)
_CODE_LIKE = re.compile(r"[;{}=<>\[\]]|\w\(")
_TEST_TITLE = re.compile(
    r"""\b(?:it|test|describe|specify|context|scenario|feature|should|TEST_CASE|SECTION)
        \s*\(?\s*(["'`])(?P<title>.{12,150}?)\1""",
    re.VERBOSE,
)
_TEST_NAME = re.compile(r"^(test|should|it)[_A-Z]")
_HEADING = re.compile(r"^#{1,4}\s+(.{3,120})$")
_MENTION = re.compile(r"`([A-Za-z_][\w.:#]{2,60})(?:\(\))?`")


@dataclass(frozen=True, slots=True)
class Pair:
    """A query and the code it should find.

    `place` is what stands above the code in the product (path and enclosing definitions), `drop`
    words that are taken out of the code, `file` the number of the file within its package.
    """

    kind: Kind
    query: str
    place: str
    code: str
    file: int
    drop: str = ""


def mine_file(
    path: str, text: str, file: int, symbols: dict[str, tuple[str, str]], rng: random.Random
) -> list[Pair]:
    """Mine one source file; the places and codes of its definitions are added to `symbols`."""
    parsed = parse_file(path, text)
    lines = split_lines(text)
    pairs: list[Pair] = []
    for definition in parsed.definitions:
        code = _code_of(lines, definition)
        if len(code) >= 40:
            pairs += _definition_pairs(path, definition, code, file, rng)
            symbols.setdefault(definition.name, (_place(path, definition), code))
    windows = [chunk_text(path, c, lines).partition("\n")[2] for c in parsed.chunks]
    windows = [window[:_MOST_CODE_CHARS] for window in windows if len(window) >= _LEAST_CODE_CHARS]
    pairs += _window_pairs(path, lines, windows, file, rng)
    pairs += _member_pairs(path, lines, parsed.definitions, file, rng)
    pairs += _line_pairs(path, lines, file, rng)
    return pairs


def _place(path: str, definition: Definition) -> str:
    return f"{path}\n{'.'.join(x for x in (definition.container, definition.name) if x)}"


def _code_of(lines: list[str], definition: Definition) -> str:
    body = without_doc(lines[definition.start_line - 1 : definition.end_line], definition.doc)
    return "\n".join(body)[:_MOST_CODE_CHARS]


def first_words(doc: str) -> str:
    """Give the first paragraph of a doc comment without markup; empty if it says little."""
    taken: list[str] = []
    for line in doc.strip().split("\n"):
        if _TAGS.match(line) or (taken and not line.strip()):
            break
        taken.append(line)
    text = " ".join(_MARKUP.sub(" ", " ".join(taken)).split())[:_MOST_QUERY_CHARS]
    return text if len(text.split()) >= 3 and not _BOILERPLATE.search(text) else ""


def _definition_pairs(
    path: str, definition: Definition, code: str, file: int, rng: random.Random
) -> Iterator[Pair]:
    place = _place(path, definition)
    query = first_words(definition.doc)
    name = " ".join((definition.name, definition.container))
    drop = definition.name if rng.random() < 0.6 else ""
    if query:
        yield Pair("doc", query, place, code, file)
        if rng.random() < 0.15:
            yield Pair("name", name, "" if drop else place, code, file, drop)
    elif _TEST_NAME.match(definition.name) and len(code) > _LEAST_CODE_CHARS:
        yield Pair("test", definition.name, path, code, file, definition.name)
    elif len(code) > _LEAST_CODE_CHARS and rng.random() < 0.45:
        yield Pair("name", name, path if drop else place, code, file, drop)


def without_doc(lines: list[str], doc: str) -> list[str]:
    """Take the lines of a doc comment out of a definition."""
    if not doc:
        return lines
    documented = {line.strip() for line in doc.split("\n")}
    kept = []
    for line in lines:
        bare = line.strip()
        inner = re.sub(r"^[rbuf]{0,2}(\"\"\"|''')|(\"\"\"|''')$", "", bare).strip()
        if bare and (bare in documented or (inner != bare and (not inner or inner in documented))):
            continue
        kept.append(line)
    return kept


def _window_pairs(
    path: str, lines: list[str], windows: list[str], file: int, rng: random.Random
) -> Iterator[Pair]:
    if not windows:
        return
    stem = path.rpartition(".")[0] or path
    yield Pair("path", " ".join(stem.split("/")[-2:]), "", rng.choice(windows), file)
    header = _header(lines)
    if header:
        for window in rng.sample(windows, min(2, len(windows))):
            yield Pair("header", header, path, _without_header(window, header), file)
    if len(windows) >= 2 and rng.random() < 0.7:
        one, other = rng.sample(windows, 2)
        yield Pair("neighbour", one[:600], path if rng.random() < 0.5 else "", other, file)


def _header(lines: list[str]) -> str:
    """Give the first paragraph of the comment that opens a file."""
    words: list[str] = []
    for line in lines[:40]:
        if not line.strip() or line.startswith("#!"):
            if words:
                break
            continue
        comment = _COMMENT_LINE.match(line)
        if not comment:
            break
        words.append(comment.group(1))
    text = first_words("\n".join(words))
    return text if len(text.split()) >= 5 else ""


def _without_header(window: str, header: str) -> str:
    def stands_in_header(line: str) -> bool:
        comment = _COMMENT_LINE.match(line)
        content = comment.group(1) if comment else line.strip()
        return len(content) >= 8 and content in header

    return "\n".join(line for line in window.split("\n") if not stands_in_header(line))


def _member_pairs(
    path: str, lines: list[str], definitions: Sequence[Definition], file: int, rng: random.Random
) -> Iterator[Pair]:
    """A class's doc comment and one of its methods: what an architecture question looks like."""
    for outer in definitions:
        query = first_words(outer.doc)
        if not query or outer.end_line - outer.start_line < 20:
            continue
        members = [
            d
            for d in definitions
            if outer.start_line < d.start_line <= d.end_line <= outer.end_line
            and d.end_line - d.start_line >= 4
        ]
        if members:
            member = rng.choice(members)
            yield Pair("member", query, _place(path, member), _code_of(lines, member), file)


def _line_pairs(path: str, lines: list[str], file: int, rng: random.Random) -> Iterator[Pair]:
    """Inline comments and test titles, each with the lines that follow."""
    n_inline = n_tests = 0
    for number, line in enumerate(lines):
        title = _TEST_TITLE.search(line) if n_tests < 12 else None
        if title:
            code = "\n".join((line.replace(title["title"], ""), *lines[number + 1 : number + 20]))
            n_tests += 1
            yield Pair("test", title["title"], path, code[:_MOST_CODE_CHARS], file)
            continue
        if n_inline >= 10 or number < 10 or not line.startswith((" ", "\t")):
            continue
        comment = _COMMENT_LINE.match(line)
        if not comment or rng.random() < 0.5:
            continue
        text = " ".join(_MARKUP.sub(" ", comment.group(1)).split())
        if not 5 <= len(text.split()) <= 40 or _CODE_LIKE.search(text) or _BOILERPLATE.search(text):
            continue
        after = [x for x in lines[number + 1 : number + 16] if not _COMMENT_LINE.match(x)]
        code = "\n".join(after)
        if len(code) >= _LEAST_CODE_CHARS:
            n_inline += 1
            yield Pair("inline", text, path, code[:_MOST_CODE_CHARS], file)


def mine_prose(
    text: str, file: int, symbols: dict[str, tuple[str, str]], rng: random.Random
) -> Iterator[Pair]:
    """Mine a Markdown document: its sections with the symbols and the code blocks they show.

    `symbols` maps the name of a definition to its place and code.
    """
    for heading, body in _sections(text):
        prose = first_words(_prose_of(body))
        if not prose:
            continue
        query = f"{heading} {prose}"[:_MOST_QUERY_CHARS]
        names = {re.split(r"[.:#]+", m)[-1] for m in _MENTION.findall(body)}
        known = sorted(name for name in names if name in symbols)
        for name in rng.sample(known, min(2, len(known))):
            place, code = symbols[name]
            yield Pair("section", query, place, code, file)
        for block in re.findall(r"(?s)```[^\n]*\n(.*?)```", body)[:2]:
            if len(block) >= _LEAST_CODE_CHARS:
                yield Pair("example", query, "", block[:_MOST_CODE_CHARS], file)


def _sections(text: str) -> Iterator[tuple[str, str]]:
    heading = ""
    body: list[str] = []
    for line in text.split("\n"):
        match = _HEADING.match(line)
        if match:
            yield heading, "\n".join(body)
            heading, body = match.group(1).strip("# "), []
        else:
            body.append(line)
    yield heading, "\n".join(body)


def _prose_of(body: str) -> str:
    return re.sub(r"(?s)```.*?```|^\s*[|<!\[].*?$", "", body, flags=re.MULTILINE).strip()
