"""The performance page is made of the committed results and of nothing else."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.__main__ import RESULTS, SUITES
from benchmarks.performance import (
    MARK,
    MEASURED,
    PAGE,
    PICTURE,
    ROOT,
    draw,
    outdated,
    page,
    read_results,
    times,
)
from benchmarks.performance_targets import TARGETS
from repositories import GitRepository

TARGET = {"name": "x", "measured": 1, "target": 1, "unit": "s", "sense": "at most", "holds": True}
RESULT: dict[str, Any] = {"machine": {}, "measurements": [], "targets": [TARGET]}


def marked(text: str) -> set[str]:
    """The suites that a page marks as older than their code; that is known by git alone."""
    sections = text.split("\n### ")[1:]
    return {section.split("\n")[0] for section in sections if f"\n{MARK} " in section}


def test_the_page_and_its_picture_are_made_of_the_committed_results() -> None:
    written, results = PAGE.read_text(encoding="utf-8"), read_results()
    assert page(results, marked(written)) == written, "run `python -m benchmarks.performance`"
    assert PICTURE.read_text(encoding="utf-8") == draw(list(times(results)))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.what)
def test_each_target_of_the_note_has_its_figure(target: Any) -> None:
    result = json.loads((RESULTS / f"{target.ours.suite}.json").read_text(encoding="utf-8"))
    assert target.ours.find({target.ours.suite: result}) is not None


def test_what_each_suite_measures_is_there() -> None:
    assert set(MEASURED) == set(SUITES)
    for folders in MEASURED.values():
        assert all((ROOT / "src" / "codeintel" / folder).is_dir() for folder in folders)


def test_a_figure_older_than_its_code_is_marked(repository: GitRepository) -> None:
    code, other = "src/codeintel/git/client.py", "src/codeintel/server/app.py"
    measured = repository.commit({code: "a = 1\n", other: "b = 1\n"})
    results = {"git": {**RESULT, "commit": measured}}
    assert outdated(results, repository.path) == set()
    repository.commit({other: "b = 2\n"})
    assert outdated(results, repository.path) == set()
    repository.commit({code: "a = 2\n"})
    assert outdated(results, repository.path) == {"git"}
    assert MARK in page(results, {"git"}).partition("### git")[2]


@pytest.mark.parametrize("commit", ["", "0" * 40, "{head}+"])
def test_a_figure_of_code_that_is_not_known_is_marked(
    repository: GitRepository, commit: str
) -> None:
    head = repository.commit({"a.py": ""})
    results = {"git": {**RESULT, "commit": commit.format(head=head)}}
    assert outdated(results, repository.path) == {"git"}


def test_a_suite_that_does_not_exist_is_refused() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "benchmarks", "gti"], cwd=ROOT, capture_output=True, text=True
    )
    assert answer.returncode == 2
    assert "no suite 'gti'" in answer.stderr


def test_results_are_where_the_page_links_to() -> None:
    assert Path(RESULTS).relative_to(ROOT).as_posix() == "benchmarks/results"


def test_a_run_of_the_old_way_that_was_stopped_is_a_lower_bound() -> None:
    target = next(target for target in TARGETS if target.old and target.old.value == "build_s")
    rows = [
        {"case": target.ours.case, "variant": "ours", "extra": {"build_s": 2}},
        {
            "case": target.ours.case,
            "variant": "OPQ64,IVF8192,PQ64",
            "extra": {"build_s": 50, "stopped": "yes"},
        },
    ]
    results = {"vectors": {**RESULT, "measurements": rows}}
    assert "| 2 s | > 50 s | > 25 |" in page(results, set())
