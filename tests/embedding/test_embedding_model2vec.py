"""Models in the folder format of model2vec."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.embedding.model2vec import MAX_TOKENS, Model2VecEmbedder
from codeintel.errors import ConfigurationError

VOCABULARY = {"[UNK]": 0, "read": 1, "file": 2, "socket": 3}
VECTORS = np.array([[9, 9, 9], [3, 0, 0], [0, 4, 0], [0, 0, 1]], np.float32)


def write_tensors(path: Path, tensors: dict[str, tuple[str, np.ndarray]]) -> None:
    header, body = {}, b""
    for name, (kind, array) in tensors.items():
        raw = array.tobytes()
        header[name] = {
            "dtype": kind,
            "shape": array.shape,
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


def write_model(folder: Path, **more: tuple[str, np.ndarray]) -> Path:
    write_tensors(folder / "model.safetensors", {"embeddings": ("F32", VECTORS)} | more)
    tokenizer = {
        "version": "1.0",
        "added_tokens": [],
        "normalizer": {"type": "Lowercase"},
        "pre_tokenizer": {"type": "Whitespace"},
        "model": {"type": "WordLevel", "vocab": VOCABULARY, "unk_token": "[UNK]"},
    }
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    (folder / "config.json").write_text('{"normalize": true}')
    return folder


def test_a_vector_is_the_direction_of_the_mean_of_known_tokens(tmp_path: Path) -> None:
    embedder = Model2VecEmbedder(write_model(tmp_path))
    embedded = embedder.embed_documents(["Read the file", "", "unknown words"])
    expected = [[0.6, 0.8, 0], [0, 0, 0], [0, 0, 0]]
    np.testing.assert_allclose(embedded.vectors, expected, atol=1e-6)
    assert embedder.dim == 3
    np.testing.assert_array_equal(embedder.embed_query("Read the file"), embedded.vectors[0])


def test_weights_and_mapping_are_honoured(tmp_path: Path) -> None:
    write_model(
        tmp_path,
        weights=("F64", np.array([1.0, 4.0, 1.0, 1.0])),
        mapping=("I64", np.array([0, 2, 1, 3])),
    )
    vector = Model2VecEmbedder(tmp_path).embed_query("read file")
    np.testing.assert_allclose(vector, np.array([3, 16, 0]) / 265**0.5, atol=1e-6)


def test_a_long_text_is_cut_and_reported(tmp_path: Path) -> None:
    embedder = Model2VecEmbedder(write_model(tmp_path))
    embedded = embedder.embed_documents(["read " * MAX_TOKENS + "socket", "file"])
    assert dict(embedded.truncated) == {0: MAX_TOKENS}
    np.testing.assert_allclose(embedded.vectors[0], [1, 0, 0], atol=1e-6)


def test_the_fingerprint_follows_the_content(tmp_path: Path) -> None:
    one = Model2VecEmbedder(write_model(tmp_path)).fingerprint
    assert Model2VecEmbedder(tmp_path).fingerprint == one
    write_model(tmp_path, weights=("F32", np.array([1, 2, 1, 1], np.float32)))
    assert Model2VecEmbedder(tmp_path).fingerprint != one


def test_a_folder_without_a_model_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="No model2vec model"):
        Model2VecEmbedder(tmp_path)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_broken_file_is_a_clear_error(tmp_path: Path, name: str) -> None:
    write_model(tmp_path)
    (tmp_path / name).write_bytes(b"broken {")
    with pytest.raises(ConfigurationError, match="No model2vec model"):
        Model2VecEmbedder(tmp_path)


def test_a_tensor_type_that_numpy_lacks_is_a_clear_error(tmp_path: Path) -> None:
    write_model(tmp_path, weights=("BF16", np.zeros(4, np.float16)))
    with pytest.raises(ConfigurationError, match="BF16"):
        Model2VecEmbedder(tmp_path)


def test_a_missing_library_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ConfigurationError, match=r"codeintel\[model2vec\]"):
        Model2VecEmbedder(write_model(tmp_path))


def test_a_repository_is_searched_with_the_model_that_is_set(tmp_path: Path) -> None:
    for name in ("model", "repository"):
        (tmp_path / name).mkdir()
    (tmp_path / "repository" / "io.py").write_text("def read(file):\n    return file.contents\n")
    settings = Settings(
        index_dir=tmp_path / "index", workers=1, model_path=write_model(tmp_path / "model")
    )
    with CodeIntel(tmp_path / "repository", settings=settings) as code:
        code.index()
        (hit, *_) = code.semantic_search("read file").hits
        (repository,) = code.index_status().repositories
    assert hit.path == "io.py"
    assert repository.embedder == "model"
