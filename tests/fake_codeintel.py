"""A `CodeIntel` over a few files in memory: real answers, no index, no git.

``python tests/fake_codeintel.py`` serves it over standard input and output.
"""

import difflib
import fnmatch
import threading
import time
from collections.abc import Collection, Mapping

import re2

from codeintel.embedding.metrics import EmbeddingMetrics
from codeintel.errors import (
    InvalidPatternError,
    InvalidRangeError,
    InvalidScopeError,
    PathNotFoundError,
    UnknownRepositoryError,
)
from codeintel.git.timings import TIMINGS
from codeintel.index.timings import families as vector_families
from codeintel.types import (
    BlameAnswer,
    BlameSpan,
    CommitFacts,
    FileAnswer,
    FileMatches,
    HistoryAnswer,
    IndexPhase,
    Location,
    NavigationAnswer,
    PathEntry,
    PathsAnswer,
    Provenance,
    RelatedAnswer,
    RelatedFile,
    RepositoryStatus,
    Rung,
    Scope,
    ScopeAnswer,
    SearchAnswer,
    SearchHit,
    StatusAnswer,
    SymbolHit,
    SymbolKind,
    SymbolsAnswer,
    TextAnswer,
    TextLine,
)

COMMIT = CommitFacts(
    sha="a" * 40,
    author="Ada",
    email="ada@example.org",
    date="2026-01-02T03:04:05+00:00",
    summary="Begin",
)

EVERYTHING = Scope()

FILES = {
    "app": {
        "src/upload.py": (
            "def retry_upload(file):\n    for attempt in range(3):\n        send(file)\n\n\n"
            "def send(file):\n    return file.read()\n"
        ),
        "src/größe.py": "SIZE = 10  # Größe in Zeilen\n",
        "README.md": "# App\n\nUploads files with retries.\n",
    },
    "secret": {"plans.py": "def launch_rocket():\n    return 'moon'\n"},
}


