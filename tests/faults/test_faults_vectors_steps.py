"""A writer that dies before any one of its steps leaves the old index or the new one."""

import subprocess
import sys
from pathlib import Path

import pytest
import vectors_steps_child


@pytest.mark.slow
@pytest.mark.parametrize("change", ["update", "merge"])
def test_every_step_of_a_commit_may_be_the_last(tmp_path: Path, change: str) -> None:
    answer = subprocess.run(
        [sys.executable, vectors_steps_child.__file__, str(tmp_path), change],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout) > 10
