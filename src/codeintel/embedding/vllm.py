"""An OpenAI-compatible embedding server as an `Embedder`; the face of the `vllm_*` modules."""

import hashlib
from collections.abc import Sequence

import numpy as np

from codeintel.embedding.base import Embedded, Vectors
from codeintel.embedding.coalesce import QueryCoalescer
from codeintel.embedding.vllm_client import VLLMClient
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.errors import EmbeddingRefusedError

__all__ = ["VLLMClient", "VLLMEmbedder", "VLLMOptions"]


class VLLMEmbedder:
    """A `VLLMClient` behind the `Embedder` protocol; it closes the client it is given.

    Documents and queries are put into their templates. Queries of several threads share requests,
    and recent ones are remembered.
    """

    def __init__(self, client: VLLMClient) -> None:
        self.client = client
        options = client.options
        self._queries = QueryCoalescer(
            self._embed_queries,
            window_s=options.query_window_s,
            max_texts=options.max_batch_texts,
            max_calls=options.max_query_calls,
            cache_size=options.query_cache_size,
            count=client.metrics.count_query,
        )

    @property
    def name(self) -> str:
        """Name for people."""
        return f"vllm:{self.client.options.model}"

    @property
    def dim(self) -> int:
        """Length of a vector; asks the server once where the options do not say it.

        Raises
        ------
        EmbeddingError
            See `VLLMClient`.
        """
        return self.client.dim

    @property
    def fingerprint(self) -> str:
        """Identity of the vectors: the model's name and everything that shapes its input.

        Known without the server, so an index can be opened while it is down.
        """
        options = self.client.options
        parts = (
            options.model,
            options.document_template,
            options.query_template,
            str(options.max_tokens),
            str(options.dim if options.shorten else None),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts to be found; see `Embedder` and `VLLMClient.embed_texts`."""
        template = self.client.options.document_template
        return self.client.embed_texts([template.replace("{text}", text) for text in texts])

    def embed_query(self, text: str) -> Vectors:
        """Embed one question, read-only; see `Embedder`.

        Raises
        ------
        EmbeddingRefusedError
            The server refuses this text.
        """
        if not text.strip():
            return np.zeros(self.dim, np.float32)
        return self._queries.get(self.client.options.query_template.replace("{text}", text))

    def close(self) -> None:
        """Close the client."""
        self.client.close()

    def _embed_queries(self, texts: Sequence[str]) -> list[Vectors | Exception]:
        embedded = self.client.embed_queries(texts)
        return [
            EmbeddingRefusedError(f"The embedding server refuses the query ({reason}).")
            if (reason := embedded.refused.get(position))
            else embedded.vectors[position].copy()
            for position in range(len(texts))
        ]
