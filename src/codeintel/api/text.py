"""Answers exact text searches."""

from codeintel.api.scoping import Selection, check_languages, selected
from codeintel.context import ApplicationContext
from codeintel.lang.languages import detect_language
from codeintel.search.cursor import decode_cursor, encode_cursor
from codeintel.search.globs import compile_globs
from codeintel.search.text import TextOptions, TextPosition
from codeintel.search.text import search_text as search
from codeintel.search.text_corpus import RepositoryText, TextCorpus
from codeintel.search.text_pattern import TextQuery
from codeintel.types import Scope, TextAnswer


def search_text(
    context: ApplicationContext,
    query: TextQuery,
    options: TextOptions,
    *,
    cursor: str | None,
    scope: Scope,
) -> TextAnswer:
    """See `CodeIntel.search_text`."""
    identity = (query, options.mode, options.context_lines, scope)
    after = decode_cursor(cursor, identity, TextPosition) if cursor else None
    with selected(context, scope) as selections:
        page = search([_part(selection, scope) for selection in selections], query, options, after)
        notes = []
        if page.stopped_at:
            notes.append(f"The time was over at '{page.stopped_at}'; the next page goes on there.")
        return TextAnswer(
            pattern=query.pattern,
            files=page.files,
            n_matches=page.n_matches,
            n_files=page.n_files,
            exhaustive=page.exhaustive and all(_is_whole(s) for s in selections),
            about=tuple(selection.about(*notes) for selection in selections),
            next_cursor=encode_cursor(identity, page.next_position) if page.next_position else None,
        )


def _is_whole(selection: Selection) -> bool:
    """Whether the index has all files of its repository, and no other is missing."""
    return not selection.missing and not selection.snapshot.manifest.counts.get(
        "files_remaining", 0
    )


def _part(selection: Selection, scope: Scope) -> RepositoryText:
    """Give the texts of one repository in scope, with what has changed since they were indexed."""
    snapshot = selection.snapshot
    corpus = snapshot.cached(
        "text_corpus", lambda: TextCorpus(snapshot.catalog.documents, snapshot.trigrams)
    )
    chosen = None if selection.whole else selection.chosen
    globs = compile_globs(scope.include_globs, scope.exclude_globs)
    languages = check_languages(scope.languages)
    changed = {
        path: text
        for path, text in selection.repository.changes.since(snapshot.catalog).items()
        if text is None
        or (globs.matches(path) and (not languages or detect_language(path, text) in languages))
    }
    return RepositoryText(selection.repository.name, corpus, chosen, changed)
