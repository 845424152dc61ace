import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from old_deployments import OldDeployment, old_deployment

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.context import index_folder
from codeintel.errors import (
    ConfigurationError,
    EmbeddingMismatchError,
    InputError,
    MigrationError,
    PathNotFoundError,
)
from codeintel.index.foreign_vectors import ForeignIndex
from codeintel.migration.deployment import Deployment, deployment_of
from codeintel.migration.migrate import MigrationReport, migrate, undo
from embedding.misbehaving_embedding_server import serving, unit_vectors

QUESTION = "retry a git command that failed"


@pytest.fixture
def old(tmp_path: Path) -> OldDeployment:
    return old_deployment(tmp_path)


def run(old: OldDeployment, settings: Settings, **parts: Any) -> MigrationReport:
    dry_run = parts.pop("dry_run", False)
    deployment = Deployment(repository=old.repository.path, **parts)
    return migrate(deployment, settings, dry_run=dry_run)


def hits(old: OldDeployment, settings: Settings) -> list[tuple[str, int]]:
    with CodeIntel(old.repository.path, settings=settings) as code:
        return [(hit.path, hit.start_line) for hit in code.semantic_search(QUESTION).hits]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_fixed_deployment_is_taken_over_without_embedding_its_chunks(
    old: OldDeployment, settings: Settings
) -> None:
    report = run(old, settings, catalog=old.write_duckdb(), faiss_index=old.write_faiss())
    assert report.n_chunks == report.n_vectors == report.n_found == len(old.rows)
    assert report.model_cosine > 0.999
    assert report.old_index == "IDMap2,IVFPQ"
    assert report.n_imported > 0.9 * len(old.rows)
    assert report.n_embedded < 0.1 * report.n_imported
    assert report.recall is not None
    assert report.old_recall is not None
    assert report.recall >= 0.95 > report.old_recall
    with CodeIntel(old.repository.path, settings=settings) as code:
        (again,) = code.index()
        assert (again.changed, again.texts_embedded) == (False, 0)
        assert code.semantic_search(QUESTION).hits
        assert code.search_text("def ").n_matches > 100
        assert code.definition_at(symbol="GitClient").locations


def test_a_changed_file_is_cut_and_embedded_anew_and_the_others_are_not(
    old: OldDeployment, settings: Settings
) -> None:
    run(old, settings, catalog=old.write_duckdb())
    path = old.repository.path / "git" / "paths.py"
    path.write_text(path.read_text() + "\n\ndef fresh_function():\n    return 1\n")
    with CodeIntel(old.repository.path, settings=settings) as code:
        (report,) = code.index()
        assert report.files_added == 1
        assert 0 < report.texts_embedded < 50
        assert code.symbol_search("fresh_function").symbols
        assert code.index(full=True)[0].n_files == report.n_files


def test_chunks_that_changed_since_are_embedded_and_the_rest_is_imported(
    old: OldDeployment, settings: Settings
) -> None:
    catalog = old.write_duckdb()
    path = old.repository.path / "git" / "client.py"
    path.write_text("# a new first line\n" + path.read_text().replace("return", "return  "))
    report = run(old, settings, catalog=catalog)
    assert 0 < report.n_found < report.n_chunks
    assert report.recall is not None
    assert report.recall >= 0.95


@pytest.mark.parametrize("factory", ["Flat", "IVF8,Flat"])
def test_vectors_of_an_exact_faiss_file_are_taken_where_the_catalog_has_none(
    old: OldDeployment, settings: Settings, factory: str
) -> None:
    faiss_index = old.write_faiss(factory)
    ids, vectors = ForeignIndex(faiss_index).vectors()
    order = np.argsort(ids)
    assert ids[order].tolist() == old.ids
    assert np.array_equal(vectors[order], old.vectors)
    report = run(old, settings, catalog=old.write_duckdb(vectors=False), faiss_index=faiss_index)
    assert report.n_vectors == len(old.rows)
    assert report.n_embedded < 0.1 * report.n_imported


