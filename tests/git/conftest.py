from pathlib import Path

import pytest
from git_repos import TestRepository


@pytest.fixture
def repository(tmp_path: Path) -> TestRepository:
    return TestRepository(tmp_path / "project")
