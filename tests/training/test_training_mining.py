"""Pairs that are mined from source files."""

import random
from pathlib import Path

import pytest

from training.contamination import EvaluationLines
from training.mining import first_words, mine_file, mine_prose, without_doc

PYTHON = '''\
"""Keeps connections to the database open for later use."""

import time


class Pool:
    """Lends connections and takes them back when they are idle."""

    def acquire(self, timeout: float) -> "Connection":
        """Wait until a connection is free.

        Parameters
        ----------
        timeout
            In seconds.
        """
        deadline = time.monotonic() + timeout
        while not self.free:
            # give other threads a chance to hand theirs back
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("no connection became free")
            self.condition.wait(remaining)
        return self.free.pop()

    def release(self, connection: "Connection") -> None:
        self.free.append(connection)
        self.condition.notify()
        connection.last_used = time.monotonic()
        self.statistics.released += 1
        if len(self.free) > self.limit:
            self.free.pop(0).close()
'''


def test_a_doc_comment_is_paired_with_its_definition_without_it() -> None:
    pairs = mine_file("db/pool.py", PYTHON, 3, {}, random.Random(1))
    pair = next(p for p in pairs if p.kind == "doc" and "free" in p.query)
    assert pair.query == "Wait until a connection is free."
    assert pair.place == "db/pool.py\nPool.acquire"
    assert "def acquire" in pair.code
    assert "Wait until" not in pair.code
    assert "In seconds" not in pair.code
    assert pair.file == 3


def test_kinds_of_pairs_are_found_in_a_source_file() -> None:
    kinds = {
        pair.kind
        for seed in range(20)
        for pair in mine_file("db/pool.py", PYTHON, 0, {}, random.Random(seed))
    }
    assert kinds >= {"doc", "name", "path", "inline", "header", "member"}


def test_mining_is_the_same_under_a_seed() -> None:
    one, other = (mine_file("db/pool.py", PYTHON, 0, {}, random.Random(7)) for _ in range(2))
    assert one == other


def test_the_title_of_a_test_is_paired_with_its_body() -> None:
    text = "it('retries a request after a timeout', async () => {\n  await client.get('/');\n});\n"
    pairs = mine_file("a.test.js", text, 0, {}, random.Random(1))
    pair = next(p for p in pairs if p.kind == "test")
    assert pair.query == "retries a request after a timeout"
    assert pair.query not in pair.code
    assert "client.get" in pair.code


def test_a_section_is_paired_with_the_symbol_it_mentions() -> None:
    text = "# Pools\n\nConnections are lent by `Pool.acquire()` and come back later.\n"
    symbols = {"acquire": ("db/pool.py\nPool.acquire", "def acquire(self): ...")}
    (pair,) = mine_prose(text, 0, symbols, random.Random(1))
    assert pair.kind == "section"
    assert pair.query.startswith("Pools Connections are lent")
    assert pair.code == "def acquire(self): ..."


@pytest.mark.parametrize(
    ("doc", "expected"),
    [
        ("Reads a file.\n\nMore of it.", "Reads a file."),
        ("Opens {@link Socket} for\nreading\n@param path where", "Opens Socket for reading"),
        ("Copyright 2020 by somebody", ""),
        ("todo", ""),
        ("@param x the value", ""),
    ],
)
def test_the_first_words_of_a_doc_comment_are_taken(doc: str, expected: str) -> None:
    assert first_words(doc) == expected


def test_quotes_around_a_docstring_go_with_it() -> None:
    lines = ["def f():", '    """', "    Says hello.", '    """', "    return 1"]
    assert without_doc(lines, "Says hello.") == ["def f():", "    return 1"]


def test_a_fork_of_an_evaluation_file_is_known_by_its_long_lines(tmp_path: Path) -> None:
    lines = [f"    result_{n} = transform_everything(argument_{n}, option={n})" for n in range(9)]
    (tmp_path / "a.py").write_text("\n".join(lines))
    evaluation = EvaluationLines([tmp_path / "a.py"])
    assert evaluation.are_in("import os\n" + "\n".join(lines[:6]))
    assert not evaluation.are_in("\n".join(lines[:3]))
    assert not evaluation.are_in("short\nlines\n")