def test_compressed_codes_are_not_taken_for_vectors(old: OldDeployment, settings: Settings) -> None:
    catalog = old.write_duckdb(vectors=False)
    with pytest.raises(MigrationError, match=r"IDMap2,IVFPQ.*compressed") as caught:
        run(old, settings, catalog=catalog, faiss_index=old.write_faiss())
    assert "codeintel index" in caught.value.cure
    with pytest.raises(MigrationError, match="no column with vectors"):
        run(old, settings, catalog=catalog)


def test_a_folder_of_parquet_files_gives_the_same_index(
    old: OldDeployment, settings: Settings, tmp_path: Path
) -> None:
    run(old, settings, catalog=old.write_parquet())
    from_parquet = hits(old, settings)
    other = Settings(index_dir=tmp_path / "other", workers=1)
    run(old, other, catalog=old.write_duckdb())
    assert from_parquet == hits(old, other)


def test_a_dry_run_writes_nothing(old: OldDeployment, settings: Settings) -> None:
    catalog = old.write_duckdb()
    before = contents(old.folder)
    report = run(old, settings, catalog=catalog, dry_run=True)
    assert report.n_found == len(old.rows)
    assert report.recall is None
    assert contents(old.folder) == before


def test_the_old_deployment_is_never_written_to(old: OldDeployment, settings: Settings) -> None:
    parts = {"catalog": old.write_duckdb(), "faiss_index": old.write_faiss()}
    before = {path: path.read_bytes() for path in parts.values()}
    run(old, settings, **parts)
    assert {path: path.read_bytes() for path in parts.values()} == before


def test_undoing_brings_the_index_before_back(old: OldDeployment, settings: Settings) -> None:
    with CodeIntel(old.repository.path, settings=settings) as code:
        code.index()
    folder = index_folder(old.repository.path, settings)
    asked_before = hits(old, settings)
    before = contents(folder)
    run(old, settings, catalog=old.write_duckdb())
    assert hits(old, settings) != asked_before
    assert undo(old.repository.path, settings)
    assert contents(folder) == before
    assert hits(old, settings) == asked_before
    assert [path.name for path in settings.index_dir.iterdir()] == [folder.name]


def test_undoing_removes_an_index_that_only_the_migration_made(
    old: OldDeployment, settings: Settings
) -> None:
    run(old, settings, catalog=old.write_duckdb())
    assert not undo(old.repository.path, settings)
    assert list(settings.index_dir.iterdir()) == []
    with pytest.raises(MigrationError, match="does not come from a migration"):
        undo(old.repository.path, settings)


def test_migrating_twice_is_refused(old: OldDeployment, settings: Settings) -> None:
    catalog = old.write_duckdb()
    run(old, settings, catalog=catalog)
    with pytest.raises(MigrationError, match="already"):
        run(old, settings, catalog=catalog)


def wrong_model(old: OldDeployment) -> None:
    draw = np.random.default_rng(1)
    for row in old.rows:
        row["embedding"] = draw.normal(size=256).tolist()


def wrong_dimension(old: OldDeployment) -> None:
    for row in old.rows:
        row["embedding"] = [1.0, 2.0, 3.0]


def wrong_repository(old: OldDeployment) -> None:
    for row in old.rows:
        row["content"] = f"never written {row['id']}"


def same_id(old: OldDeployment) -> None:
    old.rows[1]["id"] = old.rows[0]["id"]


