"""From a downloaded package to its file of pairs in the work folder."""

import gzip
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from codeintel.lang.content import read_source
from codeintel.lang.languages import detect_language
from codeintel.types import SkippedFile
from training.contamination import EvaluationLines, is_suspicious
from training.mining import Pair, mine_file, mine_prose
from training.packages import Package, read_files

# No package may outweigh the others; languages that few packages are written in get more.
_BYTES_PER_LANGUAGE = 400_000
_BYTES_PER_RARE_LANGUAGE = 3_000_000
_RARE = frozenset({"bash", "csharp", "elixir", "kotlin", "lua", "scala", "swift", "zig"})

_SOURCE = re.compile(
    r"\.(py|pyx|js|mjs|cjs|jsx|ts|tsx|mts|go|rs|java|c|h|cc|cpp|cxx|hpp|hh|hxx|cs|rb|php|kt|kts"
    r"|scala|swift|ex|exs|hs|lua|zig|sh|bash|zsh|md|mdx|vue|svelte)$"
)
_TESTS = re.compile(
    r"(^|/)(tests?|specs?|__tests__|testing|testdata)(/|$)|(_|\.)(test|spec)\.|/test_"
)
_NOISE = re.compile(
    r"\.d\.ts$|\.min\.|(^|/)(dist|build|umd|cjs|esm)/[^/]*\.js$|locale|/i18n/|/data/"
)


def mine_package(
    package: Package, archives: Path, pairs: Path, evaluation: EvaluationLines, seed: int
) -> dict[str, int]:
    """Write the pairs of a package and give its facts; a package that is done is left alone."""
    target = pairs / f"{package.key}.jsonl.gz"
    facts_file = pairs / f"{package.key}.json"
    if facts_file.exists():
        known: dict[str, int] = json.loads(facts_file.read_text())
        return known
    rng = random.Random(f"{seed} {package.key}")
    facts = Counter[str]()
    mined = list(_mine(archives / package.key, evaluation, rng, facts))
    with gzip.GzipFile(target, "wb", compresslevel=3, mtime=0) as file:
        for pair in mined:
            file.write(json.dumps(asdict(pair)).encode() + b"\n")
    facts["pairs"] = len(mined)
    facts_file.write_text(json.dumps(facts))
    return dict(facts)


def read_pairs(file: Path) -> Iterator[Pair]:
    """Give the pairs of a package in the order in which they were mined."""
    with gzip.open(file, "rt") as lines:
        for line in lines:
            yield Pair(**json.loads(line))


def _mine(
    folder: Path, evaluation: EvaluationLines, rng: random.Random, facts: Counter[str]
) -> Iterator[Pair]:
    symbols: dict[str, tuple[str, str]] = {}
    prose: list[tuple[int, str]] = []
    for number, (path, text) in enumerate(_texts(folder, evaluation, rng, facts)):
        if path.endswith((".md", ".mdx")):
            prose.append((number, text))
        else:
            yield from mine_file(path, text, number, symbols, rng)
    for number, text in prose:
        yield from mine_prose(text, number, symbols, rng)


def _texts(
    folder: Path, evaluation: EvaluationLines, rng: random.Random, facts: Counter[str]
) -> Iterator[tuple[str, str]]:
    """Give a random part of the package's sources that are nobody's copy."""
    files = list(read_files(folder, lambda path: bool(_SOURCE.search(path))))
    rng.shuffle(files)
    taken = Counter[str]()
    for path, data in files:
        if _NOISE.search(path) or (_TESTS.search(path) and rng.random() < 0.5):
            continue
        if is_suspicious(path):
            facts["dropped as vendored"] += 1
            continue
        source = read_source(path, data)
        if isinstance(source, SkippedFile):
            continue
        language = detect_language(path, source.text)
        limit = _BYTES_PER_RARE_LANGUAGE if language in _RARE else _BYTES_PER_LANGUAGE
        if taken[language] >= limit:
            continue
        if evaluation.are_in(source.text):
            facts["dropped as a copy"] += 1
            continue
        taken[language] += len(data)
        facts[f"bytes of {language}"] += len(data)
        facts["files"] += 1
        yield path, source.text
