"""Definitions of every named language against golden outlines; any text at all is cut whole."""

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.lang.content import split_lines
from codeintel.lang.languages import LANGUAGES, detect_language, language
from codeintel.lang.parse import parse_file
from codeintel.types import ParsedFile
from codeintel.types.packed import unpack_positions

GOLDEN = Path(__file__).parent.parent / "golden" / "lang"
SAMPLES = sorted(path for path in GOLDEN.iterdir() if path.suffix != ".outline")


def parse(path: str, text: str) -> ParsedFile:
    """Parse, and check what holds for every file."""
    parsed = parse_file(path, text)
    lines = split_lines(text)
    assert parsed.n_lines == len(lines)
    next_line = 1
    for chunk in parsed.chunks:
        assert chunk.start_line == next_line
        assert chunk.end_line >= chunk.start_line
        next_line = chunk.end_line + 1
    assert next_line == len(lines) + 1
    for definition in parsed.definitions:
        assert 1 <= definition.start_line <= definition.name_line <= definition.end_line
        assert definition.end_line <= len(lines)
        assert len(definition.signature) <= 300
        assert len(definition.doc) <= 1000
        assert "\n" not in definition.signature
    return parsed


def outline(parsed: ParsedFile) -> str:
    """Definitions and chunks as text, one a line."""
    lines = [f"{parsed.language}{' (syntax errors)' if parsed.syntax_errors else ''}"]
    for d in parsed.definitions:
        name = f"{d.container} > {d.name}" if d.container else d.name
        place = f"{d.start_line}-{d.end_line} name {d.name_line}:{d.name_column}"
        rest = f" doc {d.doc!r}" if d.doc else ""
        lines.append(
            f"{d.kind} {name} [{place}]{'' if d.public else ' private'} {d.signature!r}{rest}"
        )
    lines += [
        f"chunk {c.start_line}-{c.end_line} {c.container} > {c.symbol}" for c in parsed.chunks
    ]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_the_definitions_of_a_sample_are_those_of_its_golden_outline(sample: Path) -> None:
    got = outline(parse(sample.name, sample.read_text("utf-8")))
    golden = GOLDEN / f"{sample.name}.outline"
    if os.environ.get("WRITE_GOLDEN"):
        golden.write_text(got, "utf-8")
    assert got == golden.read_text("utf-8")


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_names_stand_where_definitions_and_uses_say(sample: Path) -> None:
    text = sample.read_text("utf-8")
    parsed, lines = parse(sample.name, text), split_lines(text)
    for d in parsed.definitions:
        assert lines[d.name_line - 1][d.name_column - 1 :].startswith(d.name.split(" ")[0])
    names = {(d.name, d.name_line, d.name_column) for d in parsed.definitions}
    for name, packed in parsed.uses.items():
        places = unpack_positions(packed)
        assert places == sorted(places)
        for line, column in places:
            assert lines[line - 1][column - 1 :].startswith(name)
            assert (name, line, column) not in names


def test_every_language_with_a_grammar_has_a_sample() -> None:
    sampled = {detect_language(path.name, path.read_text("utf-8")) for path in SAMPLES}
    assert {name for name in LANGUAGES if language(name).grammar} <= sampled


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_mutilated_file_is_still_cut_whole(sample: Path) -> None:
    text = sample.read_text("utf-8")
    chance = random.Random(sample.name)
    for _ in range(15):
        broken = list(text * 3)
        start = chance.randrange(len(broken))
        del broken[start : start + chance.randrange(300)]
        for _ in range(chance.randrange(20)):
            broken[chance.randrange(len(broken))] = chance.choice("(){}[]\"'`<>;:\n\t#/*\\\0漢")
        parse(sample.name, "".join(broken))


@given(text=st.text(), extension=st.sampled_from([path.suffix for path in SAMPLES]))
@settings(max_examples=300, deadline=None)
def test_any_text_in_any_language_is_cut_whole(text: str, extension: str) -> None:
    parse(f"file{extension}", text)


@given(
    parts=st.lists(st.sampled_from(["(", "{", "}", "def f():\n", "class A {\n", '"', "\n", "  "])),
    extension=st.sampled_from([path.suffix for path in SAMPLES]),
)
@settings(max_examples=200, deadline=None)
def test_bits_of_code_in_any_order_are_cut_whole(parts: list[str], extension: str) -> None:
    parse(f"file{extension}", "".join(parts))


