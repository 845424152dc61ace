"""Writes a trained table as the files that `codeintel.embedding.static` reads."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.recipe import Recipe


def write_table(
    folder: Path,
    *,
    recipe: Recipe,
    words: Sequence[str],
    costs: NDArray[np.float32],
    vectors: NDArray[np.float32],
) -> dict[str, str]:
    """Write the table with int8 rows and give the checksum of each file.

    Parameters
    ----------
    vectors
        Word vectors times their weights; the scale of an int8 row carries the weight.
    """
    folder.mkdir(parents=True, exist_ok=True)
    largest = np.abs(vectors).max(axis=1, keepdims=True).clip(1e-12)
    steps = largest / 127
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words), "ascii")
    np.save(folder / "vectors.npy", np.round(vectors / steps).astype(np.int8))
    np.save(folder / "scales.npy", steps[:, 0].astype(np.float32))
    np.save(folder / "costs.npy", costs.astype(np.float32))
    files = ("vocabulary.txt", "vectors.npy", "scales.npy", "costs.npy")
    sums = {file: hashlib.sha256((folder / file).read_bytes()).hexdigest() for file in files}
    facts = {
        "name": recipe.name,
        "dim": vectors.shape[1],
        "exponent": recipe.exponent,
        "path_weight": recipe.path_weight,
        "symbol_weight": recipe.symbol_weight,
        "sha256": sums,
    }
    (folder / "model.json").write_text(json.dumps(facts, indent=1) + "\n")
    return sums
