import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.errors import IndexCorruptError
from codeintel.index.lexical import DocumentFilter, LexicalChunk, LexicalIndex, LexicalWriter

WORDS = ["parse", "url", "retry", "send", "cart", "ünïcode", "x"]


def chunk(number: int, body: list[str], document: int | None = None) -> LexicalChunk:
    document = number >> 16 if document is None else document
    return LexicalChunk(number, document, " ".join(body), "", "")


def write(folder: Path, chunks: list[LexicalChunk], removed: tuple[int, ...] = ()) -> LexicalIndex:
    folder.mkdir(exist_ok=True)
    writer = LexicalWriter(folder)
    writer.remove(removed)
    writer.add(chunks)
    writer.finish()
    return LexicalIndex(folder)


def bm25(bodies: list[list[str]], query: list[str]) -> list[float]:
    """The formula as Lucene has it: k1 = 1.2, b = 0.75, lengths as they are."""
    mean = sum(map(len, bodies)) / len(bodies)
    scores = []
    for body in bodies:
        score = 0.0
        for token in query:
            n = sum(token in other for other in bodies)
            idf = math.log(1 + (len(bodies) - n + 0.5) / (n + 0.5))
            tf = body.count(token)
            score += idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * len(body) / mean))
        scores.append(score)
    return scores


@settings(max_examples=25, deadline=None)
@given(
    bodies=st.lists(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=20), min_size=1, max_size=12
    ),
    query=st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True),
)
def test_scores_are_bm25(
    bodies: list[list[str]], query: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    index = write(
        tmp_path_factory.mktemp("words"), [chunk(n << 16, body) for n, body in enumerate(bodies)]
    )
    found = index.search("body", query, 100)
    expected = {n << 16: score for n, score in enumerate(bm25(bodies, query)) if score > 0}
    got = dict(zip(found.ids.tolist(), found.scores.tolist(), strict=True))
    assert got.keys() == expected.keys()
    # Tantivy keeps lengths in one byte, exact up to 40.
    for identity, score in expected.items():
        assert got[identity] == pytest.approx(score, rel=1e-3)
    assert np.all(np.diff(found.scores) <= 0)


def test_fields_are_scored_apart(tmp_path: Path) -> None:
    index = write(tmp_path, [LexicalChunk(1, 0, "body", "name", "path")])
    assert index.search("names", ["name"], 5).ids.tolist() == [1]
    assert index.search("names", ["body"], 5).ids.tolist() == []
    assert index.search("path", ["path"], 5).ids.tolist() == [1]


def test_a_search_keeps_to_the_documents_it_is_given(tmp_path: Path) -> None:
    index = write(tmp_path, [chunk(n << 16, ["same"]) for n in range(50)])

    def only(*documents: int) -> DocumentFilter:
        return index.only(np.array(documents, np.int64))

    assert sorted(index.search("body", ["same"], 50, only(3, 7)).ids >> 16) == [3, 7]
    assert index.search("body", ["same"], 50, only()).ids.tolist() == []


def test_removed_documents_are_not_found_and_the_older_generation_keeps_them(
    tmp_path: Path,
) -> None:
    old = write(tmp_path / "old", [chunk(n << 16, ["same"]) for n in range(10)])
    (tmp_path / "new").mkdir()
    for file in (tmp_path / "old").iterdir():
        os.link(file, tmp_path / "new" / file.name)
    new = write(tmp_path / "new", [chunk(99 << 16, ["same"])], removed=(3, 4))
    assert sorted(new.search("body", ["same"], 50).ids >> 16) == [0, 1, 2, 5, 6, 7, 8, 9, 99]
    for index in (old, LexicalIndex(tmp_path / "old")):
        assert sorted(index.search("body", ["same"], 50).ids >> 16) == list(range(10))


@pytest.mark.parametrize("tokens", [[], ["x" * 100_000], ["", " "], ["nowhere"]])
def test_a_query_without_known_words_finds_nothing(tmp_path: Path, tokens: list[str]) -> None:
    index = write(tmp_path, [chunk(0, ["word"])])
    assert index.search("body", tokens, 10).ids.tolist() == []


def test_tokens_longer_than_any_word_do_no_harm(tmp_path: Path) -> None:
    index = write(tmp_path, [chunk(0, ["x" * 100_000, "word"])])
    assert index.search("body", ["word"], 10).ids.tolist() == [0]


def test_a_broken_file_is_a_clear_error(tmp_path: Path) -> None:
    write(tmp_path, [chunk(0, ["word"])])
    (tmp_path / "meta.json").write_text("{")
    with pytest.raises(IndexCorruptError, match="lexical index"):
        LexicalIndex(tmp_path)
