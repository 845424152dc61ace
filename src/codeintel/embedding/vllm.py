"""The client of an OpenAI-compatible embedding server such as vLLM."""

import hashlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import httpx
import numpy as np

from codeintel.embedding.base import Embedded, Vectors
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.embedding.vllm_wire import (
    Answer,
    EmbeddingRequest,
    MalformedAnswerError,
    decode_answer,
    decode_error,
    encode,
)
from codeintel.errors import (
    EmbeddingClosedError,
    EmbeddingMismatchError,
    EmbeddingRefusedError,
    EmbeddingUnavailableError,
)

_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


class VLLMClient:
    """Vectors from a server, over connections that stay open."""

    def __init__(self, options: VLLMOptions) -> None:
        self.options = options
        self._dim = options.dim
        self._closed = False
        self._http = httpx.Client(
            base_url=options.base_urls[0].rstrip("/").removesuffix("/v1"),
            headers={
                "content-type": "application/json",
                **({"authorization": f"Bearer {options.api_key}"} if options.api_key else {}),
                **options.headers,
            },
            limits=httpx.Limits(
                max_connections=options.max_connections,
                max_keepalive_connections=options.max_keepalive_connections,
            ),
            timeout=httpx.Timeout(options.read_timeout_s, connect=options.connect_timeout_s),
            trust_env=False,
        )

    @property
    def dim(self) -> int:
        """Length of a vector; the server is asked where no answer has shown it yet."""
        if self._dim is None:
            self.embed_batch(["dimension"])
        assert self._dim is not None
        return self._dim

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """Embed texts: float32, C-contiguous, shape ``(n, dim)``, rows of length 1, in order."""
        if not texts:
            return np.empty((0, self.dim), np.float32)
        step = self.options.max_batch_texts
        return np.concatenate(
            [self._post(texts[i : i + step]).vectors for i in range(0, len(texts), step)]
        )

    def _post(self, texts: Sequence[str]) -> Answer:
        if self._closed:
            raise EmbeddingClosedError("The embedding client is closed.")
        body = encode(EmbeddingRequest(self.options.model, texts, "base64"))
        reason = ""
        for attempt in range(self.options.max_attempts):
            if attempt:
                time.sleep(self.options.backoff_s * 2 ** (attempt - 1))
            try:
                reply = self._http.post("/v1/embeddings", content=body)
            except httpx.TransportError as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            if reply.status_code in _TRANSIENT:
                reason = f"status {reply.status_code}: {decode_error(reply.content)}"
                continue
            if reply.status_code != 200:
                raise EmbeddingRefusedError(
                    f"The embedding server answered {reply.status_code}:"
                    f" {decode_error(reply.content)}"
                )
            try:
                return self._checked(decode_answer(reply.content, len(texts)))
            except MalformedAnswerError as error:
                reason = str(error)
        raise EmbeddingUnavailableError(
            f"The embedding server {self.options.base_urls[0]} does not answer ({reason}).",
            cure="Check that it runs.",
        )

    def _checked(self, answer: Answer) -> Answer:
        dim = answer.vectors.shape[1]
        if self._dim is None:
            self._dim = dim
        if dim != self._dim:
            raise EmbeddingMismatchError(
                f"The embedding server's vectors have {dim} numbers instead of {self._dim}."
            )
        return answer

    def close(self) -> None:
        """Close the connections; closing twice is fine."""
        self._closed = True
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class VLLMEmbedder:
    """A `VLLMClient` as an `Embedder`: templates around texts and queries."""

    def __init__(self, client: VLLMClient) -> None:
        self.client = client

    @property
    def name(self) -> str:
        """Name for people."""
        return f"vllm:{self.client.options.model}"

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self.client.dim

    @property
    def fingerprint(self) -> str:
        """Identity of the vectors: the model's name and everything that shapes its input."""
        options = self.client.options
        parts = (options.model, options.document_template, options.query_template)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts to be found; see `Embedder`."""
        template = self.client.options.document_template
        return Embedded(self.client.embed_batch([template.replace("{text}", t) for t in texts]))

    def embed_query(self, text: str) -> Vectors:
        """Embed one question; see `Embedder`."""
        template = self.client.options.query_template
        vector: Vectors = self.client.embed_batch([template.replace("{text}", text)])[0]
        return vector

    def close(self) -> None:
        """Close the client."""
        self.client.close()
