"""Vectors to measure with: embedded code of this machine's Python, and synthetic clusters.

More folders of sources can be named in ``BENCH_SOURCES``, parted by colons; a million chunks need
about 250 MB.
"""

import hashlib
import os
import random
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.static import StaticEmbedder

Floats = NDArray[np.float32]

# Windows that chunks are cut in, as lines and the step from one to the next; the second where the
# sources have too few of the first.
_WINDOWS = ((22, 18), (11, 9), (5, 4))
_SUFFIXES = {".py", ".pyi", ".c", ".h", ".cpp", ".hpp", ".js", ".ts", ".go", ".rs", ".md"}
_SENTENCE = re.compile(r'"""([A-Z][^"\n]{30,200}?)(?:\n|""")')
_N_QUERIES = 300


@dataclass(frozen=True, slots=True)
class Case:
    """Vectors of one kind, number and dimension."""

    source: Literal["code", "clusters"]
    n: int
    dim: int

    @property
    def name(self) -> str:
        return f"{self.source} {self.n:,} x {self.dim:,}"


@dataclass(frozen=True, slots=True)
class Data:
    """Unit vectors, questions, and the ten vectors that are really nearest to each question."""

    vectors: Floats
    queries: Floats
    nearest: NDArray[np.int64]


def load(case: Case) -> Data:
    """Make the data of a case; fewer vectors than asked for is an error."""
    vectors, queries = _code(case) if case.source == "code" else _clusters(case)
    return Data(vectors, queries, _nearest(vectors, queries))


def _nearest(vectors: Floats, queries: Floats, k: int = 10) -> NDArray[np.int64]:
    """Find the exact ten best of each query."""
    found = []
    for start in range(0, len(queries), 50):
        scores = queries[start : start + 50] @ vectors.T
        found.append(np.argpartition(-scores, k, axis=1)[:, :k])
    return np.concatenate(found)


def _clusters(case: Case) -> tuple[Floats, Floats]:
    """Draw points around as many centres as the root of their number."""
    chance = np.random.default_rng(7)
    centres = chance.standard_normal((round(case.n**0.5), case.dim), dtype=np.float32)
    rows = np.empty((case.n + _N_QUERIES, case.dim), np.float32)
    for start in range(0, len(rows), 10_000):
        block = rows[start : start + 10_000]
        block[:] = centres[chance.integers(len(centres), size=len(block))]
        block += chance.standard_normal(block.shape, dtype=np.float32)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return rows[: case.n], rows[case.n :]


def _code(case: Case) -> tuple[Floats, Floats]:
    """Embed windows of code, and sentences of documentation as questions."""
    embedder = StaticEmbedder()
    rows = np.empty((case.n, embedder.dim), np.float32)
    filled = 0
    for window in _windows():
        rows[filled] = embedder.embed_query(window)
        filled += bool(rows[filled].any())
        if filled == case.n:
            break
    if filled < case.n:
        raise SystemExit(f"{filled} of {case.n} chunks of code; name folders in BENCH_SOURCES.")
    queries = np.array([embedder.embed_query(sentence) for sentence in _sentences()])
    return _lifted(rows, case.dim), _lifted(queries, case.dim)


def _lifted(rows: Floats, dim: int) -> Floats:
    """Lift vectors of the bundled model to more dimensions, by a random layer.

    There is no larger model to be had without a download. A tanh of random sums makes vectors of
    full rank whose similarities stay those of the bundled model.
    """
    if dim == rows.shape[1]:
        return rows
    layer = np.random.default_rng(7).standard_normal((rows.shape[1], dim), dtype=np.float32)
    lifted = np.empty((len(rows), dim), np.float32)
    for start in range(0, len(rows), 10_000):
        block = np.tanh(rows[start : start + 10_000] @ layer)
        lifted[start : start + 10_000] = block / np.linalg.norm(block, axis=1, keepdims=True)
    return lifted


def _sentences() -> list[str]:
    """Give the first sentence of the documentation in as many sources as there are questions."""
    matches = (_SENTENCE.search(text) for text in _sources())
    return [match[1] for match in islice(filter(None, matches), _N_QUERIES)]


def _windows() -> Iterator[str]:
    """Give each window of each source once."""
    seen = set[bytes]()
    for n_lines, step in _WINDOWS:
        for text in _sources():
            lines = text.split("\n")
            for start in range(0, len(lines), step):
                window = "\n".join(lines[start : start + n_lines])
                key = hashlib.blake2b(window.encode(), digest_size=8).digest()
                if len(window) >= 80 and key not in seen:
                    seen.add(key)
                    yield window


def _sources() -> Iterator[str]:
    """Read source files in random order, each content once."""
    folders = [sysconfig.get_path("stdlib"), sysconfig.get_path("purelib")]
    folders += filter(None, os.environ.get("BENCH_SOURCES", "").split(":"))
    paths = [
        os.path.join(folder, name)
        for root in folders
        for folder, _, names in os.walk(root)
        for name in names
        if Path(name).suffix in _SUFFIXES
    ]
    random.Random(7).shuffle(paths)
    for path in paths:
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        if len(data) < 300_000 and b"\0" not in data:
            yield data.decode("utf-8", "replace")
