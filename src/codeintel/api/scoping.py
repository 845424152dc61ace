"""Which documents a question is about, and what an answer may say of its completeness."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import IndexMissingError, IndexStateError, UnknownLanguageError
from codeintel.index.snapshot import Snapshot
from codeintel.lang.languages import LANGUAGES
from codeintel.search.globs import compile_globs
from codeintel.search.paths import PathListing
from codeintel.store.catalog import Document
from codeintel.types import Provenance, Scope

_LANGUAGES = {name.lower(): name for name in LANGUAGES}


@dataclass(frozen=True)
class Selection:
    """A generation of one repository, with the documents in scope.

    Attributes
    ----------
    listing
        All files of the generation.
    chosen
        Which of the generation's documents are in scope.
    whole
        Whether that is all of them.
    missing
        Which repositories in scope cannot be asked beside this one, and why.
    """

    repository: ServedRepository
    snapshot: Snapshot
    listing: PathListing
    chosen: NDArray[np.bool_]
    whole: bool
    missing: tuple[str, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents in scope, in path order."""
        documents = self.snapshot.catalog.documents
        if self.whole:
            return documents
        return tuple(documents[position] for position in np.flatnonzero(self.chosen).tolist())

    @property
    def among(self) -> NDArray[np.int64] | None:
        """Ids of the documents, ascending; None for all."""
        if self.whole:
            return None
        return self.snapshot.catalog.ids_of(self.chosen)

    @cached_property
    def ids(self) -> frozenset[int]:
        """Ids of the documents."""
        return frozenset(document.id for document in self.documents)

    def has(self, document_id: int) -> bool:
        """Tell whether a document of the generation is in scope."""
        return self.whole or document_id in self.ids

    def about(self, *notes: str) -> Provenance:
        """Say what an answer from this generation speaks for."""
        manifest = self.snapshot.manifest
        remaining = manifest.counts.get("files_remaining", 0)
        pending = manifest.counts.get("pending", 0)
        holes = list(self.missing)
        if remaining:
            holes.append(f"The index is being built: {remaining} files are not searched yet.")
        if pending:
            holes.append(f"{pending} chunks have no vector yet; they are found by words alone.")
        return Provenance(
            repo=self.repository.name,
            generation=manifest.generation,
            commit=manifest.commit,
            complete=not (holes or notes),
            notes=(*holes, *notes),
        )


@contextmanager
def selected(context: ApplicationContext, scope: Scope) -> Iterator[list[Selection]]:
    """Hold the newest generation of each repository in scope.

    Raises
    ------
    UnknownRepositoryError, UnknownLanguageError, InvalidGlobError
        The scope names what there is not.
    IndexStateError
        No repository in scope has an index that can be read. Where only some have none, the others
        answer, and say which are missing.
    """
    globs = compile_globs(scope.include_globs, scope.exclude_globs)
    languages = check_languages(scope.languages)
    notes: list[str] = []
    with ExitStack() as stack:
        selections: list[Selection] = []
        failures: list[IndexStateError] = []
        for repository in context.select(scope.repo):
            try:
                snapshot = stack.enter_context(_snapshot(repository))
                catalog = snapshot.catalog
                make = partial(PathListing, repository.name, catalog.documents, catalog.skipped)
                listing = snapshot.cached("paths", make)
            except IndexStateError as error:
                failures.append(error)
                notes.append(f"Repository '{repository.name}' is not searched: {error.message}")
                continue
            chosen = listing.select(globs, languages)
            whole = not (globs or languages)
            selections.append(Selection(repository, snapshot, listing, chosen, whole))
        if failures and not selections:
            raise failures[0]
        if notes:
            selections = [replace(selection, missing=tuple(notes)) for selection in selections]
        yield selections


@contextmanager
def _snapshot(repository: ServedRepository) -> Iterator[Snapshot]:
    """Hold a repository's newest generation; say how far the first one is where there is none."""
    try:
        held = repository.live.snapshot()
        snapshot = held.__enter__()
    except IndexMissingError as error:
        state = repository.progress
        if state is None:
            raise
        raise IndexMissingError(
            f"The index of '{repository.name}' is being built:"
            f" {state.done} of {state.total} files.",
            cure="Ask again in a few seconds; the index's status tells how far it is.",
        ) from error
    try:
        yield snapshot
    finally:
        held.__exit__(None, None, None)


def check_languages(languages: tuple[str, ...]) -> frozenset[str]:
    """Give languages by their names, whatever their case.

    Raises
    ------
    UnknownLanguageError
        Names the nearest known ones.
    """
    found = set()
    for language in languages:
        name = _LANGUAGES.get(language.lower())
        if name is None:
            from difflib import get_close_matches

            nearest = get_close_matches(language.lower(), _LANGUAGES, n=5, cutoff=0.4)
            raise UnknownLanguageError(
                f"No language '{language[:100]}' is known.",
                suggestions=[_LANGUAGES[near] for near in nearest],
            )
        found.add(name)
    return frozenset(found)
