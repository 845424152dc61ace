"""What a vector index records of its own history."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from codeintel.errors import StorageError
from codeintel.index import vector_plan
from codeintel.index.faiss_manager import FAISSManager
from codeintel.index.timings import Durations, Timings, VectorState, families

DIM = 16


def vectors(n: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((n, DIM)).astype(np.float32)


def reopened(index: FAISSManager, folder: Path) -> FAISSManager:
    folder.mkdir()
    index.save(folder)
    return FAISSManager.open(folder)


def test_updates_are_counted_once_a_save_and_kept_with_the_index(tmp_path: Path) -> None:
    index = FAISSManager.create(DIM)
    index.build_index(vectors(50), np.arange(50))
    index = reopened(index, tmp_path / "built")
    assert index.state.timings.n_updates == 0
    index.update_index(vectors(5, seed=1), np.arange(48, 53))
    index.remove([3])
    index = reopened(index, tmp_path / "changed")
    index = reopened(index, tmp_path / "unchanged")
    state = index.state
    assert (state.n_primary, state.n_secondary, state.n_tombstones) == (50, 5, 3)
    assert state.timings.n_updates == 1


def test_trainings_and_merges_are_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_plan, "_ALWAYS_FLAT", 100)
    monkeypatch.setattr(vector_plan, "_FLAT_VALUES", 1_000)
    index = FAISSManager.create(DIM)
    index.update_index(vectors(80), np.arange(80))
    index.merge_indexes()
    assert index.state.timings.trainings == Durations()
    index.update_index(vectors(80, seed=1), np.arange(80, 160))
    index.merge_indexes()
    timings = reopened(index, tmp_path / "merged").state.timings
    assert (timings.trainings.n, timings.merges.n) == (1, 2)
    assert 0 < timings.trainings.seconds < timings.merges.seconds


def test_a_merge_that_fails_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    index = FAISSManager.create(DIM, scratch=tmp_path / "file")
    index.update_index(vectors(5), np.arange(5))
    before = index.state
    shutil.rmtree(tmp_path / "file")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError):
        index.merge_indexes()
    assert index.state == before


def test_families_name_the_repository_of_every_number() -> None:
    timings = Timings(trainings=Durations(2, 3.5), n_updates=7)
    state = VectorState(n_primary=10, n_secondary=4, n_tombstones=1, timings=timings)
    found = {
        (family.name + sample.suffix, tuple(sample.labels.items())): sample.value
        for family in families({"here": state})
        for sample in family.samples
    }
    repo = ("repo", "here")
    assert found["codeintel_faiss_training_duration_seconds_sum", (repo,)] == 3.5
    assert found["codeintel_faiss_training_duration_seconds_count", (repo,)] == 2
    assert found["codeintel_faiss_training_duration_seconds_bucket", (repo, ("le", "+Inf"))] == 2
    assert found["codeintel_secondary_index_size", (repo,)] == 4
    assert found["codeintel_incremental_updates_total", (repo,)] == 7
