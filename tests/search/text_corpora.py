"""Small text corpora, searched by CodeIntel and by ripgrep, the oracle."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from codeintel.index.trigram import TrigramIndex
from codeintel.index.trigram_writer import TrigramWriter
from codeintel.search.text import TextOptions, TextPage, search_text
from codeintel.search.text_corpus import RepositoryText, TextCorpus
from codeintel.search.text_pattern import TextQuery

Matches = dict[tuple[str, int], tuple[int, ...]]


class Entry(NamedTuple):
    id: int
    path: str


def make_part(folder: Path, texts: Mapping[str, str], repo: str = "r") -> RepositoryText:
    """Index texts by path, in path order."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = TrigramWriter(folder)
    entries = [Entry(number + 1, path) for number, path in enumerate(sorted(texts))]
    for entry in entries:
        writer.add(entry.id, texts[entry.path])
    writer.finish()
    return RepositoryText(repo, TextCorpus(entries, TrigramIndex.open(folder)))


def write_tree(folder: Path, texts: Mapping[str, str]) -> Path:
    for path, text in texts.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    return folder


def all_pages(
    part: RepositoryText, query: TextQuery, options: TextOptions | None = None
) -> list[TextPage]:
    options = options or TextOptions(limit=1_000_000, deadline_s=300)
    pages = [search_text([part], query, options)]
    while pages[-1].next_position is not None:
        pages.append(search_text([part], query, options, pages[-1].next_position))
    return pages


def matches(pages: list[TextPage]) -> Matches:
    return {
        (file.path, line.line): line.columns
        for page in pages
        for file in page.files
        for line in file.lines
        if line.columns
    }


def ripgrep(tree: Path, query: TextQuery) -> Matches | None:
    """Ask ripgrep for the matching lines and columns; None where it refuses the pattern."""
    program = shutil.which("rg")
    assert program, "ripgrep is part of the test extras"
    case = {"smart": "-S", "ignore": "-i", "sensitive": "-s"}[query.case]
    flags = ["--no-config", "--no-ignore", "--hidden", "--json", "--threads=1", case]
    if not query.regex:
        flags.append("-F")
    if query.word:
        flags.append("-w")
    if query.multiline:
        flags.append("-U")
    found = subprocess.run(
        [program, *flags, "-e", query.pattern, "."], cwd=tree, capture_output=True, check=False
    )
    if found.returncode == 2:
        return None
    answer: Matches = {}
    for event in map(json.loads, found.stdout.splitlines()):
        if event["type"] == "match":
            _take(answer, event["data"])
    return answer


def _take(answer: Matches, match: dict[str, object]) -> None:
    """Add one event, which stands for several lines where the match reaches over them."""
    path = match["path"]["text"].removeprefix("./")
    data = match["lines"]["text"].encode()
    starts = [submatch["start"] for submatch in match["submatches"]]
    at = 0
    for number, line in enumerate(data.splitlines(keepends=True)):
        inside = [start - at for start in starts if at <= start < at + len(line)]
        # Characters begun before each byte; ripgrep may give an empty match inside of one.
        begun = list(accumulate(((byte & 0xC0) != 0x80 for byte in line), initial=0))
        columns = tuple(begun[start] + 1 for start in inside)
        answer[path, match["line_number"] + number] = columns
        at += len(line)
