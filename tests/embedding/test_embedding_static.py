"""The bundled model: vectors, determinism, threads, and what is no table."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codeintel.embedding.static import BUNDLED, StaticEmbedder
from codeintel.errors import ConfigurationError

EMBEDDER = StaticEmbedder()

TEXTS = [
    "def retry_request(url, attempts): ...",
    "class ConnectionPool:\n    def acquire(self) -> Connection: ...",
    "",
    "parse the HTTP header",
]


def test_each_vector_has_length_one_and_a_text_without_words_is_zero() -> None:
    embedded = EMBEDDER.embed_documents(TEXTS)
    assert embedded.vectors.shape == (len(TEXTS), EMBEDDER.dim)
    assert embedded.vectors.dtype == np.float32
    assert embedded.vectors.flags["C_CONTIGUOUS"]
    assert not embedded.refused
    lengths = np.linalg.norm(embedded.vectors, axis=1)
    np.testing.assert_allclose(lengths, [1, 1, 0, 1], atol=1e-5)


def test_no_texts_give_no_vectors() -> None:
    assert EMBEDDER.embed_documents([]).vectors.shape == (0, EMBEDDER.dim)


@pytest.mark.parametrize("text", ["", "   \n\t", "{}();--->", "日本語", "\x00\x01", "\ud800"])
def test_a_text_without_latin_words_has_the_zero_vector(text: str) -> None:
    assert not EMBEDDER.embed_query(text).any()


@given(st.text())
def test_any_text_has_a_finite_vector_of_length_one_or_zero(text: str) -> None:
    vector = EMBEDDER.embed_query(text)
    assert vector.dtype == np.float32
    length = float(np.linalg.norm(vector))
    assert length == 0 or abs(length - 1) < 1e-5


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    together = EMBEDDER.embed_documents(TEXTS).vectors
    alone = np.concatenate([EMBEDDER.embed_documents([text]).vectors for text in TEXTS])
    np.testing.assert_array_equal(together, alone)


def test_the_words_of_the_path_and_the_symbol_of_a_document_count_more(tmp_path: Path) -> None:
    write_table(tmp_path, words="read\nfile\nplain\n", rows=3)
    embedder = StaticEmbedder(tmp_path)
    vectors = embedder.embed_documents(["read\nfile\nplain", "read\nfile it\nplain"]).vectors
    symbol = np.array([1.5, 2.0, 1.0, 0.0])
    no_symbol = np.array([1.5, 1.0, 1.0, 0.0])
    expected = [symbol / np.linalg.norm(symbol), no_symbol / np.linalg.norm(no_symbol)]
    np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_spelling_of_compound_names_does_not_matter() -> None:
    vectors = EMBEDDER.embed_documents(["readHTTPHeader", "read_http_header", "Read http header"])
    np.testing.assert_allclose(vectors.vectors @ vectors.vectors[0], 1, atol=1e-5)


def test_accents_do_not_split_a_word() -> None:
    np.testing.assert_array_equal(
        EMBEDDER.embed_query("café décodeur"), EMBEDDER.embed_query("cafe decodeur")
    )


def test_the_text_that_answers_is_nearer_than_one_that_does_not() -> None:
    query = EMBEDDER.embed_query("retry a failed network request")
    answer, other = EMBEDDER.embed_documents(
        [
            "def fetch(url):\n    for attempt in range(retries):\n        response = http.get(url)",
            "def draw_circle(canvas, radius, color):\n    canvas.arc(radius, fill=color)",
        ]
    ).vectors
    assert query @ answer > query @ other + 0.1


def test_threads_get_the_vectors_that_one_thread_gets() -> None:
    texts = [f"handler{n}Value of worker_{n % 7} in Zzyq{n}Pool" for n in range(400)]
    expected = StaticEmbedder().embed_documents(texts).vectors
    fresh = StaticEmbedder()
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: fresh.embed_documents(texts).vectors, range(16)))
    for vectors in runs:
        np.testing.assert_array_equal(vectors, expected)


def test_two_embedders_of_one_table_share_name_and_fingerprint() -> None:
    other = StaticEmbedder()
    assert (other.name, other.fingerprint) == (EMBEDDER.name, EMBEDDER.fingerprint)


def test_closing_twice_is_fine() -> None:
    embedder = StaticEmbedder()
    embedder.close()
    embedder.close()


def test_the_shipped_files_are_the_recorded_ones_and_small_enough() -> None:
    recorded = json.loads((BUNDLED / "model.json").read_text())["sha256"]
    files = {path.name: path for path in BUNDLED.iterdir() if path.name != "model.json"}
    assert recorded.keys() == files.keys()
    for name, path in files.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == recorded[name]
    assert sum(path.stat().st_size for path in files.values()) <= 16_000_000


def write_table(folder: Path, words: str = "read\nfile\n", dim: int = 4, rows: int = 2) -> None:
    np.save(folder / "vectors.npy", np.eye(rows, dim, dtype=np.int8))
    np.save(folder / "scales.npy", np.ones(rows, np.float32))
    np.save(folder / "costs.npy", np.ones(words.count("\n"), np.float32))
    (folder / "vocabulary.txt").write_text(words)
    facts = {"name": "tiny", "dim": dim, "exponent": 0.5, "path_weight": 0.5, "symbol_weight": 1.0}
    (folder / "model.json").write_text(json.dumps(facts))


def test_a_table_of_ones_own_is_read_from_its_folder(tmp_path: Path) -> None:
    write_table(tmp_path)
    vector = StaticEmbedder(tmp_path).embed_query("readfile read unknown")
    expected = np.array([2**0.5, 1, 0, 0]) / 3**0.5
    np.testing.assert_allclose(vector, expected, atol=1e-6)


def test_another_table_has_another_fingerprint(tmp_path: Path) -> None:
    write_table(tmp_path)
    assert StaticEmbedder(tmp_path).fingerprint != EMBEDDER.fingerprint


def test_an_empty_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No embedding table"):
        StaticEmbedder(tmp_path)


def test_files_that_do_not_fit_together_are_a_clear_error(tmp_path: Path) -> None:
    write_table(tmp_path, rows=3)
    with pytest.raises(ConfigurationError, match="fit together"):
        StaticEmbedder(tmp_path)


def test_a_truncated_file_is_a_clear_error(tmp_path: Path) -> None:
    write_table(tmp_path)
    (tmp_path / "vectors.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ConfigurationError, match="No embedding table"):
        StaticEmbedder(tmp_path)
