"""Asks doc comments in many languages: ``python -m benchmarks.retrieval_comments``.

Of each package below, some doc comments are taken out of the tree, and asked for the file that they
stood in: a check that no rule of the ranking is good for a few languages only. The packages are
those that the model was trained on (`training/packages.tsv`), so compare the columns, not the
figures with others.
"""

import argparse
import os
import random
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

from benchmarks.corpora import cache_dir
from benchmarks.retrieval_questions import Asked, K, ask_labelled
from codeintel.evaluation.metrics import reciprocal_rank
from codeintel.evaluation.questions import Question, RepositoryQuestions
from codeintel.lang.content import read_source, split_lines
from codeintel.lang.languages import detect_language
from codeintel.lang.parse import parse_file
from codeintel.search.rerank import MEANING_ALONE, WEIGHTS, WORDS_ALONE
from codeintel.search.signals import path_traits
from codeintel.types import Definition, SkippedFile
from training.mining import first_words
from training.packages import debian_source_lists, download, read_files, read_list

_PACKAGES = """c:glfw3 c:mbedtls cpp:nghttp2 csharp:dbus-sharp elixir:elixir-lang
go:golang-github-nats-io-go-nats-dev haskell:haskell-stack haskell:haskell-snap-core
java:commons-pool2 java:httpcomponents-client kotlin:expo-modules-core
kotlin:react-native-screens lua:prosody lua:lua-penlight php:phpunit php:composer ruby:ruby-mail
ruby:ruby-graphql rust:librust-regex-syntax-dev rust:librust-criterion-dev scala:scala
swift:expo-modules-core swift:@capacitor/ios zig:ziglang""".split()
_LARGEST_FILE_BYTES = 400_000
_MOST_FILES = 700
_MOST_COMMENTS = 40
_MOST_OF_A_FILE = 3
_LEAST_WORDS = 5
_LEAST_LINES = 5
_MARGIN = re.compile(r"^[\s/#*\-!;%\"'|{@]+|[\s*/\"'\-}]+$")
_NO_LETTERS = re.compile(r"[\W_]+")

Commented = tuple[str, Definition, str]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retrieval_comments")
    parser.add_argument(
        "--archives", type=Path, default=cache_dir() / "packages", help="folder of the downloads"
    )
    archives: Path = parser.parse_args().archives
    known = {package.name: package for package in read_list()}
    wanted = [known[entry.partition(":")[2]] for entry in _PACKAGES]
    if any(p.registry == "debian" and not (archives / p.key).exists() for p in wanted):
        os.environ.setdefault("APT_CONFIG", debian_source_lists(archives.parent / "apt"))
    print(f"{'':12} {'n':>4} {'default':>8} {'words':>8} {'meaning':>8}   MRR@{K}")
    asked: dict[str, list[Asked]] = {}
    for entry, package in zip(_PACKAGES, wanted, strict=True):
        language = entry.partition(":")[0]
        asked.setdefault(language, []).extend(ask(download(package, archives), language))
    asked["all"] = [question for questions in asked.values() for question in questions]
    for language, questions in asked.items():
        scores = (
            mean(reciprocal_rank(q.results(weights), q.targets, K) for q in questions)
            for weights in (WEIGHTS, WORDS_ALONE, MEANING_ALONE)
        )
        print(f"{language:12} {len(questions):4}", *(f"{score:8.3f}" for score in scores))


def ask(archive: Path, language: str) -> Iterator[Asked]:
    """Ask the comments of one package."""
    rng = random.Random(f"{archive.name} {language}")
    texts = _texts(archive, rng)
    chosen = _choose(texts, language, rng)
    for path in {path for path, _, _ in chosen}:
        commented = [definition for other, definition, _ in chosen if other == path]
        texts[path] = _without_comments(texts[path], commented)
    plain = [_plain(text) for text in texts.values()]
    questions = tuple(
        Question(query=query, relevant=(path,))
        for path, _, query in chosen
        # The same comment may stand elsewhere, too: in a header, over another overload.
        if not any(" ".join(_plain(query).split()[:_LEAST_WORDS]) in text for text in plain)
    )
    with tempfile.TemporaryDirectory() as scratch:
        for path, text in texts.items():
            file = Path(scratch) / archive.name / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        repository = RepositoryQuestions(name=archive.name, queries=questions)
        yield from ask_labelled(repository, Path(scratch))


def _texts(archive: Path, rng: random.Random) -> dict[str, str]:
    """Give the texts of a package by path, of a large one those of some files."""
    files = [
        (path, data)
        for path, data in read_files(archive, lambda _: True)
        if len(data) < _LARGEST_FILE_BYTES
    ]
    files = sorted(rng.sample(files, min(len(files), _MOST_FILES)))
    read = {path: read_source(path, data) for path, data in files}
    return {
        path: source.text for path, source in read.items() if not isinstance(source, SkippedFile)
    }


def _choose(texts: dict[str, str], language: str, rng: random.Random) -> list[Commented]:
    """Choose definitions whose comments say enough without naming them."""
    found = [
        (path, definition, query)
        for path, text in texts.items()
        if detect_language(path, text) == language and not path_traits(path).aside
        for definition in parse_file(path, text).definitions
        if definition.end_line - definition.start_line + 1 >= _LEAST_LINES
        and len((query := first_words(definition.doc)).split()) >= _LEAST_WORDS
        and definition.name.lower() not in query.lower().split()
    ]
    rng.shuffle(found)
    chosen: dict[str, Commented] = {}
    n_of: dict[str, int] = {}
    for path, definition, query in found:
        n_of[path] = n_of.get(path, 0) + 1
        if n_of[path] <= _MOST_OF_A_FILE and len(chosen) < _MOST_COMMENTS:
            chosen.setdefault(query, (path, definition, query))
    return list(chosen.values())


def _without_comments(text: str, commented: list[Definition]) -> str:
    """Take the comments of definitions out, in or above them."""
    lines = split_lines(text)
    for definition in sorted(commented, key=lambda d: -d.start_line):
        comment = {_MARGIN.sub("", line) for line in definition.doc.split("\n")} - {""}
        first = max(0, definition.start_line - definition.doc.count("\n") - 6)
        part = lines[first : definition.end_line]
        lines[first : definition.end_line] = [
            line for line in part if _MARGIN.sub("", line) not in comment
        ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Give the letters of a text with single blanks between its words."""
    return _NO_LETTERS.sub(" ", text).lower()


if __name__ == "__main__":
    main()
