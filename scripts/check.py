"""Runs every check that CI runs, in the same order: ``python -m scripts.check [PYTEST ARGUMENT…]``.

All of them run, whatever the first says; the tests are last, and so is their closing line.
"""

import os
import subprocess
import sys
import sysconfig

GATES = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports", "--no-cache"),
    (sys.executable, "-m", "scripts.check_sizes"),
)
TESTS = (sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "worksteal")


def run(command: tuple[str, ...]) -> bool:
    """Run one command with its output shown; true where it succeeded."""
    print(f"\n$ {shown(command)}", flush=True)
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    return subprocess.run(command, env={**os.environ, "PATH": path}, check=False).returncode == 0


def shown(command: tuple[str, ...]) -> str:
    return " ".join(command).replace(sys.executable, "python")


def main(pytest_arguments: tuple[str, ...] = ()) -> int:
    failed = [shown(command) for command in GATES if not run(command)]
    if failed:
        print(f"\nFAILED: {', '.join(failed)}", flush=True)
    tests_passed = run(TESTS + pytest_arguments)
    return 0 if tests_passed and not failed else 1


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:])))
