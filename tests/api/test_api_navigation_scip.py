"""Answers from an imported SCIP file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.errors import InputError
from codeintel.types import NavigationAnswer
from repositories import GitRepository
from scip_files import document, occurrence, scip_file

LIB = "# größe\ndef run(x):\n    return x\n"
USE = 'from lib import run\n\n"😀"; run(1)\nother.run(2)\n'
RUN, X = "scip lib/run().", "local 0"


@pytest.fixture
def code(repository: GitRepository, settings: Settings) -> Iterator[CodeIntel]:
    repository.commit({"lib.py": LIB, "use.py": USE, "more.py": "def run():\n    pass\n"})
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        yield code


@pytest.fixture
def scip(tmp_path: Path) -> Path:
    lib = [
        occurrence(RUN, [1, 4, 7], 1),
        occurrence(X, [1, 8, 9], 1),
        occurrence(X, [2, 11, 12]),
    ]
    # The emoji counts as two in UTF-16.
    use = [
        occurrence(RUN, [0, 16, 19]),
        occurrence(RUN, [2, 6, 9]),
        occurrence(RUN, [3, 6, 9]),
        occurrence(X, [3, 0, 5], 1),
    ]
    file = tmp_path / "index.scip"
    file.write_bytes(scip_file(document("lib.py", lib), document("use.py", use)))
    return file


def places(answer: NavigationAnswer) -> list[tuple[str, int, int, str]]:
    return [(p.path, p.line, p.column, p.rung.value) for p in answer.locations]


def test_imported_places_are_precise(code: CodeIntel, scip: Path) -> None:
    assert places(code.definition_at(path="use.py", line=4, column=7))[0][3] == "textual"
    report = code.import_scip(scip)
    assert (report.n_files, report.n_places, report.n_misfit) == (2, 7, 0)
    definition = code.definition_at(path="use.py", line=4, column=7)
    assert places(definition) == [("lib.py", 2, 5, "precise")]
    assert definition.locations[0].definition is not None
    assert definition.locations[0].definition.signature == "def run(x)"
    assert places(code.references_at(path="lib.py", line=2, column=5)) == [
        ("use.py", 1, 17, "precise"),
        ("use.py", 3, 6, "precise"),
        ("use.py", 4, 7, "precise"),
    ]


def test_a_local_symbol_belongs_to_its_file(code: CodeIntel, scip: Path) -> None:
    code.import_scip(scip)
    uses = code.references_at(path="lib.py", line=2, column=9)
    assert places(uses) == [("lib.py", 3, 12, "precise")]


def test_places_on_unchanged_lines_of_a_changed_file_are_carried_over(
    code: CodeIntel, scip: Path, repository: GitRepository
) -> None:
    code.import_scip(scip)
    repository.commit({"lib.py": "import os\n\n" + LIB, "use.py": USE.replace("run(1)", "run(7)")})
    code.index()
    assert places(code.definition_at(path="use.py", line=4, column=7)) == [
        ("lib.py", 4, 5, "precise-mapped")
    ]
    # The changed line is answered by syntax.
    assert places(code.definition_at(path="use.py", line=3, column=6)) == [
        ("lib.py", 4, 5, "syntactic")
    ]
    repository.commit({"lib.py": LIB, "use.py": USE})
    code.index()
    assert places(code.definition_at(path="use.py", line=4, column=7)) == [
        ("lib.py", 2, 5, "precise")
    ]


def test_a_file_made_for_other_content_is_not_taken_over(code: CodeIntel, tmp_path: Path) -> None:
    file = tmp_path / "old.scip"
    lib = document("lib.py", [occurrence(RUN, [70, 4, 7], 1)])
    file.write_bytes(scip_file(lib, document("gone.py", [])))
    report = code.import_scip(file)
    assert (report.n_files, report.n_misfit, report.n_unknown) == (0, 1, 1)


def test_of_a_broken_file_nothing_is_taken_over(code: CodeIntel, scip: Path) -> None:
    scip.write_bytes(scip.read_bytes()[:-3])
    with pytest.raises(InputError):
        code.import_scip(scip)
    assert places(code.definition_at(path="use.py", line=4, column=7))[0][3] == "textual"


def test_an_import_is_seen_by_those_who_keep_answers(code: CodeIntel, scip: Path) -> None:
    before = code.stamp
    code.import_scip(scip)
    assert code.stamp != before
