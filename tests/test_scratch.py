"""Folders in the temporary folder go with the processes that made them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from codeintel.scratch import lives, make_scratch, scratch_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def test_what_a_killed_process_left_goes_and_what_a_living_one_uses_stays(temporary: Path) -> None:
    dead = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    left = temporary / f"codeintel-test-{int(dead.stdout)}-x"
    used = temporary / f"codeintel-test-{os.getpid()}-x"
    other = temporary / f"codeintel-other-{int(dead.stdout)}-x"
    for folder in (left, used, other):
        folder.mkdir()
        (folder / "file").write_text("content")
    made = make_scratch("test")
    assert not left.exists()
    assert all(folder.is_dir() for folder in (used, other, made))


def test_a_folder_goes_at_the_end_of_its_use() -> None:
    with scratch_folder("test") as folder:
        (folder / "file").write_text("content")
    assert not folder.exists()


def test_this_process_lives() -> None:
    assert lives(os.getpid())