class FakeCodeIntel:
    """Answers like `CodeIntel`; `gate` holds every question until it is set."""

    def __init__(self, files: Mapping[str, Mapping[str, str]] = FILES) -> None:
        self.files = files
        self.gate = threading.Event()
        self.gate.set()
        self.n_calls = 0
        self.stamp = 1
        self.notes: tuple[str, ...] = ()
        self.work_s = 0.0

    @property
    def repositories(self) -> tuple[str, ...]:
        return tuple(self.files)

    def restricted_to(self, repos: Collection[str]) -> "FakeCodeIntel":
        view = FakeCodeIntel({k: v for k, v in self.files.items() if k in repos})
        view.gate = self.gate
        return view

    def _select(self, scope: Scope) -> dict[str, dict[str, str]]:
        self.n_calls += 1
        self.gate.wait()
        if self.work_s:
            time.sleep(self.work_s)
        if scope.repo is not None and scope.repo not in self.files:
            near = difflib.get_close_matches(scope.repo, self.files)
            raise UnknownRepositoryError(f"No repository {scope.repo!r}.", suggestions=near)
        return {
            repo: {
                path: text
                for path, text in files.items()
                if not scope.include_globs
                or any(fnmatch.fnmatch(path, glob) for glob in scope.include_globs)
            }
            for repo, files in self.files.items()
            if scope.repo in {None, repo}
        }

    def _about(self, scope: Scope) -> tuple[Provenance, ...]:
        return tuple(
            Provenance(repo=repo, generation=1, notes=self.notes) for repo in self._select(scope)
        )

    def _find(self, path: str, scope: Scope) -> tuple[str, str]:
        selected = self._select(scope)
        for repo, files in selected.items():
            if path in files:
                return repo, files[path]
        known = [p for files in selected.values() for p in files]
        raise PathNotFoundError(
            f"No file {path!r}.", suggestions=difflib.get_close_matches(path, known)
        )

    def set_scope(self, scope: Scope) -> ScopeAnswer:
        selected = self._select(scope)
        return ScopeAnswer(
            scope_id=f"repo={scope.repo or ''}",
            scope=scope,
            n_files=sum(map(len, selected.values())),
            languages={"python": 1},
            expires="2026-01-03T00:00:00Z",
            about=self._about(scope),
        )

    def resolve_scope(self, scope_id: str) -> Scope:
        if not scope_id.startswith("repo="):
            raise InvalidScopeError("No such scope.", cure="Call set_scope again.")
        return Scope(repo=scope_id.removeprefix("repo=") or None)

    def list_paths(self, *, scope=EVERYTHING, limit=200, cursor=None, **_filters) -> PathsAnswer:
        entries = [
            PathEntry(repo=repo, path=path, language="python", n_lines=text.count("\n"))
            for repo, files in self._select(scope).items()
            for path, text in files.items()
        ]
        return PathsAnswer(
            entries=tuple(entries[:limit]),
            total=len(entries),
            about=self._about(scope),
            next_cursor="next" if len(entries) > limit else None,
        )

    def open_file(
        self, path, *, start_line=None, end_line=None, scope=EVERYTHING, **_budget
    ) -> FileAnswer:
        repo, text = self._find(path, scope)
        lines = text.splitlines(keepends=True)
        start, end = start_line or 1, min(end_line or len(lines), len(lines))
        if start > end:
            raise InvalidRangeError(f"Lines {start} to {end} of {len(lines)}.")
        return FileAnswer(
            repo=repo,
            path=path,
            text="".join(lines[start - 1 : end]),
            start_line=start,
            end_line=end,
            n_lines=len(lines),
            language="python",
            encoding="utf-8",
            truncated=False,
            about=Provenance(repo=repo),
        )

    def search_text(
        self,
        pattern,
        *,
        regex=False,
        case="smart",
        word=False,
        multiline=False,
        context_lines=0,
        mode="lines",
        limit=100,
        cursor=None,
        scope=EVERYTHING,
    ) -> TextAnswer:
        try:
            wanted = re2.compile(pattern if regex else re2.escape(pattern))
        except re2.error as error:
            raise InvalidPatternError(f"{pattern!r} does not compile.") from error
        found = []
        for repo, files in self._select(scope).items():
            for path, text in files.items():
                lines = tuple(
                    TextLine(number, line, (match.start() + 1,))
                    for number, line in enumerate(text.splitlines(), 1)
                    if (match := wanted.search(line))
                )
                if lines:
                    found.append(
                        FileMatches(repo=repo, path=path, n_matches=len(lines), lines=lines)
                    )
        return TextAnswer(
            pattern=pattern,
            files=tuple(found[:limit]),
            n_matches=sum(f.n_matches for f in found),
            n_files=len(found),
            exhaustive=True,
            about=self._about(scope),
        )

    def semantic_search(
        self,
        query,
        *,
        limit=10,
        per_file=None,
        files=None,
        prefer_recent=False,
        max_tokens=4000,
        explain=False,
        cursor=None,
        scope=EVERYTHING,
    ) -> SearchAnswer:
        if query == "explode":
            raise RuntimeError("/home/ada/secret-path is on fire")
        words = query.lower().split()
        hits = [
            SearchHit(
                repo=repo,
                path=path,
                start_line=1,
                end_line=text.count("\n"),
                language="python",
                score=float(score),
                text=text,
            )
            for repo, files in self._select(scope).items()
            for path, text in files.items()
            if (score := sum(word in text.lower() for word in words))
        ]
        hits.sort(key=lambda hit: -hit.score)
        return SearchAnswer(query=query, hits=tuple(hits[:limit]), about=self._about(scope))

    def similar_code(
        self, path, line, *, limit=10, max_tokens=4000, cursor=None, scope=EVERYTHING
    ) -> SearchAnswer:
        return self.semantic_search("def", limit=limit, scope=scope)

    def symbol_search(
        self, query, *, kind=None, limit=50, cursor=None, scope=EVERYTHING
    ) -> SymbolsAnswer:
        symbols = tuple(
            SymbolHit(
                repo=repo,
                path=path,
                name=match[1],
                kind=SymbolKind.FUNCTION,
                start_line=number,
                end_line=number + 1,
                language="python",
                score=1.0,
                signature=line,
            )
            for repo, files in self._select(scope).items()
            for path, text in files.items()
            for number, line in enumerate(text.splitlines(), 1)
            if (match := re2.match(r"def (\w+)", line)) and query in match[1]
        )
        return SymbolsAnswer(
            query=query, symbols=symbols, total=len(symbols), about=self._about(scope)
        )

    def definition_at(
        self,
        *,
        path=None,
        line=None,
        column=None,
        symbol=None,
        limit=20,
        cursor=None,
        scope=EVERYTHING,
    ) -> NavigationAnswer:
        found = self.symbol_search(symbol or "send", scope=scope).symbols
        locations = tuple(
            Location(
                repo=hit.repo,
                path=hit.path,
                line=hit.start_line,
                column=5,
                text=hit.signature,
                rung=Rung.SYNTACTIC,
                definition=hit,
            )
            for hit in found
        )
        return NavigationAnswer(
            symbol=symbol or "send",
            locations=locations,
            total=len(locations),
            n_files=1,
            about=self._about(scope),
        )

    references_at = definition_at

    def blame_range(self, path, start_line=1, end_line=None, *, rev=None, scope=EVERYTHING):
        repo, text = self._find(path, scope)
        span = BlameSpan(start_line=start_line, end_line=text.count("\n"), sha=COMMIT.sha)
        return BlameAnswer(
            repo=repo,
            path=path,
            rev="HEAD",
            spans=(span,),
            commits={COMMIT.sha: COMMIT},
            about=Provenance(repo=repo),
        )

    def file_history(
        self,
        path,
        *,
        limit=50,
        cursor=None,
        rev=None,
        follow=False,
        since=None,
        until=None,
        author=None,
        scope=EVERYTHING,
    ):
        repo, _ = self._find(path, scope)
        return HistoryAnswer(repo=repo, path=path, commits=(COMMIT,), about=Provenance(repo=repo))

    def related_files(self, path, *, limit=10, rev=None, scope=EVERYTHING):
        repo, _ = self._find(path, scope)
        file = RelatedFile(path="docs/upload.md", support=3, confidence=0.75)
        return RelatedAnswer(
            repo=repo, path=path, files=(file,), n_commits=4, about=Provenance(repo=repo)
        )

    def process_metrics(self):
        embedding = EmbeddingMetrics(connections_open=lambda: 0, breaker_states=dict)
        return (*TIMINGS.families(), *embedding.families())

    def index_metrics(self):
        return vector_families({})

    def index_status(self, *, skipped=False, scope=EVERYTHING) -> StatusAnswer:
        statuses = tuple(
            RepositoryStatus(
                repo=repo, phase=IndexPhase.READY, n_files=len(files), languages={"python": 1}
            )
            for repo, files in self._select(scope).items()
        )
        return StatusAnswer(version="0", repositories=statuses)


if __name__ == "__main__":
    from codeintel.server.stdio import run_stdio

    run_stdio(FakeCodeIntel())
