import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Run = Callable[..., subprocess.CompletedProcess[str]]


def layer_modules() -> list[str]:
    """Names of all modules that the project's contract of layers lists."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (layers,) = (
        contract["layers"]
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    )
    return [name.strip() for layer in layers for name in layer.split("|")]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project that keeps all rules: our settings and scripts, a package of empty layers."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "scripts").mkdir()
    for name in ("__init__", "check", "check_sizes"):
        shutil.copy(ROOT / "scripts" / f"{name}.py", tmp_path / "scripts")
    package = tmp_path / "src" / "codeintel"
    package.mkdir(parents=True)
    for folder, what in (
        (package, "Package"),
        *((package / n, n.title()) for n in ("git", "lang")),
    ):
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text(f'"""{what}."""\n')
    for name in layer_modules():
        short = name.removeprefix("codeintel.")
        if not (package / short).is_dir():
            (package / f"{short}.py").write_text(f'"""{short.title()}."""\n')
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_truth.py").write_text("def test_truth() -> None:\n    assert True\n")
    return tmp_path


@pytest.fixture
def run(project: Path) -> Run:
    """Runs a tool of the test extras inside the small project."""

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ["PATH"]))
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PYTEST", "COV", "FORCE_COLOR"))
        }
        return subprocess.run(
            [sys.executable if word == "python" else word for word in command],
            cwd=project,
            env={**environment, "PATH": path, "PYTHONPATH": str(project / "src")},
            capture_output=True,
            text=True,
            check=False,
        )

    return run
