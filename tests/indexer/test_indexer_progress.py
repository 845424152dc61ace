"""Where a run stands, told from one process to another."""

import subprocess
import sys

from codeintel.indexer.progress import Progress, ProgressFile

STATE = Progress("files", 3, 10)


def test_what_one_tells_another_reads(tmp_path):
    writer, reader = (ProgressFile(tmp_path / "progress.json") for _ in range(2))
    assert reader.read() is None
    writer.write(STATE)
    assert reader.read() == STATE
    writer.clear()
    assert reader.read() is None
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_tells_nothing_any_more(tmp_path):
    path = tmp_path / "progress.json"
    code = (
        "import sys; from pathlib import Path;"
        "from codeintel.indexer.progress import Progress, ProgressFile;"
        "ProgressFile(Path(sys.argv[1])).write(Progress('files', 3, 10))"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=True)
    assert path.exists()
    assert ProgressFile(path).read() is None


def test_a_run_that_told_nothing_ends_nothing_of_another(tmp_path):
    path = tmp_path / "progress.json"
    ProgressFile(path).write(STATE)
    ProgressFile(path).clear()
    assert ProgressFile(path).read() == STATE


def test_a_broken_file_and_a_missing_folder_are_no_progress(tmp_path):
    path = tmp_path / "progress.json"
    path.write_bytes(b'{"pid":')
    assert ProgressFile(path).read() is None
    ProgressFile(tmp_path / "no" / "progress.json").write(STATE)
