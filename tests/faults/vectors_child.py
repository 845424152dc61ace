"""A writer of vectors that is killed: changes, merges and publishes without end.

Before it publishes, it appends to ``journal`` what the next generation will hold.
"""

import json
import sys
from pathlib import Path

import numpy as np

from codeintel.index import vector_plan
from codeintel.index.faiss_manager import FAISSManager
from codeintel.store.generations import EmbedderRecord, GenerationStore, Manifest

DIM = 16
RECORD = EmbedderRecord(name="test", dim=DIM, fingerprint="test")


def vector(number: int, version: int) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    return np.random.default_rng([number, version]).standard_normal(DIM).astype(np.float32)


def compress_small_indexes() -> None:
    vector_plan._ALWAYS_FLAT = 50
    vector_plan._FLAT_VALUES = 100
    vector_plan._MIN_LISTS = 4


def main(root: Path, seed: int) -> None:
    compress_small_indexes()
    chance = np.random.default_rng(seed)
    store = GenerationStore(root)
    with store.lock(), open(root / "journal", "a") as journal:
        while True:
            current = store.manifest()
            versions: dict[int, int] = {}
            if current:
                index = FAISSManager.open(
                    store.folder(current.generation) / "vectors", scratch=root
                )
                versions = {int(key): int(value) for key, value in current.notes.items()}
            else:
                index = FAISSManager.create(DIM, scratch=root)
            changed = chance.choice(300, 60, replace=False).tolist()
            versions |= {number: versions.get(number, 0) + 1 for number in changed}
            index.update_index(np.stack([vector(i, versions[i]) for i in changed]), changed)
            removed = chance.choice(300, 20, replace=False).tolist()
            index.remove(removed)
            for number in removed:
                versions.pop(number, None)
            if chance.random() < 0.4:
                index.merge_indexes()
            draft = store.draft()
            index.save(draft.part("vectors"))
            # A line that a killed writer left half is ended first.
            journal.write("\n" + json.dumps([draft.generation, versions]))
            journal.flush()
            notes = {str(key): str(value) for key, value in versions.items()}
            store.publish(
                draft,
                Manifest(
                    generation=0,
                    source="test",
                    commit=None,
                    pipeline="",
                    embedder=RECORD,
                    notes=notes,
                ),
            )
            store.collect()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
