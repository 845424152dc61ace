"""What right answers are: a repository whose files are known, and questions with their checks.

Most files never change and every answer about them is compared with the files themselves. Files in
`edited/` are written anew all the time, each time with the next number in them; an answer about
one has to show a number that it had while the question was under way, or shortly before.
"""

import random
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Structured = dict[str, Any]
Check = Callable[[Structured, float, float], str]
"""Takes an answer and when its question began and ended; gives what is wrong, or nothing."""

N_EDITED = 40
# How old an answer may be: a file is read within the first, the index follows within the other.
_READ_SLACK_S = 3.0
_INDEX_SLACK_S = 60.0


@dataclass
class Edited:
    """A file that is written anew all the time, and when each version of it was written."""

    path: Path
    name: str
    written: list[tuple[float, float]] = field(default_factory=list)

    def write(self, aside: Path) -> None:
        """Write the next version in one step."""
        version = len(self.written)
        aside.write_text(f'def {self.name}_v{version}_():\n    return "{self.name} {version} !"\n')
        began = time.monotonic()
        aside.replace(self.path)
        self.written.append((began, time.monotonic()))

    def fits(self, version: int, began: float, ended: float, slack_s: float) -> bool:
        """Tell whether the file had a version between `slack_s` before a question and its end."""
        if not 0 <= version < len(self.written) or self.written[version][0] > ended:
            return False
        newer = version + 1
        return newer == len(self.written) or self.written[newer][1] >= began - slack_s


