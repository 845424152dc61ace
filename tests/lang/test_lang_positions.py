"""Byte offsets become lines and columns, alone and packed."""

from hypothesis import given
from hypothesis import strategies as st

from codeintel.lang.positions import SourceMap
from codeintel.types.packed import LAST_COLUMN, LAST_LINE, pack_positions, unpack_positions


@given(st.text(st.sampled_from("ab ö漢😀\n\r"), min_size=1), st.data())
def test_packed_places_are_those_of_each_offset(text: str, data: st.DataObject) -> None:
    source = SourceMap(text)
    at = data.draw(st.lists(st.integers(0, len(text) - 1)))
    offsets = [len(text[:characters].encode()) for characters in at]
    places = [(row + 1, column + 1) for row, column in map(source.position_at, offsets)]
    assert places == [
        (text.count("\n", 0, n) + 1, n - (text.rfind("\n", 0, n) + 1) + 1) for n in at
    ]
    assert source.packed(offsets) == pack_positions(places)
    assert unpack_positions(source.packed(offsets)) == places


def test_places_too_far_down_or_right_to_be_packed_stand_at_the_limit() -> None:
    assert unpack_positions(pack_positions([(LAST_LINE + 9, 1), (1, LAST_COLUMN + 9)])) == [
        (LAST_LINE, 1),
        (1, LAST_COLUMN),
    ]
    wide, deep = SourceMap("x" * 5_000), SourceMap("\n" * (LAST_LINE + 9))
    assert unpack_positions(wide.packed([4_093, 4_094, 4_990])) == [
        (1, 4_094),
        (1, LAST_COLUMN),
        (1, LAST_COLUMN),
    ]
    assert unpack_positions(deep.packed([LAST_LINE + 5]))[0][0] == LAST_LINE
