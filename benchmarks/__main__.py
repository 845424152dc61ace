"""Runs a benchmark suite: ``python -m benchmarks SUITE [--quick] [--json]``."""

import argparse
import importlib
import json
import sys

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
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--quick", action="store_true", help="a small run that ends in a minute")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    arguments = parser.parse_args()
    suite = importlib.import_module(f"benchmarks.suite_{arguments.suite}")
    report = suite.run(quick=arguments.quick)
    print(json.dumps(report.as_json(), indent=1) if arguments.json else report.as_text())
    return 0 if all(target.holds for target in report.targets) else 1


if __name__ == "__main__":
    sys.exit(main())
