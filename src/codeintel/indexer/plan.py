"""Decides which files of a repository have to be looked at again."""

from collections.abc import Mapping
from dataclasses import dataclass

from codeintel.git.files import Listing, SourceFile
from codeintel.store.catalog import Document
from codeintel.types import SkippedFile


@dataclass(frozen=True, slots=True)
class Plan:
    """The difference between a listing and the catalog.

    Attributes
    ----------
    changed
        Files that are new or whose stamp differs, in listing order.
    gone
        Documents whose file is no longer there (or is skipped now by git's rules).
    gone_skips
        Paths of skipped files that are no longer there.
    new_skips
        Files that git's rules exclude, not recorded so far.
    """

    changed: tuple[SourceFile, ...]
    gone: tuple[Document, ...]
    gone_skips: tuple[str, ...]
    new_skips: tuple[SkippedFile, ...]

    @property
    def empty(self) -> bool:
        """Whether the index is current."""
        return not (self.changed or self.gone or self.gone_skips or self.new_skips)


def make_plan(
    listing: Listing,
    live: Mapping[str, Document],
    skipped: Mapping[str, tuple[SkippedFile, str]],
    again: frozenset[str] | None,
) -> Plan:
    """Compare a listing with the catalog.

    Parameters
    ----------
    again
        Paths to look at even if their stamp is the same; None for all of them.
    """
    changed = []
    listed = set()
    for file in listing.files:
        listed.add(file.path)
        known = live[file.path].stamp if file.path in live else None
        if known is None and file.path in skipped:
            known = skipped[file.path][1]
        if again is None or known != file.stamp or file.path in again:
            changed.append(file)
    excluded = {file.path: file for file in listing.skipped}
    return Plan(
        changed=tuple(changed),
        gone=tuple(document for path, document in live.items() if path not in listed),
        gone_skips=tuple(path for path in skipped if path not in listed and path not in excluded),
        new_skips=tuple(
            file
            for path, file in excluded.items()
            if path not in skipped or skipped[path][0] != file
        ),
    )