class Oracle:
    """Knows every file of a repository, and asks what it can check."""

    def __init__(self, repository: Path) -> None:
        self.repository = repository
        self._draw = random.Random(0)
        self.aside = repository / ".git" / "aside"
        folder = repository / "edited"
        folder.mkdir()
        self.edited = [Edited(folder / f"file{n:02}.py", f"edited{n:02}") for n in range(N_EDITED)]
        for file in self.edited:
            file.write(self.aside)
        static = [p for p in sorted(repository.rglob("*.py")) if p.parent != folder]
        texts = {p.relative_to(repository).as_posix(): p.read_text("utf-8") for p in static}
        self._lines = {p: text.split("\n") for p, text in texts.items() if text.count("\n") > 30}
        self._paths = list(self._lines)
        self._listed = [path for path, text in texts.items() if text]
        self._words = self._rare_words(texts)
        self._last = {p: self._last_commit(p) for p in self._draw.sample(self._paths, 60)}
        self.ages_s: list[float] = []

    def question(self) -> tuple[str, Structured, Check]:
        """Draw a tool, its arguments and the check of its answer."""
        asks = (
            self._open,
            self._open_edited,
            self._text,
            self._text_edited,
            self._symbol_edited,
            self._semantic,
            self._semantic,
            self._list,
            self._history,
        )
        return self._draw.choice(asks)()

    def edit(self) -> None:
        """Write one file anew."""
        self._draw.choice(self.edited).write(self.aside)

    def _open(self) -> tuple[str, Structured, Check]:
        path = self._draw.choice(self._paths)
        lines = self._lines[path]
        start = self._draw.randint(1, len(lines) - 20)

        def check(answer: Structured, began: float, ended: float) -> str:
            shown = "\n".join(lines[start - 1 : answer["end_line"]])
            return "" if answer["text"].rstrip("\n") == shown.rstrip("\n") else "other lines"

        arguments = {"path": path, "start_line": start, "end_line": start + 15}
        return "open_file", arguments, check

    def _open_edited(self) -> tuple[str, Structured, Check]:
        file = self._draw.choice(self.edited)

        def check(answer: Structured, began: float, ended: float) -> str:
            return self._judge(file, answer["text"], began, ended, _READ_SLACK_S)

        return "open_file", {"path": f"edited/{file.path.name}"}, check

    def _text(self) -> tuple[str, Structured, Check]:
        word, expected = self._draw.choice(self._words)

        def check(answer: Structured, began: float, ended: float) -> str:
            found = {(f["path"], line["line"]) for f in answer["files"] for line in f["lines"]}
            return "" if found == expected else f"{len(found)} lines instead of {len(expected)}"

        arguments = {"pattern": word, "case": "sensitive", "exclude_globs": ["edited"]}
        return "search_text", arguments, check

    def _text_edited(self) -> tuple[str, Structured, Check]:
        file = self._draw.choice(self.edited)

        def check(answer: Structured, began: float, ended: float) -> str:
            lines = [line["text"] for f in answer["files"] for line in f["lines"]]
            if len(lines) != 1:
                return f"{len(lines)} versions at once"
            return self._judge(file, lines[0], began, ended, _READ_SLACK_S)

        return "search_text", {"pattern": f'"{file.name} '}, check

    def _symbol_edited(self) -> tuple[str, Structured, Check]:
        file = self._draw.choice(self.edited)

        def check(answer: Structured, began: float, ended: float) -> str:
            names = [s["name"] for s in answer["symbols"] if s["name"].startswith(file.name)]
            if len(names) != 1:
                return f"{len(names)} versions at once"
            return self._judge(file, names[0], began, ended, _INDEX_SLACK_S)

        arguments = {"query": f"{file.name}_v", "include_globs": [f"edited/{file.path.name}"]}
        return "symbol_search", arguments, check

    def _semantic(self) -> tuple[str, Structured, Check]:
        words = [self._draw.choice(self._words)[0] for _ in range(3)]

        def check(answer: Structured, began: float, ended: float) -> str:
            for hit in answer["hits"]:
                lines = self._lines.get(hit["path"])
                if lines is not None:
                    shown = "\n".join(lines[hit["start_line"] - 1 : hit["end_line"]])
                    if not shown.startswith(hit["text"].rstrip("\n")):
                        return f"other lines of {hit['path']}"
            return "" if answer["hits"] else "no hit"

        return "semantic_search", {"query": " ".join(words)}, check

    def _list(self) -> tuple[str, Structured, Check]:
        folder = self._draw.choice(self._paths).rpartition("/")[0]
        expected = {path for path in self._listed if path.startswith(f"{folder}/")}

        def check(answer: Structured, began: float, ended: float) -> str:
            found = {e["path"] for e in answer["entries"] if e["path"].endswith(".py")}
            return "" if found == expected else f"{len(found)} files instead of {len(expected)}"

        arguments = {"include_globs": [f"/{folder}/**"], "limit": 1000}
        return "list_paths", arguments, check

    def _history(self) -> tuple[str, Structured, Check]:
        path, sha = self._draw.choice(list(self._last.items()))

        def check(answer: Structured, began: float, ended: float) -> str:
            return "" if answer["commits"][0]["sha"] == sha else "another commit"

        return "file_history", {"path": path}, check

    def _judge(self, file: Edited, text: str, began: float, ended: float, slack_s: float) -> str:
        found = re.search(rf"{file.name}[_ ]v?(\d+)", text)
        if found is None:
            return "no version"
        version = int(found[1])
        if version + 1 < len(file.written):
            self.ages_s.append(max(0.0, began - file.written[version + 1][1]))
        else:
            self.ages_s.append(0.0)
        fits = file.fits(version, began, ended, slack_s)
        return "" if fits else f"version {version} of {len(file.written)}"

    def _rare_words(self, texts: dict[str, str]) -> list[tuple[str, set[tuple[str, int]]]]:
        """Give names that stand in few lines, with all of those lines."""
        places: dict[str, set[tuple[str, int]]] = {}
        for path, text in texts.items():
            for number, line in enumerate(text.split("\n"), 1):
                for word in re.findall(r"[A-Za-z_]{9,24}", line):
                    places.setdefault(word, set()).add((path, number))
        rare = sorted(word for word, where in places.items() if 2 <= len(where) <= 20)
        chosen = self._draw.sample(rare, min(len(rare), 300))
        everywhere = [
            (path, number, line)
            for path, text in texts.items()
            for number, line in enumerate(text.split("\n"), 1)
        ]
        return [(w, {(p, n) for p, n, line in everywhere if w in line}) for w in chosen]

    def _last_commit(self, path: str) -> str:
        command = ["git", "log", "-1", "--format=%H", "--", path]
        done = subprocess.run(command, cwd=self.repository, capture_output=True, text=True)
        return done.stdout.strip()
