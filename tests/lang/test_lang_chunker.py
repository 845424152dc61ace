"""Where files are cut."""

from codeintel.lang.chunker import JOINED_CHARS, MAX_CHARS
from codeintel.lang.content import split_lines
from codeintel.lang.parse import parse_file
from codeintel.types import Chunk


def size(text: str, chunk: Chunk) -> int:
    return sum(len(x.strip()) + 1 for x in split_lines(text)[chunk.start_line - 1 : chunk.end_line])


def function(name: str, n_lines: int) -> str:
    body = "".join(f"    {name}_{i} = compute({i})\n" for i in range(n_lines))
    return f"def {name}():\n{body}\n\n"


def test_functions_of_usual_size_are_chunks_of_their_own() -> None:
    text = "".join(function(name, 35) for name in "abc")
    chunks = parse_file("a.py", text).chunks
    assert [chunk.symbol for chunk in chunks] == ["a", "b", "c"]


def test_small_neighbours_share_a_chunk() -> None:
    text = "".join(function(name, 2) for name in "abc")
    (chunk,) = parse_file("a.py", text).chunks
    assert size(text, chunk) < JOINED_CHARS


def test_a_large_function_is_split_and_each_part_names_it() -> None:
    chunks = parse_file("a.py", function("f", 400)).chunks
    assert len(chunks) > 3
    assert {chunk.symbol for chunk in chunks} == {"f"}
    assert {chunk.signature for chunk in chunks} == {"def f()"}


def test_a_method_chunk_knows_its_class() -> None:
    body = "".join("    " + line + "\n" for line in split_lines(function("m", 45)))
    chunks = parse_file("a.py", f'class A:\n    """About A."""\n\n{body}{body}').chunks
    assert (chunks[-1].container, chunks[-1].symbol) == ("A", "m")


def test_a_comment_stays_with_the_function_it_is_about() -> None:
    text = function("a", 35) + "# About b.\n" + function("b", 35)
    chunks = parse_file("a.py", text).chunks
    line = split_lines(text).index("# About b.") + 1
    assert chunks[1].start_line == line


def test_no_chunk_of_many_lines_is_too_large() -> None:
    for path in ("a.py", "a.js", "a.txt", "a.md", "a.unknown"):
        text = "word " * 12 + "\n"
        for chunk in parse_file(path, text * 500).chunks:
            assert size(text * 500, chunk) <= MAX_CHARS


def test_one_enormous_line_is_one_chunk() -> None:
    chunks = parse_file("a.txt", "short\n" + "x" * 50_000 + "\nshort\n").chunks
    assert [(chunk.start_line, chunk.end_line) for chunk in chunks][-2:] == [(2, 2), (3, 3)]


def test_text_without_a_grammar_is_cut_at_blank_lines() -> None:
    paragraph = "some words here\n" * 40 + "\n"
    chunks = parse_file("a.dart", paragraph * 5).chunks
    assert [chunk.start_line for chunk in chunks] == [1, 42, 83, 124]


def test_nested_calls_of_a_test_file_are_cut_at_their_parts() -> None:
    case = "  it('does', () => {\n" + "    expect(call(1)).toBe(2);\n" * 40 + "  });\n"
    chunks = parse_file("a.test.js", "describe('x', () => {\n" + case * 4 + "});\n").chunks
    starts = [chunk.start_line for chunk in chunks]
    assert {44, 86, 128} <= set(starts)
