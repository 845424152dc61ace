"""Static models in the folder format of model2vec: another table, behind the same protocol."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.base import Embedded, Vectors
from codeintel.errors import ConfigurationError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_TOKENS: Final = 512
"""More of a text is not embedded, as in model2vec itself."""

# Longer texts are cut before they are tokenized: no tokenizer makes tokens that long on average.
_MOST_CHARS_PER_TOKEN: Final = 16
_FILES: Final = ("model.safetensors", "tokenizer.json", "config.json")
_TYPES: Final = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I8": "|i1"}


class Model2VecEmbedder:
    """Embeds text as the mean of its tokens' vectors; needs the extra ``model2vec``.

    Parameters
    ----------
    path
        Folder with ``model.safetensors`` (embeddings, perhaps weights and mapping),
        ``tokenizer.json`` and ``config.json``.

    Raises
    ------
    ConfigurationError
        The folder holds no such model, or the tokenizer library is not installed.
    """

    def __init__(self, path: Path) -> None:
        try:
            files = [(path / name).read_bytes() for name in _FILES]
            tensors = _read_tensors(files[0])
            self._rows = tensors["embeddings"]
            n_tokens, self._dim = self._rows.shape
            self._weights = tensors.get("weights", np.ones(n_tokens)).astype(np.float32)
            self._row_of = tensors.get("mapping", np.arange(len(self._weights)))
            self._tokenizer, self._unknown = _load_tokenizer(files[1].decode("utf-8"))
            json.loads(files[2])
        except (OSError, ValueError, KeyError) as error:
            raise ConfigurationError(
                f"No model2vec model can be read from {path}: {error}",
                cure=f"Name a folder that holds {', '.join(_FILES)}.",
            ) from error
        self._name = path.name
        digest = hashlib.sha256(b"".join(hashlib.sha256(file).digest() for file in files))
        self._fingerprint = f"model2vec-{self._name}-{digest.hexdigest()[:16]}"

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self._name

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._dim)

    @property
    def fingerprint(self) -> str:
        """Identity of the model's files."""
        return self._fingerprint

    def embed_documents(self, texts: Sequence[str]) -> Embedded:
        """Embed texts; a text without any known token gets the zero vector."""
        vectors = np.zeros((len(texts), self.dim), np.float32)
        truncated = {}
        cut = [text[: MAX_TOKENS * _MOST_CHARS_PER_TOKEN] for text in texts]
        encodings = self._tokenizer.encode_batch(cut, add_special_tokens=False)
        for position, encoding in enumerate(encodings):
            tokens = [token for token in encoding.ids if token != self._unknown]
            if len(tokens) > MAX_TOKENS or len(cut[position]) < len(texts[position]):
                tokens = tokens[:MAX_TOKENS]
                truncated[position] = len(tokens)
            vectors[position] = self._mean(np.array(tokens, np.int64))
        return Embedded(vectors, truncated=truncated)

    def embed_query(self, text: str) -> Vectors:
        """Embed one question; documents and questions are embedded alike."""
        vector: Vectors = self.embed_documents([text]).vectors[0]
        return vector

    def close(self) -> None:
        """Do nothing: the model is only memory."""

    def _mean(self, tokens: NDArray[np.int64]) -> Vectors:
        """Direction of the weighted mean of the tokens' vectors."""
        rows = self._rows[self._row_of[tokens]].astype(np.float32)
        vector: Vectors = self._weights[tokens] @ rows
        length = np.linalg.norm(vector)
        return vector / length if length else vector


def _read_tensors(file: bytes) -> dict[str, NDArray[Any]]:
    """Read a safetensors file: the length of a header, the header as JSON, then the bytes."""
    start = 8 + int.from_bytes(file[:8], "little")
    header = json.loads(file[8:start])
    tensors = {}
    for name, facts in header.items():
        if name == "__metadata__":
            continue
        if facts["dtype"] not in _TYPES:
            raise ValueError(f"tensor {name} is of type {facts['dtype']}")
        first, last = facts["data_offsets"]
        raw = file[start + first : start + last]
        tensors[name] = np.frombuffer(raw, _TYPES[facts["dtype"]]).reshape(facts["shape"])
    return tensors


def _load_tokenizer(text: str) -> tuple["Tokenizer", int | None]:
    """Give the tokenizer and the token of unknown words, if it has one."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise ConfigurationError(
            "A model2vec model needs the library tokenizers, which is not installed.",
            cure="Install it with `pip install 'codeintel[model2vec]'`.",
        ) from error
    model = json.loads(text).get("model", {})
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises the plain Exception
        raise ValueError(f"tokenizer.json: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    unknown = model.get("unk_token")
    return tokenizer, tokenizer.token_to_id(unknown) if unknown else model.get("unk_id")
