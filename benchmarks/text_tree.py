"""The tree that text search is measured on: packages from PyPI, unpacked, text files only."""

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.corpora import cache_dir
from codeintel.lang.content import SourceText, read_source

PACKAGES = ("ansible==12.3.0", "django==5.2.1", "sympy==1.13.3")
QUICK_PACKAGES = ("django==5.2.1",)


def package_tree(packages: tuple[str, ...]) -> Path:
    """Download wheels once, and keep of them what CodeIntel indexes, so that all search alike."""
    folder = cache_dir() / ("text-" + "-".join(package.replace("==", "") for package in packages))
    if folder.exists():
        return folder
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        subprocess.run([*command, "--only-binary", ":all:", "-d", scratch, *packages], check=True)
        tree = Path(scratch) / "tree"
        for wheel in Path(scratch).glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(tree)
        for path in tree.rglob("*"):
            name = path.relative_to(tree).as_posix()
            if path.is_file() and not isinstance(read_source(name, path.read_bytes()), SourceText):
                path.unlink()
        folder.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(tree, folder.with_suffix(".part"), dirs_exist_ok=True)
        folder.with_suffix(".part").rename(folder)
    return folder
