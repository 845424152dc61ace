"""Each gate of the check, tried on a violation that was planted for it."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def plant(project: Path, module: str, text: str) -> None:
    path = project / "src" / "codeintel" / module
    path.write_text(f'"""A module."""\n\n{text}')


def test_ruff_finds_an_unused_import(project: Path, run: Run) -> None:
    assert run("ruff", "check", ".").returncode == 0
    plant(project, "git/stray.py", "import json\n")
    answer = run("ruff", "check", ".")
    assert answer.returncode == 1
    assert "F401" in answer.stdout


def test_ruff_finds_a_line_that_is_not_formatted(project: Path, run: Run) -> None:
    assert run("ruff", "format", "--check", ".").returncode == 0
    plant(project, "git/stray.py", "x = {'a':1}\n")
    assert run("ruff", "format", "--check", ".").returncode == 1


def test_mypy_finds_a_function_without_types(project: Path, run: Run) -> None:
    assert run("mypy").returncode == 0
    plant(project, "git/stray.py", "def double(x):\n    return 2 * x\n")
    answer = run("mypy")
    assert answer.returncode == 1
    assert "no-untyped-def" in answer.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("git/stray.py", "import codeintel.search\n", "Layers"),
        ("git/stray.py", "import codeintel.lang\n", "Layers"),
        ("git/stray.py", "import httpx\n", "httpx stays"),
        ("git/stray.py", "import faiss\n", "faiss stays"),
        ("git/stray.py", "import tree_sitter\n", "tree-sitter stays"),
        ("lang/stray.py", "import git\n", "GitPython stays"),
        ("lang/stray.py", "import fastapi\n", "FastAPI stay"),
    ],
)
def test_the_import_linter_finds_an_import_against_the_layers(
    project: Path, run: Run, module: str, line: str, contract: str
) -> None:
    plant(project, module, line)
    answer = run("lint-imports", "--no-cache")
    assert answer.returncode == 1
    (broken,) = re.findall(r"^(.+) BROKEN$", answer.stdout, re.MULTILINE)
    assert contract in broken


def test_the_import_linter_accepts_the_layers_themselves(project: Path, run: Run) -> None:
    plant(project, "cli.py", "import codeintel.api\nimport codeintel.errors\n")
    answer = run("lint-imports", "--no-cache")
    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("x = 1\n" * 400, "402 lines"),
        ("def f() -> None:\n" + "    print()\n" * 60, "function f: 61 lines"),
        ("async def f() -> None:\n" + "    print()\n" * 60, "function f: 61 lines"),
        ("class C:\n" + "    x = 1\n" * 300, "class C: 301 lines"),
    ],
)
def test_the_size_check_finds_what_is_too_long(
    project: Path, run: Run, text: str, complaint: str
) -> None:
    plant(project, "git/stray.py", text)
    answer = run("python", "-m", "scripts.check_sizes")
    assert answer.returncode == 1
    assert "git/stray.py" in answer.stdout
    assert complaint in answer.stdout


def test_the_size_check_accepts_what_is_exactly_at_the_limit(project: Path, run: Run) -> None:
    plant(project, "git/stray.py", "def f() -> None:\n" + "    print()\n" * 59 + "x = 1\n" * 338)
    assert run("python", "-m", "scripts.check_sizes").returncode == 0


def test_a_failed_gate_fails_the_check_and_the_tests_still_have_the_last_word(
    project: Path, run: Run
) -> None:
    clean = run("python", "-m", "scripts.check")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    plant(project, "git/stray.py", "import json\n")
    answer = run("python", "-m", "scripts.check")
    assert answer.returncode == 1
    assert "FAILED: ruff check" in answer.stdout
    assert re.search(r"1 passed in [\d.]+s", answer.stdout.splitlines()[-1])


def test_a_failed_test_fails_the_check(project: Path, run: Run) -> None:
    (project / "tests" / "test_truth.py").write_text("def test_truth() -> None:\n    assert 0\n")
    answer = run("python", "-m", "scripts.check")
    assert answer.returncode == 1
    assert "1 failed" in answer.stdout.splitlines()[-1]
