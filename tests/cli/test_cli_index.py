"""The commands that build and look after an index."""

from collections.abc import Callable
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from codeintel.cli.progress import PlainProgress
from codeintel.indexer.progress import Progress
from codeintel.store.generations import GenerationStore
from codeintel.types import IndexReport
from repositories import GitRepository

Cli = Callable[..., Any]


def index_folder(home: Path) -> Path:
    (folder,) = (home / ".cache" / "codeintel").iterdir()
    return folder


def test_index_prints_a_summary(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({"logo.png": b"\x89PNG\0\0", "empty.py": ""})
    outcome = cli("index")
    assert outcome.code == 0
    facts = dict(line.strip().split(maxsplit=1) for line in outcome.lines[1:])
    assert facts["files"] == "6 (+6 -0)"
    assert facts["skipped"] == "1 binary, 1 empty"
    assert facts["seconds"].startswith("list ")
    assert facts["vector"].startswith("index")
    assert facts["on"].startswith("disk")
    assert "(no change)" in cli("index").out


def test_index_prints_its_report_as_json(cli: Cli, in_shop: GitRepository) -> None:
    import msgspec

    (report,) = msgspec.json.decode(cli("index", "--json").out, type=tuple[IndexReport, ...])
    assert (report.n_files, report.changed) == (6, True)
    (again,) = msgspec.json.decode(
        cli("index", "--full", "--json").out, type=tuple[IndexReport, ...]
    )
    assert again.generation > report.generation
    assert again.texts_embedded == 0


def test_index_of_a_folder_inside_indexes_the_whole_repository(
    cli: Cli, in_shop: GitRepository
) -> None:
    assert cli("index", "shop", "--json").json[0]["n_files"] == 6


def test_status_says_what_is_missing_and_what_is_there(cli: Cli, in_shop: GitRepository) -> None:
    before = cli("status")
    assert before.code == 1
    assert "missing" in before.out
    in_shop.write({"a.bin": b"\0\1", ".env": "KEY=1\n"})
    cli("index")
    after = cli("status", "--skipped")
    assert after.code == 0
    assert "python 4" in after.out
    assert any(line.split()[:2] == ["binary", "a.bin"] for line in after.lines)
    assert any(line.split()[:2] == ["secret", ".env"] for line in after.lines)


def test_merge_reports_the_index_as_it_is(cli: Cli, in_shop: GitRepository) -> None:
    missing = cli("merge")
    assert missing.code == 3
    assert "There is no index yet" in missing.err
    cli("index")
    in_shop.write({"new.py": "def brand_new():\n    return 1\n"})
    cli("index")
    assert cli("merge", "--if-needed", "--dry-run").code == 1
    due = cli("merge", "--dry-run")
    assert due.code == 0
    assert "1 changes since the primary index was built" in due.out
    assert "a merge would build: exact scan" in due.out
    assert "secondary 1" in cli("merge", "--if-needed").out
    assert "secondary 0" in cli("merge").out
    assert cli("merge", "--dry-run").code == 1


def test_an_index_merges_by_itself_past_the_limits_of_the_settings(
    cli: Cli, in_shop: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("index")
    monkeypatch.setenv("CODEINTEL_MERGE_MIN", "1")
    monkeypatch.setenv("CODEINTEL_MERGE_RATIO", "0")
    monkeypatch.setenv("CODEINTEL_MERGE", "false")
    in_shop.write({"one.py": "def first():\n    return 1\n"})
    in_shop.write({"two.py": "def second():\n    return 2\n"})
    assert "secondary 2" in cli("index").out
    monkeypatch.setenv("CODEINTEL_MERGE", "true")
    in_shop.write({"three.py": "def third():\n    return 3\n"})
    merged = cli("index")
    assert "secondary 0" in merged.out
    assert ", merge 0." in merged.out
    monkeypatch.setenv("CODEINTEL_SECONDARY", "false")
    in_shop.write({"four.py": "def fourth():\n    return 4\n"})
    assert "secondary 0, tombstones 0" in cli("index").out


def test_doctor_finds_nothing_wrong_after_indexing(cli: Cli, in_shop: GitRepository) -> None:
    before = cli("doctor", "--json").json
    assert [finding["subject"] for finding in before if finding["state"] != "ok"] == ["shop: index"]
    cli("index")
    outcome = cli("doctor")
    assert outcome.code == 0
    assert all(line.startswith("ok ") for line in outcome.lines)


@pytest.mark.parametrize("part", ["vectors/originals.faiss", "trigrams/", "lexical/"])
def test_doctor_finds_one_changed_byte_and_mends_it_where_told_to(
    cli: Cli, in_shop: GitRepository, home: Path, part: str
) -> None:
    cli("index")
    store = GenerationStore(index_folder(home))
    manifest = store.manifest()
    assert manifest is not None
    broken = next(file for file in manifest.files if file.path.startswith(part) and file.size_bytes)
    victim = store.folder(manifest.generation) / broken.path
    data = bytearray(victim.read_bytes())
    data[-1] ^= 1
    victim.write_bytes(data)
    outcome = cli("doctor")
    assert outcome.code == 3
    assert "has changed" in outcome.out
    assert "codeintel doctor --repair" in outcome.out
    mended = cli("doctor", "--repair")
    assert mended.code == 0
    assert f"'{broken.path}' has changed. It was mended: generation" in mended.out
    assert cli("doctor").code == 0


def test_doctor_mends_a_broken_catalog_where_told_to(
    cli: Cli, in_shop: GitRepository, home: Path
) -> None:
    cli("index")
    catalog = index_folder(home) / "catalog.sqlite"
    data = bytearray(catalog.read_bytes())
    data[100:4000] = bytes(3900)
    catalog.write_bytes(data)
    assert cli("doctor").code == 3
    assert cli("doctor", "--repair").code == 0
    assert cli("search", "price").code == 0


def test_doctor_finds_a_missing_git(
    cli: Cli, in_shop: GitRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    outcome = cli("doctor")
    assert outcome.code == 3
    assert "'git' is not on the PATH" in outcome.out
    assert "cure: Install git" in outcome.out


def test_doctor_names_a_setting_that_is_wrong(
    cli: Cli, in_shop: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEINTEL_WORKERS", "many")
    outcome = cli("doctor")
    assert outcome.code == 3
    assert "CODEINTEL_WORKERS is 'many'" in outcome.out


def test_doctor_tells_that_the_embedding_server_does_not_answer(
    cli: Cli, in_shop: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEINTEL_EMBEDDING_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CODEINTEL_EMBEDDING_MODEL", "none")
    finding = next(f for f in cli("doctor", "--json").json if "server" in f["subject"])
    assert finding["state"] == "error"
    assert finding["cure"]


def test_plain_progress_says_little_and_nothing_of_short_runs() -> None:
    stream = StringIO()
    clock = count(100.0, 0.125)
    progress = PlainProgress(stream, clock=lambda: next(clock))
    progress(Progress("list", 0, 0))
    for done in range(0, 901, 9):
        progress(Progress("files", done, 900))
    progress(Progress("publish", 900, 900))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "files: 18 of 900"
    assert lines[1] == "files: 27 of 900, 72 a second, about 12 s left"
    assert lines[2].startswith("files: 387 of 900, 72 a second, about 7 s left")
    assert lines[-2:] == ["files: 900 of 900, 72 a second", "publish: 900 of 900"]
    assert len(lines) == 6


def test_plain_progress_tells_within_a_second_how_long_it_takes_and_what_is_searchable() -> None:
    stream = StringIO()
    clock = count(100.0, 0.125)
    progress = PlainProgress(stream, clock=lambda: next(clock))
    for done in range(0, 1000, 100):
        progress(Progress("index", done, 20_000))
    progress(Progress("publish", 1_000, 20_000))
    for done in range(1_000, 20_001, 100):
        progress(Progress("index", done, 20_000, searchable=1_000))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "index: 0 of 20,000"
    assert lines[1] == "index: 300 of 20,000, 800 a second, about 25 s left"
    assert lines[3].endswith("s left, 1,000 can be searched now")
    assert lines[-1].startswith("index: 20,000 of 20,000, ")
