"""Symbols, definitions, uses and file listing of an indexed tree, in-process and warm."""

import ast
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from benchmarks.report import Report, Target, interleaved, summarize
from benchmarks.text_tree import PACKAGES, QUICK_PACKAGES, package_tree
from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.types import Scope

N_COMMON_USES = 50_000
N_ASKED_FILES = 1_500


def run(*, quick: bool) -> Report:
    report = Report("navigation")
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "tree"
        shutil.copytree(package_tree(QUICK_PACKAGES if quick else PACKAGES), tree)
        line = "    common_name(1, common_name(2))\n"
        uses = (N_COMMON_USES // 10 if quick else N_COMMON_USES) // 200
        for number in range(uses):
            text = "from common import common_name\n\n\ndef call():\n" + line * 100
            (tree / f"caller_{number:03}.py").write_text(text)
        (tree / "common.py").write_text("def common_name(value, more=None):\n    return value\n")
        settings = Settings(index_dir=Path(scratch) / "index")
        with CodeIntel(tree, settings=settings) as code:
            (indexed,) = code.index()
            report.facts |= {"files": indexed.n_files, "symbols": indexed.n_symbols}
            _measure(report, code, tree, n=200 if quick else 500)
            _after_edits(report, code, tree, settings, n=3 if quick else 8)
    return report


def _measure(report: Report, code: CodeIntel, tree: Path, n: int) -> None:
    draw = random.Random(7)
    names, places = _questions(code, tree, draw, n)
    start = perf_counter()
    code.symbol_search("warm")
    report.facts["first_symbol_search_ms"] = round((perf_counter() - start) * 1e3)
    typed = [name[: draw.randint(3, len(name))] for name in names]
    questions: dict[str, list[Callable[[], object]]] = {
        "symbol_search, whole name": [lambda q=q: code.symbol_search(q) for q in names],
        "symbol_search, as typed": [lambda q=q: code.symbol_search(q) for q in typed],
        "definition_at, name": [lambda q=q: code.definition_at(symbol=q) for q in names],
        "definition_at, place": [
            lambda p=p, i=i, j=j: code.definition_at(path=p, line=i, column=j) for p, i, j in places
        ],
        "references_at, name": [lambda q=q: code.references_at(symbol=q) for q in names],
        "references_at, place": [
            lambda p=p, i=i, j=j: code.references_at(path=p, line=i, column=j) for p, i, j in places
        ],
    }
    for case, calls in questions.items():
        # The best of three tells one question from another, not one moment of the machine.
        for variant, n_times in (("first time", 1), ("warm, best of 3", 3)):
            times = [min(_timed(call) for _ in range(n_times)) for call in calls]
            report.measurements.append(summarize(case, variant, times))
        report.targets.append(Target(f"{case}, warm p95", _p95(report), 5, "ms", "at most"))
    _pages(report, code)
    _listing(report, code, tree)


def _questions(
    code: CodeIntel, tree: Path, draw: random.Random, n: int
) -> tuple[list[str], list[tuple[str, int, int]]]:
    """Draw names that are defined, and places where names are called."""
    names, places = [], []
    skipped = {file.path for file in code.index_status(skipped=True).repositories[0].skipped_files}
    paths = sorted(tree.rglob("*.py"))
    for path in sorted(draw.sample(paths, min(N_ASKED_FILES, len(paths)))):
        where = path.relative_to(tree).as_posix()
        if where in skipped:
            continue
        try:
            nodes = list(ast.walk(ast.parse(path.read_bytes())))
        except (SyntaxError, ValueError):
            continue
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and len(node.name) >= 3:
                names.append(node.name)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                places.append((where, node.func.lineno, node.func.col_offset + 1))
    return draw.sample(names, n), draw.sample(places, min(n, 200))


def _pages(report: Report, code: CodeIntel) -> None:
    """Page through a symbol that is used everywhere."""
    cursor, times, total = None, [], 0
    while len(times) < 40:
        start = perf_counter()
        answer = code.references_at(symbol="common_name", cursor=cursor)
        times.append(perf_counter() - start)
        cursor, total = answer.next_cursor, answer.total
    report.measurements.append(summarize("references_at, pages", f"{total:,} uses", times))
    name = f"page of {total:,} uses, p95"
    report.targets.append(Target(name, _p95(report), 50, "ms", "at most"))


def _listing(report: Report, code: CodeIntel, tree: Path) -> None:
    """List 1,000 files beside the directory walk that this replaces."""

    def walk() -> int:
        found = 0
        for folder, folders, names in os.walk(tree):
            folders[:] = [name for name in folders if name != ".git"]
            found += sum(os.stat(os.path.join(folder, name)).st_size > 0 for name in names)
        return found

    scope = Scope(include_globs=("*.py",))
    variants = {
        "directory walk": walk,
        "list_paths, 1,000": lambda: code.list_paths(scope=scope, limit=1_000),
    }
    for call in variants.values():
        call()
    for name, times in interleaved(variants, 20).items():
        report.measurements.append(summarize("list paths", name, times))
    report.targets.append(Target("list_paths p95", _p95(report), 5, "ms", "at most"))


def _after_edits(report: Report, code: CodeIntel, tree: Path, settings: Settings, n: int) -> None:
    """Search a symbol first after an edit, with the table made from the last one, or anew."""
    times: dict[str, list[float]] = {"table made anew": [], "from the last table": []}
    edited = tree / "common.py"
    for number in range(n):
        edited.write_text(f"{edited.read_text()}\n\ndef newest_{number}():\n    return {number}\n")
        code.index()
        times["from the last table"].append(_timed(lambda: code.symbol_search("newest")))
        with CodeIntel(tree, settings=settings) as opened:
            opened.list_paths(limit=1)
            times["table made anew"].append(_timed(lambda o=opened: o.symbol_search("newest")))
    medians = []
    for variant, taken in times.items():
        report.measurements.append(summarize("symbol_search after an edit", variant, taken))
        medians.append(report.measurements[-1].p50_ms)
    name = "first symbol_search after an edit, of the time with a table made anew"
    report.targets.append(Target(name, medians[1] / medians[0], 0.6, "x", "at most"))


def _timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def _p95(report: Report) -> float:
    return report.measurements[-1].p95_ms
