"""The reader of SCIP files, and carrying lines from one content to another."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.errors import InputError
from codeintel.index.scip import LineMap
from codeintel.index.scip_reader import ColumnUnit, ScipOccurrence, read_scip
from scip_files import document, field, occurrence, scip_file

LINES = st.lists(st.sampled_from(["a", "b", "c", "", "long line"]), max_size=12)


def test_documents_come_with_their_occurrences(tmp_path: Path) -> None:
    file = tmp_path / "index.scip"
    one = [
        occurrence("x a/f().", [3, 4, 9], 1),
        occurrence("x a/f().", [300, 4, 300, 9], 8, packed=False),
        occurrence("x a/f().", [3, 4, 5, 9]),
        occurrence("", [3, 4, 9]),
    ]
    file.write_bytes(scip_file(document("a.py", one), document("b.ts", [], unit=2)))
    first, second = read_scip(file)
    assert (first.path, first.unit) == ("a.py", ColumnUnit.UNSPECIFIED)
    assert first.occurrences == (
        ScipOccurrence("x a/f().", 3, 4, 9, True),
        ScipOccurrence("x a/f().", 300, 4, 9, False),
    )
    assert (second.path, second.unit) == ("b.ts", ColumnUnit.UTF16_UNITS)


def test_what_is_no_scip_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "index.scip"
    whole = scip_file(document("a.py", [occurrence("s", [1, 2, 3])]))
    for data in (whole[:-1], b"\x07", b"\xff" * 20, b"hello world", field(2, b"\x0a\xff")):
        file.write_bytes(data)
        with pytest.raises(InputError, match="is no SCIP file"):
            list(read_scip(file))
    with pytest.raises(InputError, match="cannot be read"):
        list(read_scip(tmp_path / "missing"))


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.scip"
    file.write_bytes(data)
    with suppress(InputError):
        list(read_scip(file))


@given(LINES, LINES)
def test_a_line_is_only_carried_to_an_equal_one_and_back(old: list[str], new: list[str]) -> None:
    lines = LineMap("\n".join([*old, ""]), "\n".join([*new, ""]))
    carried = [lines.to_new(number) for number in range(1, len(old) + 1)]
    for number, there in enumerate(carried, 1):
        if there is not None:
            assert new[there - 1] == old[number - 1]
            assert lines.to_old(there) == number
    kept = [there for there in carried if there is not None]
    assert kept == sorted(set(kept))
    assert old != new or None not in carried
