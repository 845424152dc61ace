from hypothesis import given
from hypothesis import strategies as st

from codeintel.lang.parse import parse_file
from codeintel.migration.catalog import OldChunk
from codeintel.migration.placing import cut, find_places

FILE = """import os


class Shop:
    name = "tea"

    def open(self):
        return os.getcwd()

    def close(self):
        return None


def main():
    Shop().open()
"""
LINES = FILE.splitlines()


def chunk(number: int, start: int, end: int, line: int | None = None) -> OldChunk:
    """Lines `start` to `end`, from 1, as a chunk that says that it begins at `line`."""
    text = "\n".join(LINES[start - 1 : end])
    return OldChunk(number, "shop.py", text, start if line is None else line)


def pieces(*chunks: OldChunk, text: str = FILE) -> list[tuple[int, int, int | None]]:
    own = parse_file("shop.py", text).chunks
    return [
        (piece.start_line, piece.end_line, piece.source and piece.source.id)
        for piece in cut(text, find_places(text, chunks), own)
    ]


def test_a_chunk_is_found_whether_its_lines_count_from_0_or_from_1() -> None:
    for line in (6, 7):
        (place,) = find_places(FILE, [chunk(1, 7, 8, line)])
        assert (place.start_line, place.end_line) == (7, 8)


def test_a_chunk_is_found_where_it_has_moved() -> None:
    (place,) = find_places("# new\n# lines\n" + FILE, [chunk(1, 14, 15)])
    assert (place.start_line, place.end_line) == (16, 17)


def test_equal_texts_are_told_apart_by_their_lines() -> None:
    text = "x = 1\n\ny = 2\n\nx = 1\n"
    places = find_places(text, [OldChunk(1, "", "x = 1", 1), OldChunk(2, "", "x = 1\n", 5)])
    assert [(place.start_line, place.chunk.id) for place in places] == [(1, 1), (5, 2)]


def test_a_chunk_with_the_line_ends_of_another_system_is_found() -> None:
    old = OldChunk(1, "", 'class Shop:\r\n    name = "tea"\r\n', 4)
    assert [place.start_line for place in find_places(FILE, [old])] == [4]


def test_a_chunk_that_was_changed_is_left_out() -> None:
    assert find_places(FILE, [OldChunk(1, "", "def main():\n    pass\n", 14)]) == []


def test_what_no_old_chunk_covers_is_cut_as_our_own_are() -> None:
    covered = pieces(chunk(1, 14, 15))
    assert covered[-1] == (14, 15, 1)
    assert {source for *_, source in covered[:-1]} == {None}
    assert covered[0][0] == 1


def test_the_later_of_two_overlapping_windows_has_the_lines() -> None:
    assert pieces(chunk(1, 1, 9), chunk(2, 7, 15)) == [(1, 6, 1), (7, 15, 2)]


def test_a_class_keeps_its_head_where_its_methods_are_chunks_too() -> None:
    assert pieces(chunk(1, 1, 3), chunk(2, 4, 11), chunk(3, 7, 8), chunk(4, 10, 11)) == [
        (1, 3, 1),
        (4, 6, 2),
        (7, 9, 3),
        (10, 13, 4),
        (14, 15, None),
    ]


@given(st.lists(st.tuples(st.integers(1, 15), st.integers(0, 15)), max_size=6))
def test_pieces_follow_each_other_without_gap_or_overlap(spans: list[tuple[int, int]]) -> None:
    chunks = [
        chunk(n, start, min(15, start + length)) for n, (start, length) in enumerate(spans, 1)
    ]
    found = pieces(*chunks)
    assert [start for start, *_ in found] == [1, *(end + 1 for _, end, _ in found[:-1])]
    assert found[-1][1] == len(LINES)
    sources = [source for *_, source in found if source]
    assert len(sources) == len(set(sources))
