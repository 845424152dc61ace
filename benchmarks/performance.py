"""Writes docs/performance.md and its picture from ``benchmarks/results``.

``python -m benchmarks --save && python -m benchmarks.performance``
"""

import json
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.__main__ import RESULTS, SUITES
from benchmarks.performance_picture import draw
from benchmarks.performance_targets import TARGETS, NoteTarget, Results

ROOT = Path(__file__).parent.parent
PAGE, PICTURE = ROOT / "docs" / "performance.md", ROOT / "docs" / "performance.svg"
MARK = "†"

_CORE = ("indexer", "lang", "store", "index")
#: What each suite measures, below src/codeintel, beside its own modules.
MEASURED: Mapping[str, Sequence[str]] = {
    "git": ("git",),
    "embedding": ("embedding",),
    "vectors": ("index",),
    "indexing": (*_CORE, "embedding"),
    "retrieval": (*_CORE, "embedding", "search", "api"),
    "text": ("index", "search"),
    "navigation": (*_CORE, "search", "api"),
    "load": ("server", "search", "api", "index"),
    "peers": (*_CORE, "search"),
    "tuning": (*_CORE, "embedding"),
}

_INTRODUCTION = f"""\
# Performance

<!-- Written by `python -m benchmarks.performance` from `benchmarks/results`. -->

Each figure comes from a run that asked the same questions the old way and ours, in one process or
side by side on one machine. `python -m benchmarks SUITE` measures again (`--quick`: within a
minute); `python -m benchmarks --save && python -m benchmarks.performance` runs everything and
writes this page. Nothing is typed by hand. {MARK} marks figures that are older than their code.
The machines are shared ones, whose speed differs by more than two from one result to another, even
where they have the same name: compare ratios, and times only within one result.

## The design note's targets

The note's bar, the goal we set ourselves, and what was measured. *Times* says how many times better
than the old way; `>` that the old way was stopped there, unfinished.

"""


def page(results: Results, old: Collection[str]) -> str:
    """Give the text of the page.

    Parameters
    ----------
    old
        Suites whose result is older than the code.
    """
    lines = [_INTRODUCTION + "| question | note | goal | measured | old way | times | result |"]
    lines.append("|---|---|---|---|---|---|---|")
    lines += [_row(target, results, old) for target in TARGETS]
    lines.append("\n![How many times better than the old way, by question](performance.svg)\n")
    lines.append("## Every target of every suite\n")
    for suite in SUITES:
        if suite in results and results[suite]["targets"]:
            lines += _suite(suite, results[suite], suite in old)
    return "\n".join(lines)


def times(results: Results) -> Iterator[tuple[str, float]]:
    """Give each question with how many times better than the old way it is answered."""
    for target in TARGETS:
        ours = target.ours.find(results)
        before = target.old.find(results) if target.old else None
        if ours and before:
            yield target.what.replace("`", ""), target.ratio(ours, before)


def _row(target: NoteTarget, results: Results, old: Collection[str]) -> str:
    ours = target.ours.find(results)
    before = target.old.find(results) if target.old else None
    sign = "≥" if target.at_least else "≤"
    note = f"{sign} {_number(target.note)} {target.unit}".strip()
    goal = f"{sign} {_number(target.goal)} {target.unit}".strip() if target.goal else ""
    suite = target.ours.suite
    if ours is None:
        return f"| {target.what} | {note} | {goal} | not measured | | | |"
    shown = f"{_number(ours)} {target.unit}".strip()
    if not target.holds(ours, target.note):
        shown += ", **missed**"
    elif target.goal and not target.holds(ours, target.goal):
        shown += ", goal missed"
    shown += f" {MARK}" if suite in old else ""
    more = "> " if target.old and target.old.stopped(results) else ""
    was = f"{more}{_number(before)} {target.unit}".strip() if before is not None else ""
    ratio = f"{more}{_number(target.ratio(ours, before))}" if before and ours else ""
    link = f"[{suite}](../benchmarks/results/{suite}.json)"
    return f"| {target.what} | {note} | {goal} | {shown} | {was} | {ratio} | {link} |"


def _suite(name: str, result: Mapping[str, Any], is_old: bool) -> Iterator[str]:
    yield f"### {name}\n"
    commit = str(result.get("commit", ""))
    place = ", ".join(f"{key} {value}" for key, value in result["machine"].items())
    yield f"Machine: {place}."
    if commit:
        changed = ", with changes that were not committed" if commit.endswith("+") else ""
        yield f"Measured at `{commit[:10].rstrip('+')}`{changed}."
    if is_old:
        yield f"{MARK} The code was changed since."
    yield "\n| target | goal | measured | |\n|---|---|---|---|"
    for target in result["targets"]:
        sign = "≥" if target["sense"] == "at least" else "≤"
        goal = f"{sign} {_number(target['target'])} {target['unit']}".strip()
        shown = f"{_number(target['measured'])} {target['unit']}".strip()
        verdict = "holds" if target["holds"] else "**missed**"
        yield f"| {target['name']} | {goal} | {shown} | {verdict} |"
    yield ""


def _number(value: float) -> str:
    """Show three digits that matter, and no power of ten."""
    if value and abs(value) < 1000:
        return f"{value:.3g}"
    return f"{value:,.0f}"


def read_results(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Read the result of each suite that has one."""
    return {
        suite: json.loads((folder / f"{suite}.json").read_text(encoding="utf-8"))
        for suite in SUITES
        if (folder / f"{suite}.json").exists()
    }


def outdated(results: Results, root: Path = ROOT) -> set[str]:
    """Give the suites whose code was changed since they were measured, or while."""
    return {suite for suite, result in results.items() if _changed_since(suite, result, root)}


def _changed_since(suite: str, result: Mapping[str, Any], root: Path) -> bool:
    commit = str(result.get("commit", ""))
    if not commit or commit.endswith("+"):
        return True
    folders = [f"src/codeintel/{name}" for name in MEASURED[suite]]
    command = ["git", "diff", "--quiet", commit, "HEAD", "--", *folders]
    command += [f"benchmarks/suite_{suite}.py", f"benchmarks/{suite}_*.py"]
    return subprocess.run(command, cwd=root, capture_output=True).returncode != 0


def main() -> None:
    results = read_results()
    PAGE.write_text(page(results, outdated(results)), encoding="utf-8")
    PICTURE.write_text(draw(list(times(results))), encoding="utf-8")


if __name__ == "__main__":
    main()