@pytest.mark.parametrize(
    ("break_it", "error", "message"),
    [
        (wrong_model, EmbeddingMismatchError, "cosine"),
        (wrong_dimension, EmbeddingMismatchError, "have 3 numbers"),
        (wrong_repository, MigrationError, "None of the"),
        (same_id, InputError, "has two vectors"),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_is_changed(
    old: OldDeployment,
    settings: Settings,
    break_it: Callable[[OldDeployment], None],
    error: type[Exception],
    message: str,
) -> None:
    break_it(old)
    catalog = old.write_duckdb()
    with pytest.raises(error, match=message):
        run(old, settings, catalog=catalog)
    assert not settings.index_dir.exists() or not list(settings.index_dir.iterdir())


def test_a_catalog_that_is_none_is_named(
    old: OldDeployment, settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "chunks.duckdb").write_text("no database")
    (tmp_path / "index.faiss").write_text("no index")
    with pytest.raises(ConfigurationError, match=r"chunks\.duckdb"):
        run(old, settings, catalog=tmp_path / "chunks.duckdb")
    with pytest.raises(InputError, match=r"index\.faiss"):
        ForeignIndex(tmp_path / "index.faiss")


def test_a_catalog_without_texts_says_which_columns_are_needed(
    old: OldDeployment, settings: Settings
) -> None:
    for row in old.rows:
        row["preview"] = row.pop("content")
    with pytest.raises(ConfigurationError, match="preview") as caught:
        run(old, settings, catalog=old.write_duckdb())
    assert "content" in caught.value.cure


def test_the_variables_of_the_deployment_name_its_parts(tmp_path: Path) -> None:
    (tmp_path / "a.duckdb").touch()
    environment = {
        "REPO_ROOT": str(tmp_path),
        "DUCKDB_PATH": str(tmp_path / "a.duckdb"),
        "VLLM_URL": "http://127.0.0.1:8001/v1",
        "VLLM_MODEL": "code",
    }
    found = deployment_of(environment)
    assert (found.repository, found.faiss_index) == (tmp_path, None)
    assert (found.embedding_url, found.embedding_model) == ("http://127.0.0.1:8001/v1", "code")
    with pytest.raises(ConfigurationError, match="not named"):
        deployment_of({"REPO_ROOT": str(tmp_path)})
    with pytest.raises(PathNotFoundError, match="gone"):
        deployment_of(environment, faiss_index=str(tmp_path / "gone"))


def test_the_command_migrates_by_the_variables_and_takes_it_back(
    old: OldDeployment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from codeintel.cli.main import main

    monkeypatch.setenv("CODEINTEL_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("CODEINTEL_WORKERS", "1")
    monkeypatch.setenv("REPO_ROOT", str(old.repository.path))
    monkeypatch.setenv("DUCKDB_PATH", str(old.write_duckdb()))
    monkeypatch.setenv("FAISS_INDEX", str(old.write_faiss()))
    assert main(["migrate", "--dry-run"]) == 0
    assert "Nothing was changed." in capsys.readouterr().out
    assert main(["migrate"]) == 0
    assert "of the exact ten nearest are found" in capsys.readouterr().out
    assert main(["migrate", "--undo", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"restored": False}
    assert main(["migrate", "--undo"]) == 3


def test_the_server_of_the_deployment_is_used_and_named_for_later(
    old: OldDeployment, settings: Settings
) -> None:
    for row in old.rows:
        row["embedding"] = unit_vectors([str(row["content"])])[0].tolist()
    catalog = old.write_duckdb()
    with serving() as server:
        deployment = Deployment(
            repository=old.repository.path,
            catalog=catalog,
            embedding_url=f"{server.url}/v1",
            embedding_model=server.model,
        )
        report = migrate(deployment, settings)
        assert report.n_embedded < 0.1 * report.n_imported
        later = replace(
            settings,
            embedding_url=report.exports["CODEINTEL_EMBEDDING_URL"],
            embedding_model=report.exports["CODEINTEL_EMBEDDING_MODEL"],
        )
        server.requests.clear()
        with CodeIntel(old.repository.path, settings=later) as code:
            assert not code.index()[0].changed
            assert server.n_texts <= 1  # its dimension is asked for
            assert code.semantic_search(QUESTION).hits
