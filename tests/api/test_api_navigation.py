"""Definitions and uses, resolved by scope, imports and re-exports."""

from collections.abc import Iterator

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.errors import UnknownSymbolError
from codeintel.types import NavigationAnswer, Rung
from repositories import GitRepository

FILES = {
    "pkg/__init__.py": "from .cart import Cart as Basket\nfrom .tools import *\n",
    "pkg/cart.py": (
        "class Cart:\n"
        "    def add(self, item):\n"
        "        total = item\n"
        "        self.load(total)\n"
        "        return total\n"
        "\n"
        "    def load(self, value):\n"
        "        return value\n"
    ),
    "pkg/tools.py": (
        "def load(path):\n    return path\n\n\ndef save(path):\n    return load(path)\n"
    ),
    "other/tools.py": "def load(path):\n    return None\n\n\nload(1)\n",
    "use.py": (
        "from pkg import Basket, save\n"
        "from pkg.tools import load as read\n"
        "\n"
        "Basket()\n"
        "save(1)\n"
        "read(2)\n"
        "thing.load(3)\n"
    ),
}


@pytest.fixture
def code(repository: GitRepository, settings: Settings) -> Iterator[CodeIntel]:
    repository.commit(dict(FILES))
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        yield code


def places(answer: NavigationAnswer) -> list[tuple[str, int, str]]:
    return [(place.path, place.line, place.rung.value) for place in answer.locations]


@pytest.mark.parametrize(
    ("path", "line", "column", "expected"),
    [
        ("pkg/cart.py", 5, 16, [("pkg/cart.py", 3, "syntactic")]),
        ("pkg/cart.py", 4, 14, [("pkg/cart.py", 7, "syntactic")]),
        ("pkg/tools.py", 6, 12, [("pkg/tools.py", 1, "syntactic")]),
        ("other/tools.py", 5, 1, [("other/tools.py", 1, "syntactic")]),
        ("use.py", 4, 1, [("pkg/cart.py", 1, "syntactic")]),
        ("use.py", 5, 1, [("pkg/tools.py", 5, "syntactic")]),
        ("use.py", 6, 1, [("pkg/tools.py", 1, "syntactic")]),
        ("use.py", 7, 8, [("pkg/cart.py", 7, "textual")]),
        ("pkg/tools.py", 1, 5, [("pkg/tools.py", 1, "syntactic")]),
    ],
    ids=[
        "a local variable",
        "a method of the class around",
        "a name of the file",
        "the same name in another file",
        "a renamed re-export",
        "a star re-export",
        "a renamed import",
        "a member of something unknown",
        "the definition itself",
    ],
)
def test_a_place_leads_to_its_definition(
    code: CodeIntel, path: str, line: int, column: int, expected: list[tuple[str, int, str]]
) -> None:
    assert places(code.definition_at(path=path, line=line, column=column)) == expected


def test_uses_of_another_symbol_of_that_name_are_left_out(code: CodeIntel) -> None:
    answer = code.references_at(path="pkg/tools.py", line=1, column=5)
    assert [place for place in places(answer) if place[2] == "syntactic"] == [
        ("pkg/tools.py", 6, "syntactic"),
        ("use.py", 2, "syntactic"),
    ]
    assert not any(path.startswith("other/") for path, _, _ in places(answer))
    assert ("use.py", 7, "textual") in places(answer)


def test_uses_of_a_local_variable_stay_in_its_function(code: CodeIntel) -> None:
    answer = code.references_at(path="pkg/cart.py", line=3, column=9)
    assert places(answer) == [("pkg/cart.py", 4, "syntactic"), ("pkg/cart.py", 5, "syntactic")]
    assert {place.enclosing for place in answer.locations} == {"Cart.add"}


def test_where_an_import_renames_a_symbol_its_uses_there_are_found(code: CodeIntel) -> None:
    answer = code.references_at(path="use.py", line=6, column=1)
    assert ("use.py", 6, "syntactic") in places(answer)
    assert ("pkg/tools.py", 6, "syntactic") in places(answer)


@pytest.mark.parametrize(
    ("file", "text", "use", "expected"),
    [
        ("a.ts", "const copy = 1;\nexport const b = copy!;\n", (2, 20), "copy"),
        ("a.ts", "export const $el = 1;\nexport const b = $el;\n", (2, 18), "$el"),
        ("a.rb", "def save!\nend\nsave!\n", (3, 2), "save!"),
        ("a.py", "def f(x): pass\nprint(f'{f!r}')\n", (2, 10), "f"),
    ],
)
def test_names_are_read_as_their_language_spells_them(
    repository: GitRepository,
    settings: Settings,
    file: str,
    text: str,
    use: tuple[int, int],
    expected: str,
) -> None:
    repository.commit({file: text})
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        answer = code.definition_at(path=file, line=use[0], column=use[1])
        assert (answer.symbol, answer.locations[0].line) == (expected, 1)


def test_a_word_without_meaning_is_an_error(code: CodeIntel) -> None:
    with pytest.raises(UnknownSymbolError):
        code.definition_at(path="pkg/cart.py", line=3, column=15, symbol="nothing_there")


def test_many_uses_are_counted_first_and_paged_in_order(
    repository: GitRepository, settings: Settings
) -> None:
    call = "from m import common\n" + "common(1)\n" * 120
    files = {f"f{n}.py": call for n in range(3)} | {"m.py": "def common(x):\n    return x\n"}
    repository.commit(dict(files))
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        seen, cursor = [], None
        while True:
            answer = code.references_at(symbol="common", limit=50, cursor=cursor)
            assert (answer.total, answer.n_files) == (363, 3)
            seen += [(place.path, place.line) for place in answer.locations]
            assert {place.rung for place in answer.locations} == {Rung.SYNTACTIC}
            cursor = answer.next_cursor
            if cursor is None:
                break
    assert seen == sorted(seen)
    assert len(set(seen)) == 363
