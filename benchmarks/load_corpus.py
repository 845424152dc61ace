"""A real repository to ask about: the Python packages installed here, with some history."""

import shutil
import subprocess
import sysconfig
from collections.abc import Sequence
from pathlib import Path

# Installed wherever the benchmarks can run: the test extras and what they need.
PACKAGES = (
    "anyio",
    "fastapi",
    "git",
    "httpx",
    "hypothesis",
    "mcp",
    "mcp_types",
    "mypy",
    "numpy",
    "pip",
    "prometheus_client",
    "pydantic",
    "pygments",
    "_pytest",
    "rich",
    "starlette",
    "uvicorn",
)
_SOURCES = {".py", ".pyi", ".md", ".toml", ".json", ".c", ".h"}


def make_corpus(folder: Path, packages: Sequence[str] = PACKAGES) -> Path:
    """Copy the packages into a new git repository, a commit a package; gives its folder."""
    repository = folder / "corpus"
    repository.mkdir(parents=True)
    _git(repository, "init", "-q", "-b", "main")
    site = Path(sysconfig.get_paths()["purelib"])
    for package in packages:
        if (site / package).is_dir():
            shutil.copytree(site / package, repository / package, ignore=_only_sources)
            _git(repository, "add", "-A")
            _git(repository, "commit", "-q", "-m", f"Add {package}")
    return repository


def _only_sources(folder: str, names: list[str]) -> set[str]:
    return {
        name
        for name in names
        if name == "__pycache__"
        or (Path(folder, name).is_file() and Path(name).suffix not in _SOURCES)
    }


def _git(repository: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Load", "-c", "user.email=load@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=repository, check=True)
