"""What a client has learned of its server's model."""

import threading

from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.embedding.vllm_wire import Answer, Encoding
from codeintel.errors import EmbeddingMismatchError


class ServerModel:
    """What the answers so far have shown of the server's model; shared by all batches.

    Attributes
    ----------
    dim
        Length of a vector; None before the first answer.
    max_tokens
        Longest input; None where the server does not say.
    counts_tokens
        Whether the server has vLLM's ``/tokenize``.
    cuts
        Whether the server cuts long texts unasked; None before it was tried.
    encoding
        How vectors are asked for; falls back to "float" where base64 is refused.
    asked
        Whether the server was asked for the longest input and for ``/tokenize``.
    proven
        Whether the server has embedded anything yet.
    """

    def __init__(self, options: VLLMOptions) -> None:
        self._options = options
        self._lock = threading.Lock()
        self._name = ""
        self.dim = options.dim
        self.max_tokens = options.max_tokens
        self.counts_tokens = False
        self.cuts: bool | None = None
        self.encoding: Encoding = "base64"
        self.asked = False
        self.proven = False

    def check(self, answer: Answer) -> None:
        """Refuse an answer of another dimension or model than the first one.

        Raises
        ------
        EmbeddingMismatchError
            Nothing of the answer may be used.
        """
        dim = answer.vectors.shape[1]
        with self._lock:
            expected_dim = self.dim or dim
            if dim != expected_dim:
                raise EmbeddingMismatchError(
                    f"The embedding server's vectors have {dim} numbers instead of {expected_dim}.",
                    cure="Its model has changed: set the expected dimension and index anew.",
                )
            name = self._name or answer.model
            if answer.model != name or not _names(answer.model, self._options.model):
                raise EmbeddingMismatchError(
                    f"The embedding server answers for the model {answer.model!r} instead of"
                    f" {self._name or self._options.model!r}.",
                    cure="Set the model's name as the server gives it, and index anew.",
                )
            self.dim, self._name, self.proven = dim, name, True


def _names(answered: str, asked: str) -> bool:
    """Tell whether an answer's model is the one asked for; servers add versions and tags."""
    return not answered or answered.startswith(asked) or answered.rsplit("/", 1)[-1] == asked
