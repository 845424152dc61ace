"""Draws docs/search.svg from a real run on this repository: ``python -m scripts.picture``."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

TARGET = Path("docs/search.svg")
WORDS = ("search", "replace a file so that a crash leaves it whole", "--limit", "1")
_WIDTH = 108
_MAX_LINES = 24
# The page must not load fonts from elsewhere.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}|<!--.*?-->", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def shown() -> str:
    """Run the command on a terminal, and give what that shows."""
    reader, terminal = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(_WIDTH), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "codeintel.cli.main", *WORDS],
        env=environment,
        stdout=terminal,
        stderr=subprocess.DEVNULL,
    )
    os.close(terminal)
    with open(reader, "rb", buffering=0) as file:
        parts = []
        try:
            while data := file.read(65536):
                parts.append(data)
        except OSError:  # how Linux says that the terminal was closed
            pass
    if process.wait():
        sys.exit("The command failed; run it by hand to see why.")
    return b"".join(parts).decode().replace("\r\n", "\n")


def main() -> None:
    quoted = " ".join(f'"{word}"' if " " in word else word for word in WORDS)
    lines = [f"$ codeintel {quoted}", *shown().splitlines()][:_MAX_LINES]
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    for line in lines:
        console.print(Text.from_ansi(line), no_wrap=True, crop=True)
    TARGET.write_text(console.export_svg(title="codeintel", code_format=_FORMAT), encoding="utf-8")


if __name__ == "__main__":
    main()
