"""Real source trees to measure on, kept in the user's cache between runs."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

SYMPY = "sympy==1.13.3"


def cache_dir() -> Path:
    """Give the folder that benchmarks keep their inputs in."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "codeintel-benchmarks"


def ripgrep() -> str:
    """Find ripgrep, which the test extras install beside Python."""
    places = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    return shutil.which("rg", path=places) or "rg"


def standard_library(into: Path, n_files: int) -> Path:
    """Copy modules of Python's own library, which is on every machine, into a git repository."""
    root = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(p for p in root.rglob("*.py") if "site-packages" not in p.parts)
    for path in files[:n_files]:
        target = into / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return commit_all(into)


def source_distribution(requirement: str) -> Path:
    """Download a package's sources from PyPI once, and commit them to a git repository."""
    folder = cache_dir() / requirement.replace("==", "-")
    if (folder / ".git" / "HEAD").exists():
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
        ]
        command += ["--no-binary", ":all:", "-d", scratch, requirement]
        subprocess.run(command, check=True)
        with tarfile.open(next(Path(scratch).glob("*.tar.gz"))) as archive:
            archive.extractall(Path(scratch) / "unpacked", filter="data")
        unpacked = next((Path(scratch) / "unpacked").iterdir())
        shutil.copytree(unpacked, folder, dirs_exist_ok=True)
    return commit_all(folder)


def commit_all(folder: Path) -> Path:
    """Make a folder a git repository with one commit."""
    identity = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-q", "-m", "import"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    return folder
