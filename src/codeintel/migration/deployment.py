"""Where an older deployment keeps its parts, as its environment variables say."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from codeintel.errors import ConfigurationError, PathNotFoundError

# The variables that such deployments are configured by, the first one that is set counts.
VARIABLES: Mapping[str, tuple[str, ...]] = {
    "repository": ("REPO_ROOT",),
    "catalog": ("DUCKDB_PATH", "VECTORS_DIR"),
    "faiss_index": ("FAISS_INDEX",),
    "embedding_url": ("VLLM_URL",),
    "embedding_model": ("VLLM_MODEL",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The parts of an older deployment; none of them is ever written to.

    Attributes
    ----------
    repository
        The repository that was indexed.
    catalog
        DuckDB file, Parquet file, or folder of Parquet files that holds the chunks.
    faiss_index
        FAISS file; None where the vectors are read from the catalog alone.
    embedding_url, embedding_model
        The server that embedded the chunks; empty where the settings name it.
    """

    repository: Path
    catalog: Path
    faiss_index: Path | None = None
    embedding_url: str = ""
    embedding_model: str = ""

    def __post_init__(self) -> None:
        for path in (self.repository, self.catalog, self.faiss_index):
            if path is not None and not path.exists():
                raise PathNotFoundError(
                    f"There is no file or folder '{path}'.",
                    cure="Give the path of each part of the deployment.",
                )


def deployment_of(
    environment: Mapping[str, str],
    *,
    repository: str | None = None,
    catalog: str | None = None,
    faiss_index: str | None = None,
) -> Deployment:
    """Find the parts that are given, and the others by the deployment's variables.

    Raises
    ------
    ConfigurationError
        Neither says where the catalog is.
    PathNotFoundError
        A part is not there.
    """
    found = {
        part: next((environment[name] for name in names if environment.get(name)), "")
        for part, names in VARIABLES.items()
    }
    place = catalog or found["catalog"]
    if not place:
        raise ConfigurationError(
            "The catalog of the deployment is not named.",
            cure=f"Give --catalog, or set {' or '.join(VARIABLES['catalog'])}.",
        )
    index = faiss_index or found["faiss_index"]
    return Deployment(
        repository=Path(repository or found["repository"] or ".").expanduser(),
        catalog=Path(place).expanduser(),
        faiss_index=Path(index).expanduser() if index else None,
        embedding_url=found["embedding_url"],
        embedding_model=found["embedding_model"],
    )
