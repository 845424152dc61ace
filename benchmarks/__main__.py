"""Runs benchmark suites: ``python -m benchmarks [SUITE …] [--quick] [--json | --save]``.

Without a suite all of them run. Each of several has a process of its own, so that none is disturbed
by what another left in memory. ``--save`` keeps the results in ``benchmarks/results``, from which
``python -m benchmarks.performance`` writes ``docs/performance.md``.
"""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

SUITES = (
    "git",
    "embedding",
    "vectors",
    "indexing",
    "retrieval",
    "text",
    "navigation",
    "load",
    "peers",
    "tuning",
)
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "suites", nargs="*", metavar="SUITE", help=f"one of {', '.join(SUITES)} (default: all)"
    )
    parser.add_argument("--quick", action="store_true", help="small runs that end in a minute each")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="print JSON instead of a table")
    how.add_argument("--save", action="store_true", help="keep the results (not of quick runs)")
    arguments = parser.parse_args()
    suites = arguments.suites or list(SUITES)
    if unknown := [name for name in suites if name not in SUITES]:
        parser.error(f"there is no suite {unknown[0]!r}; there are {', '.join(SUITES)}")
    if arguments.save and arguments.quick:
        parser.error("a quick run proves nothing worth keeping: leave out --quick or --save")
    if len(suites) > 1:
        return run_each(suites, [word for word in sys.argv[1:] if word.startswith("-")])
    report = importlib.import_module(f"benchmarks.suite_{suites[0]}").run(quick=arguments.quick)
    text = json.dumps(report.as_json(), indent=1)
    if arguments.save:
        (RESULTS / f"{suites[0]}.json").write_text(text + "\n", encoding="utf-8")
    print(text if arguments.json else report.as_text())
    return 0 if all(target.holds for target in report.targets) else 1


def run_each(suites: list[str], options: list[str]) -> int:
    """Run suites one after the other; a suite that fails does not stop the others."""
    codes = {}
    for name in suites:
        command = [sys.executable, "-m", "benchmarks", name, *options]
        codes[name] = subprocess.run(command).returncode
    missed = [name for name, code in codes.items() if code]
    if missed:
        print(f"failed or missed a target: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
