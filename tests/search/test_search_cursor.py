import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from codeintel.errors import InvalidCursorError
from codeintel.search.cursor import decode_cursor, encode_cursor

QUERY = ("search_text", "pattern", 3, None)


class Position(Struct, array_like=True):
    path: str
    line: int


def test_a_cursor_gives_back_its_position() -> None:
    cursor = encode_cursor(QUERY, Position("grüße.py", 7), generation=4)
    assert decode_cursor(cursor, QUERY, Position, generation=4) == Position("grüße.py", 7)


def test_the_same_position_has_the_same_cursor() -> None:
    assert encode_cursor(QUERY, 5) == encode_cursor(QUERY, 5)


def test_a_cursor_of_another_question_is_refused() -> None:
    cursor = encode_cursor(QUERY, 5)
    with pytest.raises(InvalidCursorError, match="another question"):
        decode_cursor(cursor, (*QUERY, "more"), int)


def test_a_cursor_of_another_generation_is_refused() -> None:
    cursor = encode_cursor(QUERY, 5, generation=1)
    with pytest.raises(InvalidCursorError, match="generation 1, now it is 2"):
        decode_cursor(cursor, QUERY, int, generation=2)


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "nämlich", "AAAA", "a" * 5_000, "\0"])
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError) as error:
        decode_cursor(cursor, QUERY, int)
    assert error.value.cure
    assert len(str(error.value)) < 300


@settings(deadline=None)
@given(st.data())
def test_no_changed_cursor_is_accepted(data: st.DataObject) -> None:
    cursor = encode_cursor(QUERY, ("path", 12))
    at = data.draw(st.integers(0, len(cursor) - 2))
    char = data.draw(st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123"))
    changed = cursor[:at] + char + cursor[at + 1 :]
    if changed != cursor:
        with pytest.raises(InvalidCursorError):
            decode_cursor(changed, QUERY, tuple[str, int])
