"""Which documents a question is about, and what an answer may say of its completeness."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from codeintel.context import ApplicationContext, ServedRepository
from codeintel.errors import IndexMissingError, UnknownLanguageError
from codeintel.index.snapshot import Snapshot
from codeintel.lang.languages import LANGUAGES
from codeintel.search.globs import compile_globs
from codeintel.search.paths import PathListing
from codeintel.store.catalog import Document
from codeintel.types import Provenance, Scope


@dataclass(frozen=True, slots=True)
class Selection:
    """A generation of one repository, with the documents in scope.

    Attributes
    ----------
    listing
        All files of the generation.
    chosen
        Which of the generation's documents are in scope.
    documents
        These, in path order.
    whole
        Whether that is all of them.
    """

    repository: ServedRepository
    snapshot: Snapshot
    listing: PathListing
    chosen: NDArray[np.bool_]
    documents: tuple[Document, ...]
    whole: bool

    @property
    def among(self) -> NDArray[np.int64] | None:
        """Ids of the documents, ascending; None for all."""
        if self.whole:
            return None
        ids = np.fromiter((d.id for d in self.documents), np.int64, len(self.documents))
        return np.sort(ids)

    def about(self, *notes: str) -> Provenance:
        """Say what an answer from this generation speaks for."""
        manifest = self.snapshot.manifest
        remaining = manifest.counts.get("files_remaining", 0)
        pending = manifest.counts.get("pending", 0)
        holes = []
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
    IndexMissingError
        A repository has no index yet.
    """
    globs = compile_globs(scope.include_globs, scope.exclude_globs)
    languages = check_languages(scope.languages)
    with ExitStack() as stack:
        selections = []
        for repository in context.select(scope.repo):
            snapshot = stack.enter_context(_snapshot(repository))
            documents = snapshot.catalog.documents
            listing = snapshot.cached(
                "paths", partial(PathListing, repository.name, documents, snapshot.catalog.skipped)
            )
            chosen = listing.select(globs, languages)
            whole = not (globs or languages)
            if not whole:
                documents = tuple(documents[position] for position in np.flatnonzero(chosen))
            selections.append(Selection(repository, snapshot, listing, chosen, documents, whole))
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
            cure="Ask again in a few seconds; `index_status` tells how far it is.",
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
    known = {name.lower(): name for name in LANGUAGES}
    found = set()
    for language in languages:
        name = known.get(language.lower())
        if name is None:
            from difflib import get_close_matches

            nearest = get_close_matches(language.lower(), known, n=5, cutoff=0.4)
            raise UnknownLanguageError(
                f"No language '{language[:100]}' is known.",
                suggestions=[known[near] for near in nearest],
            )
        found.add(name)
    return frozenset(found)
