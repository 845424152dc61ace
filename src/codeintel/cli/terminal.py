"""Writing answers: styled on a terminal, plain into a pipe or a file, JSON for programs."""

import sys
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

# A file's control characters must not steer the reader's terminal.
_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) != "\t"} | {0x7F: 0x2421}
_VISIBLE |= dict.fromkeys(range(0x80, 0xA0), 0xFFFD)


class Terminal:
    """Writes lines to a stream; styles take effect on a terminal only."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self.styled = self._stream.isatty()

    @cached_property
    def console(self) -> "Console":
        """The stream as rich sees it, which honours NO_COLOR, TERM and the window's width."""
        from rich.console import Console

        return Console(file=self._stream, highlight=False, markup=False, soft_wrap=True)

    def line(self, *parts: str) -> None:
        """Write one line."""
        self._stream.write("".join(parts) + "\n")

    def json(self, answer: object) -> None:
        """Write an answer struct as one line of JSON."""
        from msgspec.json import encode

        self.line(encode(answer).decode())

    def visible(self, text: str) -> str:
        """Make control characters of one line visible where they would steer a terminal."""
        return text.rstrip("\r").translate(_VISIBLE) if self.styled else text

    def paint(self, text: str, style: str) -> str:
        """Give the text in a rich style such as ``bold green``, or plain where none are shown."""
        if not self.styled or not text:
            return text
        from rich.color import ColorSystem
        from rich.style import Style

        parsed = Style.parse(style)
        if self.console.no_color:
            parsed = parsed.without_color
        return parsed.render(self.visible(text), color_system=ColorSystem.STANDARD)

    def code(self, text: str, *, path: str, start_line: int = 1) -> None:
        """Write the lines of a file with their numbers, highlighted by the file's name."""
        lines = text.removesuffix("\n").split("\n")
        if not self.styled:
            width = max(5, len(str(start_line + len(lines) - 1)))
            for number, line in enumerate(lines, start_line):
                self.line(f"{number:{width}}  {line}".rstrip())
            return
        from rich.syntax import Syntax

        code = "\n".join(map(self.visible, lines))
        lexer = Syntax.guess_lexer(PurePosixPath(path).name, code)
        self.console.print(
            Syntax(code, lexer, theme="ansi_dark", line_numbers=True, start_line=start_line)
        )
