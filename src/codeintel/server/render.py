"""Answers as compact text for a model: `path:line` and code, within a token budget."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from codeintel import types
from codeintel.errors import BusyError, CodeIntelError
from codeintel.search.files import CHARS_PER_TOKEN

# These come cut to the budget, at a place that the answer names.
BUDGETED = (types.SearchAnswer, types.FileAnswer)


def render(answer: Struct, *, max_tokens: int) -> str:
    """Write an answer as text of about `max_tokens` tokens at most, saying what was left out."""
    lines = list(_RENDERERS[type(answer)](answer))
    tail = list(_tail(answer))
    if not isinstance(answer, BUDGETED):
        lines = _cut(lines, max_tokens - sum(map(len, tail)) // CHARS_PER_TOKEN)
    return "\n".join([*lines, *tail])


def _cut(lines: list[str], max_tokens: int) -> list[str]:
    """Keep the first lines that fit, one at least, and say how many are missing."""
    room = max_tokens * CHARS_PER_TOKEN
    for number, line in enumerate(lines):
        room -= len(line) + 1
        if room < 0 and number:
            missing = f"… {len(lines) - number} more lines did not fit into {max_tokens} tokens:"
            return [
                *lines[:number],
                f"{missing} ask for a smaller limit or range, or a larger max_tokens.",
            ]
    return lines


def render_error(error: CodeIntelError) -> str:
    """Write an error as text that a model can act on."""
    return f"Error [{error.code}]: {error}"


def describe_error(error: CodeIntelError) -> dict[str, Any]:
    """Give the structured form of an error."""
    described: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.cure:
        described["cure"] = error.cure
    if error.suggestions:
        described["suggestions"] = list(error.suggestions)
    if isinstance(error, BusyError):
        described["retry_after_s"] = error.retry_after_s
    return described


def _tail(answer: Any) -> Iterator[str]:
    """Yield what the model must not miss: gaps in the coverage, and how to go on."""
    about = getattr(answer, "about", ())
    for provenance in (about,) if isinstance(about, types.Provenance) else about:
        for note in provenance.notes:
            yield f"Note ({provenance.repo}): {note}"
        if not provenance.complete and not provenance.notes:
            yield f"Note ({provenance.repo}): the answer is incomplete."
    if cursor := getattr(answer, "next_cursor", None):
        yield f'More: the same call with cursor="{cursor}".'


class _Places:
    """Names files, with the repository only where an answer is about several."""

    def __init__(self, about: Sequence[types.Provenance]) -> None:
        self._several = len(about) > 1

    def __call__(self, item: Any) -> str:
        return f"{item.repo}:{item.path}" if self._several else str(item.path)


def _search(answer: types.SearchAnswer) -> Iterator[str]:
    if not answer.hits:
        yield "No hits. Try other words, fewer filters, or search_text for an exact string."
    place = _Places(answer.about)
    for number, hit in enumerate(answer.hits, 1):
        symbol = f"  {hit.kind or ''} {hit.symbol}".rstrip() if hit.symbol else ""
        yield f"{number}. {place(hit)}:{hit.start_line}-{hit.end_line}{symbol}  ({hit.score:.3g})"
        if hit.explanation:
            yield "   " + " ".join(f"{k}={v:.3g}" for k, v in hit.explanation.items())
        yield from hit.text.splitlines()
        if hit.truncated:
            yield f"… (cut; open_file {hit.path} lines {hit.start_line} to {hit.end_line})"
        yield ""


def _text(answer: types.TextAnswer) -> Iterator[str]:
    at_least = "" if answer.exhaustive else "at least "
    if not answer.files and answer.exhaustive:
        yield f"No match for {answer.pattern!r} in the searched files."
    else:
        lines = f"{answer.n_matches} matching lines in " if answer.n_matches else ""
        yield f"{at_least}{lines}{answer.n_files} files"
    place = _Places(answer.about)
    for file in answer.files:
        if not file.lines:
            yield f"{place(file)}: {file.n_matches}" if file.n_matches else place(file)
        for line in file.lines:
            mark = ":" if line.columns else "-"
            yield f"{place(file)}:{line.line}{mark} {line.text}{' …' if line.truncated else ''}"


def _paths(answer: types.PathsAnswer) -> Iterator[str]:
    yield f"{answer.total} paths"
    place = _Places(answer.about)
    for entry in answer.entries:
        if entry.kind == "folder":
            yield f"{place(entry)}/  {entry.n_files} files"
        elif entry.skipped:
            yield f"{place(entry)}  not indexed: {entry.skipped}"
        else:
            yield f"{place(entry)}  {entry.language}  {entry.n_lines} lines"


def _file(answer: types.FileAnswer) -> Iterator[str]:
    span = f"lines {answer.start_line}-{answer.end_line} of {answer.n_lines}"
    yield f"{answer.path}  {span}  {answer.language}"
    width = len(str(answer.end_line))
    for number, line in enumerate(answer.text.splitlines(), answer.start_line):
        yield f"{number:{width}} {line}"
    if answer.truncated:
        yield f"… cut: go on with start_line={answer.end_line + 1}"
    for part in answer.further:
        if part.end_line < part.start_line:
            yield f"… cut: nothing of line {part.start_line} on fits"
            continue
        yield f"lines {part.start_line}-{part.end_line}"
        for number, line in enumerate(part.text.splitlines(), part.start_line):
            yield f"{number:{width}} {line}"
        if part.truncated:
            yield f"… cut: go on with start_line={part.end_line + 1}"


def _signature(symbol: types.SymbolHit) -> str:
    name = f"{symbol.container}.{symbol.name}" if symbol.container else symbol.name
    text = f"{symbol.kind} {name}"
    return f"{text}  {symbol.signature}" if symbol.signature else text


def _symbols(answer: types.SymbolsAnswer) -> Iterator[str]:
    at_least = "" if answer.exhaustive else "at least "
    yield f"{at_least}{answer.total} definitions"
    place = _Places(answer.about)
    for symbol in answer.symbols:
        yield f"{place(symbol)}:{symbol.start_line}-{symbol.end_line}  {_signature(symbol)}"
        if symbol.doc:
            yield f"    {symbol.doc.splitlines()[0]}"


def _navigation(answer: types.NavigationAnswer) -> Iterator[str]:
    up_to = "" if answer.resolved else "up to "
    yield f"{answer.symbol}: {up_to}{answer.total} places in {answer.n_files} files"
    place = _Places(answer.about)
    for location in answer.locations:
        within = f"  in {location.enclosing}" if location.enclosing else ""
        yield f"{place(location)}:{location.line}:{location.column}  [{location.rung}]{within}"
        if location.definition:
            yield f"    {_signature(location.definition)}"
        if location.text:
            yield f"    {location.text.strip()}"


def _commit(commit: types.CommitFacts) -> str:
    return f"{commit.sha[:12]}  {commit.date[:10]}  {commit.author}  {commit.summary}"


def _blame(answer: types.BlameAnswer) -> Iterator[str]:
    yield f"{answer.path} at {answer.rev}"
    for span in answer.spans:
        moved = (
            f"  (then {span.original_path})"
            if span.original_path
            not in {
                "",
                answer.path,
            }
            else ""
        )
        yield f"{span.start_line}-{span.end_line}  {_commit(answer.commits[span.sha])}{moved}"


def _history(answer: types.HistoryAnswer) -> Iterator[str]:
    if not answer.commits:
        yield f"No commit of {answer.path} matches."
    yield from map(_commit, answer.commits)


def _related(answer: types.RelatedAnswer) -> Iterator[str]:
    yield f"{answer.path}: {answer.n_commits} commits looked at"
    for file in answer.files:
        yield f"{file.path}  in {file.support} of them, {file.confidence:.0%} of its own"


def _scope(answer: types.ScopeAnswer) -> Iterator[str]:
    yield f'scope_id="{answer.scope_id}"  (until {answer.expires})'
    yield f"{answer.n_files} files: {_counts(answer.languages)}"


def _status(answer: types.StatusAnswer) -> Iterator[str]:
    for status in answer.repositories:
        commit = f" at {status.commit[:12]}" if status.commit else ""
        yield f"{status.repo}: {status.phase}{commit}, generation {status.generation}"
        yield f"  {status.n_files} files, {status.n_chunks} chunks, {status.n_symbols} symbols"
        if status.languages:
            yield f"  languages: {_counts(status.languages)}"
        if status.skipped:
            yield f"  not indexed: {_counts(status.skipped)}"
        if status.vectors_pending:
            yield f"  {status.vectors_pending} chunks wait for their vector"
        if status.history:
            behind = f", {status.history.n_behind} behind" if status.history.n_behind else ""
            yield f"  git history: {status.history.n_commits} commits indexed{behind}"
        if status.message:
            yield f"  {status.message}"
        for file in status.skipped_files:
            detail = f" ({file.detail})" if file.detail else ""
            yield f"  {file.path}: {file.reason}{detail}"


def _counts(counts: dict[str, int]) -> str:
    ordered: Iterable[tuple[str, int]] = sorted(counts.items(), key=lambda item: -item[1])
    return ", ".join(f"{name} {n}" for name, n in ordered)


_RENDERERS: dict[type[Struct], Callable[[Any], Iterator[str]]] = {
    types.SearchAnswer: _search,
    types.TextAnswer: _text,
    types.PathsAnswer: _paths,
    types.FileAnswer: _file,
    types.SymbolsAnswer: _symbols,
    types.NavigationAnswer: _navigation,
    types.BlameAnswer: _blame,
    types.HistoryAnswer: _history,
    types.RelatedAnswer: _related,
    types.ScopeAnswer: _scope,
    types.StatusAnswer: _status,
}
