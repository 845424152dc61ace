"""Prints every file, function and class that is too long: ``python -m scripts.check_sizes``.

A file that is too long is a room that holds two ideas; a function, a paragraph that does.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOTS = ("src", "benchmarks", "training", "scripts")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_CLASS_LINES = 300


def violations(path: Path) -> Iterator[str]:
    """Give one line for each thing in a Python file that is too long."""
    text = path.read_text(encoding="utf-8")
    n_lines = len(text.splitlines())
    if n_lines > MAX_FILE_LINES:
        yield f"{path}: {n_lines} lines (at most {MAX_FILE_LINES})"
    for node in ast.walk(ast.parse(text, filename=str(path))):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                kind, limit = "function", MAX_FUNCTION_LINES
            case ast.ClassDef():
                kind, limit = "class", MAX_CLASS_LINES
            case _:
                continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        if length > limit:
            yield f"{path}:{node.lineno}: {kind} {node.name}: {length} lines (at most {limit})"


def main(roots: Sequence[str] = ROOTS) -> int:
    found = [
        line
        for root in roots
        for path in sorted(Path(root).rglob("*.py"))
        for line in violations(path)
    ]
    print("\n".join(found) or "All sizes are within their limits.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ROOTS))
