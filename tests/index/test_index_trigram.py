from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.errors import IndexCorruptError
from codeintel.index.trigram import AllOf, AnyOf, Literal, TrigramIndex, TrigramQuery
from codeintel.index.trigram_fold import fold
from codeintel.index.trigram_writer import TrigramWriter
from codeintel.store.generations import Draft

TEXTS = {
    1: "def alpha():\n    return beta\n",
    2: "class Alpha:\n    pass\n",
    3: "gamma\r\nalphabet soup",
    4: "Größe und STRASSE\n",
}


def write(folder: Path, texts: Mapping[int, str], removed: tuple[int, ...] = ()) -> TrigramIndex:
    folder.mkdir(parents=True, exist_ok=True)
    writer = TrigramWriter(folder)
    writer.remove(removed)
    for document, text in texts.items():
        writer.add(document, text)
    writer.finish()
    return TrigramIndex.open(folder)


def documents(index: TrigramIndex, query: TrigramQuery) -> set[int]:
    """Give the live documents that can hold a query, by documents and by blocks."""
    by_document, by_block = set(), set()
    for segment, live in zip(index.segments, index.live, strict=True):
        mask = segment.matching_documents(query)
        by_document |= set(segment.ids[live if mask is None else mask & live].tolist())
        blocks = segment.matching_blocks(query)
        found = np.arange(len(segment)) if blocks is None else segment.documents_of_blocks[blocks]
        by_block |= set(segment.ids[found][live[found]].tolist())
    assert by_block <= by_document
    return by_document


def test_documents_with_a_text_are_candidates_whatever_its_case(tmp_path: Path) -> None:
    index = write(tmp_path, TEXTS)
    assert documents(index, Literal(b"alpha")) == {1, 2, 3}
    assert documents(index, Literal(b"alphabet")) == {3}
    assert documents(index, Literal("größe".encode())) == {4}
    assert documents(index, Literal(b"absent")) == set()


def test_conditions_join_as_they_say(tmp_path: Path) -> None:
    index = write(tmp_path, TEXTS)
    alpha, beta, soup = Literal(b"alpha"), Literal(b"beta"), Literal(b"soup")
    assert documents(index, AllOf((alpha, beta))) == {1}
    assert documents(index, AnyOf((beta, soup))) == {1, 3}
    assert documents(index, AnyOf()) == set()
    assert documents(index, AllOf()) == {1, 2, 3, 4}
    assert documents(index, Literal(b"ab")) == {1, 2, 3, 4}
    assert documents(index, AnyOf((beta, Literal(b"x")))) == {1, 2, 3, 4}


def test_a_text_over_a_line_end_asks_only_for_its_parts(tmp_path: Path) -> None:
    index = write(tmp_path, TEXTS)
    assert documents(index, Literal(b"gamma\nalphabet")) == {3}
    assert documents(index, Literal(b"a\na")) == {1, 2, 3, 4}


def test_texts_come_back_as_they_were(tmp_path: Path) -> None:
    index = write(tmp_path, {**TEXTS, 9: ""})
    assert {n: index.text(n).decode() for n in TEXTS} == TEXTS
    assert index.text(9) == b""
    assert index.text(77) is None
    assert len(index) == 5


def test_removed_documents_are_no_candidates_and_can_come_back(tmp_path: Path) -> None:
    write(tmp_path, TEXTS)
    index = write(tmp_path, {}, removed=(1, 99))
    assert documents(index, Literal(b"alpha")) == {2, 3}
    assert index.text(1) is None
    index = write(tmp_path, {1: TEXTS[1]}, removed=(2,))
    assert documents(index, Literal(b"alpha")) == {1, 3}


def test_files_of_the_generation_before_are_never_written_to(tmp_path: Path) -> None:
    first = tmp_path / "1" / "trigrams"
    write(first, {n: f"text number {n} " * 50 for n in range(200)})
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    second = tmp_path / "2"
    second.mkdir()
    folder = Draft(second, 2, tmp_path / "1").link_part("trigrams")
    write(folder, {1000: "something new"}, removed=(3, 4))
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before
    shared = [path for path in folder.iterdir() if path.stat().st_nlink == 2]
    assert len(shared) == 6


def test_many_small_changes_leave_few_segments(tmp_path: Path) -> None:
    write(tmp_path, {n: f"base {n} " * 100 for n in range(100)})
    for n in range(40):
        write(tmp_path, {1000 + n: f"changed file {n}\n" * 20}, removed=(1000 + n - 1,))
    index = TrigramIndex.open(tmp_path)
    assert len(index) == 101
    assert len(index.segments) <= 5
    assert documents(index, Literal(b"changed")) == {1039}


def test_a_segment_that_is_mostly_dead_is_written_anew(tmp_path: Path) -> None:
    write(tmp_path, {n: f"text {n}\n" * 50 for n in range(10)})
    size_bytes = sum(path.stat().st_size for path in tmp_path.iterdir())
    index = write(tmp_path, {}, removed=tuple(range(8)))
    assert documents(index, Literal(b"text")) == {8, 9}
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < size_bytes / 2


def test_a_large_document_is_judged_block_by_block(tmp_path: Path) -> None:
    lines = [f"line {n} of the file" for n in range(5_000)]
    lines[2_500] = "the needle"
    index = write(tmp_path, {1: "\n".join(lines), 2: "x" * 50_000 + "\nneedle too\n"})
    segment = index.segments[0]
    blocks = segment.matching_blocks(Literal(b"needle"))
    assert blocks is not None
    assert blocks.sum() == 2
    for number in np.flatnonzero(blocks):
        start, end = segment.block_starts[number], segment.block_ends[number]
        assert b"needle" in segment.texts[start:end]
        assert segment.texts[end - 1 : end] == b"\n"
    assert set(np.diff(segment.block_starts) > 0) == {True}


def test_an_empty_index_answers(tmp_path: Path) -> None:
    index = write(tmp_path, {})
    assert len(index) == 0
    assert documents(index, Literal(b"abc")) == set()


@pytest.mark.parametrize("kind", ["postings", "documents.npy", "trigrams.npy", "blocks.npy"])
def test_a_broken_file_is_named_with_its_cure(tmp_path: Path, kind: str) -> None:
    write(tmp_path, TEXTS)
    path = tmp_path / f"000001.{kind}"
    path.write_bytes(path.read_bytes()[:10])
    with pytest.raises(IndexCorruptError, match="000001") as error:
        TrigramIndex.open(tmp_path)
    assert "index --full" in error.value.cure


def test_a_missing_list_of_the_dead_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, TEXTS)
    (tmp_path / "dead.npy").unlink()
    with pytest.raises(IndexCorruptError, match="dead"):
        TrigramIndex.open(tmp_path)


def test_folding_keeps_every_character_one_character() -> None:
    text = "ABC KſẞßΣσςİıÇé日"
    assert fold(text) == "abc ksßßσσσİıçé日"
    assert len(fold(text)) == len(text)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text("abAB \nßẞKkſs", max_size=60), min_size=1, max_size=12),
    st.text("abABkKsſß", min_size=1, max_size=5),
)
def test_no_document_with_the_text_is_missed(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], wanted: str
) -> None:
    index = write(tmp_path_factory.mktemp("index"), dict(enumerate(texts)))
    found = documents(index, Literal(fold(wanted).encode()))
    assert {n for n, text in enumerate(texts) if fold(wanted) in fold(text)} <= found
