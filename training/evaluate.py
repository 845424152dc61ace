"""Measures a table alone: no lexical search, no ranking, only the nearest chunks.

Two measures: NDCG@10 on the queries of the development corpora (chunks as the product makes them),
and, for every language, how high the right definition ranks for its doc comment among all
documented definitions of a package that was kept out of training (mean reciprocal rank).
"""

import json
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from codeintel.embedding.static import StaticEmbedder
from codeintel.lang.capsule import chunk_text
from codeintel.lang.content import read_source, split_lines
from codeintel.lang.languages import detect_language
from codeintel.lang.parse import parse_file
from codeintel.types import SkippedFile
from training.corpus import read_pairs
from training.mining import Pair

_RESULTS = 10
_MOST_PAIRS = 1_000
_LEAST_PAIRS = 20

Result = tuple[str, int, int]


def score_queries(
    embedder: StaticEmbedder, queries: Path, corpora: Path
) -> dict[str, dict[str, float]]:
    """Give NDCG@10 by repository, category and language, and the mean over repositories.

    Parameters
    ----------
    queries
        ``{"repositories": [{"name", "language", "queries": [{"query", "category", "relevant",
        "secondary"}]}]}``; a target is a path, or a path with a span.
    corpora
        A folder for each repository, by its name.
    """
    by_category: defaultdict[str, list[float]] = defaultdict(list)
    by_language: defaultdict[str, list[float]] = defaultdict(list)
    by_repository: dict[str, float] = {}
    for repository in json.loads(queries.read_text())["repositories"]:
        places, texts = _chunks(corpora / repository["name"])
        vectors = embedder.embed_documents(texts).vectors
        scores = []
        for query in repository["queries"]:
            similarities = vectors @ embedder.embed_query(query["query"])
            best = np.argsort(-similarities, kind="stable")[:_RESULTS]
            targets = query["relevant"] + query["secondary"]
            scores.append(ndcg([places[i] for i in best], targets))
            by_category[query["category"]].append(scores[-1])
        by_repository[repository["name"]] = _mean(scores)
        by_language[repository["language"]].append(by_repository[repository["name"]])
    return {
        "repository": by_repository,
        "category": {name: _mean(values) for name, values in sorted(by_category.items())},
        "language": {name: _mean(values) for name, values in sorted(by_language.items())},
        "all": {"NDCG@10": _mean(by_repository.values())},
    }


def ndcg(results: Sequence[Result], targets: Sequence[str | dict[str, Any]]) -> float:
    """Normalized discounted cumulative gain of the ranks at which targets are first covered."""
    ranks = set()
    for target in targets:
        covered = (i for i, r in enumerate(results[:_RESULTS], 1) if _covers(r, target))
        ranks.add(next(covered, 0))
    ideal = sum(1 / math.log2(i + 1) for i in range(1, min(_RESULTS, len(targets)) + 1))
    return sum(1 / math.log2(rank + 1) for rank in ranks if rank) / ideal


def _covers(result: Result, target: str | dict[str, Any]) -> bool:
    wanted: dict[str, Any] = {"path": target} if isinstance(target, str) else target
    path, start, end = result
    if not (f"/{path}".endswith("/" + wanted["path"]) or f"/{wanted['path']}".endswith("/" + path)):
        return False
    first, last = wanted.get("start_line"), wanted.get("end_line")
    return first is None or last is None or not (end < int(first) or start > int(last))


def _chunks(corpus: Path) -> tuple[list[Result], list[str]]:
    places, texts = [], []
    for file in sorted(path for path in corpus.rglob("*") if path.is_file()):
        path = file.relative_to(corpus).as_posix()
        source = read_source(path, file.read_bytes())
        if isinstance(source, SkippedFile):
            continue
        lines = split_lines(source.text)
        for chunk in parse_file(path, source.text).chunks:
            places.append((path, chunk.start_line, chunk.end_line))
            texts.append(chunk_text(path, chunk, lines))
    return places, texts


def score_doc_comments(embedder: StaticEmbedder, files: Iterable[Path]) -> dict[str, float]:
    """Give the mean reciprocal rank by language over packages that were kept out of training."""
    by_language: defaultdict[str, list[float]] = defaultdict(list)
    for file in files:
        pairs: defaultdict[str, list[Pair]] = defaultdict(list)
        for pair in read_pairs(file):
            language = detect_language(pair.place.partition("\n")[0], "")
            if pair.kind == "doc" and len(pairs[language]) < _MOST_PAIRS:
                pairs[language].append(pair)
        for language, chosen in pairs.items():
            if len(chosen) < _LEAST_PAIRS:
                continue
            asked = embedder.embed_documents([pair.query for pair in chosen]).vectors
            found = embedder.embed_documents([f"{p.place}\n{p.code}" for p in chosen]).vectors
            scores = asked @ found.T
            ranks = (scores > scores.diagonal()[:, None]).sum(axis=1) + 1
            by_language[language].append(_mean(1 / ranks))
    return {name: _mean(values) for name, values in sorted(by_language.items())}


def _mean(values: Iterable[float]) -> float:
    listed = [float(value) for value in values]
    return sum(listed) / len(listed) if listed else math.nan
