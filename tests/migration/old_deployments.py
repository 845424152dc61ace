"""Deployments of the kind that a migration starts from: FAISS file, catalog, variables."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import faiss
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet

from codeintel.embedding.static import StaticEmbedder
from codeintel.git.files import open_source
from repositories import GitRepository

SOURCE = Path(__file__).parents[2] / "src" / "codeintel"
FIXED = "IVF8,PQ32x4"
_WINDOW, _STEP = 24, 18


@dataclass
class OldDeployment:
    """What lies on the disk of an older deployment, made by the recipe of such deployments.

    Windows of lines that overlap, numbered through, with the first line counted from 0; vectors of
    the bundled model, which stands for the model of an embedding server.
    """

    repository: GitRepository
    folder: Path
    rows: list[dict[str, object]]

    @property
    def ids(self) -> list[int]:
        return [int(str(row["id"])) for row in self.rows]

    @property
    def vectors(self) -> np.ndarray:
        return np.array([row["embedding"] for row in self.rows], np.float32)

    def table(self, *, vectors: bool = True) -> pa.Table:
        columns = {name: [row[name] for row in self.rows] for name in self.rows[0]}
        embedding = columns.pop("embedding")
        table = pa.table(columns)
        if not vectors:
            return table
        dim = len(self.vectors[0])
        return table.append_column("embedding", pa.array(embedding, pa.list_(pa.float32(), dim)))

    def write_duckdb(self, *, vectors: bool = True) -> Path:
        path = self.folder / "chunks.duckdb"
        table = self.table(vectors=vectors)
        with duckdb.connect(str(path)) as db:
            db.register("given", table)
            db.execute("CREATE TABLE modules (name VARCHAR)")
            db.execute("CREATE TABLE chunks AS SELECT * FROM given")
        return path

    def write_parquet(self) -> Path:
        folder = self.folder / "vectors"
        folder.mkdir()
        table, half = self.table(), len(self.rows) // 2
        parquet.write_table(table.slice(0, half), folder / "part-0.parquet")
        parquet.write_table(table.slice(half), folder / "part-1.parquet")
        return folder

    def write_faiss(self, factory: str = FIXED) -> Path:
        path = self.folder / "index.faiss"
        index = faiss.index_factory(self.vectors.shape[1], factory, faiss.METRIC_INNER_PRODUCT)
        index.train(self.vectors)
        index = faiss.IndexIDMap2(index)
        index.add_with_ids(self.vectors, np.array(self.ids))
        faiss.write_index(index, str(path))
        return path


def old_deployment(folder: Path, parts: Sequence[str] = ("git",)) -> OldDeployment:
    """Make a repository of some of our own source, and what was indexed of it."""
    repository = GitRepository(folder / "repository")
    for part in parts:
        shutil.copytree(
            SOURCE / part, repository.path / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    repository.commit(message="Import")
    rows: list[dict[str, object]] = []
    source = open_source(repository.path)
    for file in source.list_files().files:
        lines = source.read(file).decode().splitlines()
        for start in range(0, max(1, len(lines) - _WINDOW + _STEP), _STEP):
            text = "\n".join(lines[start : start + _WINDOW])
            if text.strip():
                uri = f"file://{repository.path}/{file.path}" if len(rows) % 2 else file.path
                rows.append(
                    {
                        "id": 10_000 + 3 * len(rows),
                        "uri": uri,
                        "start_line": start,
                        "end_line": start + _WINDOW,
                        "lang": "python",
                        "content": text,
                    }
                )
    source.close()
    embedded = StaticEmbedder().embed_documents([str(row["content"]) for row in rows])
    for row, vector in zip(rows, embedded.vectors, strict=True):
        row["embedding"] = vector.tolist()
    return OldDeployment(repository, folder, rows)
