"""The text that is embedded and indexed."""

from codeintel.lang.capsule import MAX_CAPSULE_CHARS, chunk_text
from codeintel.types import Chunk, SymbolKind

LINES = ("class A:", "    def f(self):", "        a = 1", "        return a")


def chunk(start: int, end: int, signature: str = "def f(self)") -> Chunk:
    return Chunk(
        start_line=start,
        end_line=end,
        symbol="f",
        container="A",
        kind=SymbolKind.METHOD,
        signature=signature,
    )


def test_a_part_of_a_function_says_where_it_is_from() -> None:
    text = chunk_text("src/a.py", chunk(3, 4), LINES)
    assert text.split("\n") == [
        "src/a.py",
        "A.f",
        "def f(self)",
        "        a = 1",
        "        return a",
    ]


def test_a_signature_that_the_code_shows_is_not_repeated() -> None:
    text = chunk_text("src/a.py", chunk(2, 4), LINES)
    assert text.split("\n") == ["src/a.py", "A.f", *LINES[1:]]


def test_code_outside_of_definitions_has_its_path() -> None:
    assert chunk_text("a.py", Chunk(start_line=1, end_line=1), LINES) == "a.py\nclass A:"


def test_the_rest_of_an_enormous_line_is_left_out() -> None:
    text = chunk_text("a.py", Chunk(start_line=1, end_line=1), ["x" * 100_000])
    assert len(text) == MAX_CAPSULE_CHARS