@pytest.mark.parametrize("name", ["deep.py", "deep.js", "deep.json", "deep.cpp", "deep.rb"])
@pytest.mark.parametrize("opening", ["(", "[", "{\n"])
def test_deep_nesting_neither_raises_nor_overflows_the_stack(name: str, opening: str) -> None:
    parse(name, opening * 20_000)


def test_a_file_that_takes_too_long_is_cut_by_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codeintel.lang.parse.PARSE_LIMIT_S", 0.0)
    parsed = parse("slow.py", "def f():\n    return 1\n" * 2000)
    assert parsed.language == "python"
    assert len(parsed.chunks) > 1
    assert not parsed.definitions


def test_an_empty_text_has_no_chunks() -> None:
    assert parse("empty.py", "").chunks == ()


def test_columns_count_characters_not_bytes() -> None:
    parsed = parse("wide.py", 'x = "größe 漢字"; name = other(x)\n')
    assert unpack_positions(parsed.uses["other"]) == [(1, 24)]
    assert parsed.definitions[1].name_column == 17


def test_a_signature_leaves_out_annotations_and_the_comments_between_them() -> None:
    text = '@Finders(Array("a.B"))\n// Elsewhere: @scala.Enable\nclass Suite extends Base {}\n'
    (definition,) = parse("Suite.scala", text).definitions
    assert definition.signature == "class Suite extends Base"


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("A.scala", "class A {\n  val f = 1\n  it(0) {\n    val e = 2\n  }\n}\n", ["A", "f"]),
        ("A.kt", "class A {\n  val f = 1\n  init { val t = 2 }\n}\n", ["A", "f"]),
        ("B.kt", "val top = run { val u = 1; u }\n", ["top"]),
        ("A.swift", 'describe("x") { let z = 1 }\nlet top = 5\n', ["top"]),
        ("a.cpp", 'int g = 1;\nTEST_CASE("x") { int local = 2; }\n', ["g"]),
    ],
)
def test_variables_of_a_block_given_to_a_call_are_local(
    path: str, text: str, names: list[str]
) -> None:
    assert [definition.name for definition in parse(path, text).definitions] == names


def test_a_signature_ends_before_a_comment() -> None:
    text = "module Methods # strategies\n  def call(name) # :nodoc:\n    name\n  end\nend\n"
    methods, call = parse("methods.rb", text).definitions
    assert methods.signature == "module Methods"
    assert call.signature == "def call(name)"


@pytest.mark.parametrize(
    ("path", "text", "signature"),
    [
        (
            "A.java",
            "  @DataPoint\n  static final String B = null;\n",
            "static final String B = null",
        ),
        ("A.php", "  #[Id]\n  private int $id;\n", "private int $id"),
        ("A.swift", '  @Option(\n    name: "x")\n  var id: Int\n', "var id: Int"),
        ("A.ts", "  @Input() id: string;\n", "id: string"),
    ],
)
def test_the_signature_of_a_field_is_not_its_annotation(
    path: str, text: str, signature: str
) -> None:
    start = "<?php\n" if path.endswith("php") else ""
    _, field = parse(path, start + "class A {\n" + text + "}\n").definitions
    assert field.signature == signature


def test_windows_line_ends_leave_no_carriage_return_in_what_is_found() -> None:
    parsed = parse("dos.py", '# About.\r\ndef f(a,\r\n      b):\r\n    """Doc.\r\n    More."""\r\n')
    (definition,) = parsed.definitions
    assert definition.signature == "def f(a, b)"
    assert definition.doc == "Doc.\nMore."


def test_a_comment_behind_code_documents_nothing() -> None:
    parsed = parse("a.go", "package a\n\nvar x = 1 // not about F\nfunc F() {}\n")
    assert [d.doc for d in parsed.definitions] == ["", ""]


def test_a_blank_line_parts_a_comment_from_what_follows() -> None:
    (definition,) = parse("a.py", "# Header.\n\ndef f(): pass\n").definitions
    assert definition.doc == ""


def test_a_container_is_written_with_dots_and_with_all_that_is_around_it() -> None:
    ruby = parse_file("a.rb", "class Shop::Cart\n  def load\n  end\nend\n")
    assert [d.container for d in ruby.definitions if d.name == "load"] == ["Shop.Cart"]
    cpp = parse_file("a.cpp", "namespace a::b { class Deep { void go(); }; }\n")
    assert {d.name: d.container for d in cpp.definitions}["go"] == "a.b.Deep"
