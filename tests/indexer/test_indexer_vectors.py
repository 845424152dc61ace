"""Chunks are embedded while files are still being prepared."""

from collections.abc import Sequence
from pathlib import Path
from threading import Event

import numpy as np

from codeintel.embedding.base import Embedded
from codeintel.embedding.static import StaticEmbedder
from codeintel.indexer.vectors import VectorStage
from codeintel.store.vector_cache import VectorCache


class _Noticing(StaticEmbedder):
    """Tells when it is first asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = Event()

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        self.asked.set()
        return super().embed_documents(texts)


def test_a_small_repository_is_embedded_before_its_last_file_comes(tmp_path: Path) -> None:
    embedder = _Noticing()
    cache = VectorCache(tmp_path / "cache.sqlite", embedder.fingerprint, embedder.dim)
    stage = VectorStage(embedder, cache, embedder.dim)
    texts = [f"file_{n}.py\nread line {n}" for n in range(100)]
    stage.add(range(50), texts[:50])
    assert embedder.asked.wait(60)
    stage.add(range(50, 100), texts[50:])
    found = stage.finish()
    stage.close()
    cache.close()
    assert found.ids.tolist() == list(range(100))
    expected = StaticEmbedder().embed_documents(texts).vectors
    np.testing.assert_allclose(found.vectors, expected, atol=1e-6)
