"""From pairs to arrays, to a table that the product reads."""

import gzip
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from codeintel.embedding.static import StaticEmbedder
from training.dataset import KINDS, Dataset, build
from training.evaluate import ndcg
from training.export import write_table
from training.mining import Pair
from training.recipe import Recipe

RECIPE = replace(Recipe(), least_doc_freq=2, most_words=100, dim=8)

SUBJECTS = "socket file queue index parser token vector branch commit cache".split()


def write_pairs(path: Path, subject: str) -> Path:
    pairs = [
        Pair(
            "doc",
            f"Opens the {subject} number {n}",
            f"src/{subject}.py\n{subject}.open{n}",
            f"def open(self, {subject}): return self.{subject}.connect(timeout, retries, {n})",
            n,
        )
        for n in range(20)
    ]
    with gzip.open(path, "wt") as file:
        file.writelines(json.dumps(asdict(pair)) + "\n" for pair in pairs)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Dataset:
    return build([write_pairs(tmp_path / f"{s}.jsonl.gz", s) for s in SUBJECTS], RECIPE)


def words_of_bag(data: Dataset, position: int) -> dict[str, float]:
    bags = data.codes
    span = slice(*bags.offsets[position : position + 2])
    tokens, weights = bags.tokens[span].tolist(), bags.weights[span].tolist()
    return {data.words[t]: w for t, w in zip(tokens, weights, strict=True)}


def test_words_are_weighed_as_the_product_weighs_them(data: Dataset) -> None:
    words = words_of_bag(data, 0)
    n_socket = 2 + 2  # in path and symbol, and in the code
    expected = n_socket**0.5 + RECIPE.path_weight + RECIPE.symbol_weight
    assert words["socket"] == pytest.approx(expected)
    assert words["timeout"] == pytest.approx(1.0)
    assert KINDS[data.kinds[0]] == "doc"


def test_saved_arrays_are_read_back(data: Dataset, tmp_path: Path) -> None:
    data.save(tmp_path / "dataset.npz")
    again = Dataset.load(tmp_path / "dataset.npz")
    assert again.words == data.words
    np.testing.assert_array_equal(again.codes.tokens, data.codes.tokens)
    np.testing.assert_array_equal(again.queries.weights, data.queries.weights)


def test_a_bag_is_found_where_it_stands(data: Dataset) -> None:
    positions, firsts = data.codes.take(np.array([3, 1]))
    length = data.codes.offsets[4] - data.codes.offsets[3]
    assert firsts.tolist() == [0, length]
    assert positions[0] == data.codes.offsets[3]
    assert positions[length] == data.codes.offsets[1]


def test_an_exported_table_is_read_with_its_weights(data: Dataset, tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(len(data.words), 8)).astype(np.float32)
    vectors *= np.arange(1, len(vectors) + 1)[:, None]
    write_table(tmp_path, recipe=RECIPE, words=data.words, costs=data.costs, vectors=vectors)
    embedder = StaticEmbedder(tmp_path)
    wanted = vectors[data.words.index("socket")] + vectors[data.words.index("file")]
    cosine = embedder.embed_query("socket file") @ wanted / np.linalg.norm(wanted)
    assert cosine == pytest.approx(1.0, abs=1e-3)


def test_training_brings_queries_to_their_code_and_repeats_itself(data: Dataset) -> None:
    pytest.importorskip("torch")
    from training.train import train

    recipe = replace(RECIPE, batch=64, group=20, epochs=12, learning_rate=0.03)
    start = np.random.default_rng(1).normal(size=(len(data.words), 8)).astype(np.float32)
    pairs = np.arange(len(data.kinds))
    reports: list[str] = []
    vectors, weights = train(data, start, pairs, recipe, 5, reports.append)
    again, _ = train(data, start, pairs, recipe, 5, reports.append)
    np.testing.assert_array_equal(vectors, again)
    assert reports
    assert (weights > 0).all()
    table = vectors * weights[:, None]
    socket, other = (table[data.words.index(word)] for word in ("socket", "cache"))
    cosine = socket @ other / (np.linalg.norm(socket) * np.linalg.norm(other))
    assert cosine < 0.7


def test_gain_counts_each_rank_once_and_spans_where_there_are_any() -> None:
    results = [("src/a.py", 1, 10), ("src/b.py", 1, 10)]
    assert ndcg(results, ["a.py"]) == 1.0
    assert ndcg(results, ["b.py"]) == pytest.approx(0.6309, abs=1e-4)
    assert ndcg(results, [{"path": "src/a.py", "start_line": 11, "end_line": 20}]) == 0.0
    assert ndcg(results, ["c.py"]) == 0.0
