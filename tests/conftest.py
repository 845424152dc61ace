from pathlib import Path

import pytest

from codeintel.config import Settings
from repositories import SHOP, GitRepository


@pytest.fixture
def repository(tmp_path: Path) -> GitRepository:
    return GitRepository(tmp_path / "shop")


@pytest.fixture
def shop(repository: GitRepository) -> GitRepository:
    repository.commit(dict(SHOP), "Open the shop")
    return repository


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(index_dir=tmp_path / "index", workers=1)
