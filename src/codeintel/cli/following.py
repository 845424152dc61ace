"""Keeps indexes current beside a server."""

import logging
from threading import Event, Thread
from typing import TYPE_CHECKING

from codeintel.errors import CodeIntelError, IndexLockedError
from codeintel.types import Scope

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

logger = logging.getLogger(__name__)


def index_once(intel: "CodeIntel", _: Event | None = None) -> None:
    """Bring the indexes up to date; a failure is told, and what is there goes on answering."""
    for name in intel.repositories:
        _index(intel, name, merge=True)
    _index_history(intel)


def follow(intel: "CodeIntel", stop: Event | None = None) -> None:
    """Bring the indexes up to date, now and after each change, until told to stop.

    Vector indexes are merged, and new commits indexed, in threads of their own, so that changes of
    files do not wait for them.
    """
    merging: Thread | None = None
    history: Thread | None = None
    look = intel.settings.merge
    for names in intel.changes(stop or Event()):
        for name in sorted(names):
            look |= _index(intel, name, merge=False) and intel.settings.merge
        if history is None or not history.is_alive():
            history = Thread(target=_index_history, args=(intel,), name="history", daemon=True)
            history.start()
        if look and (merging is None or not merging.is_alive()):
            # Whoever stops the server does not wait for it: a merge that is cut off costs nothing.
            merging = Thread(target=_merge, args=(intel,), name="merge", daemon=True)
            merging.start()
            look = False


def _index(intel: "CodeIntel", name: str, *, merge: bool) -> bool:
    """Index one repository, and tell whether anything has changed."""
    try:
        return any(r.changed for r in intel.index(merge=merge, scope=Scope(repo=name)))
    except IndexLockedError:
        pass  # whoever holds the lock does the same work
    except CodeIntelError as error:
        logger.error("the index of %s is not brought up to date: %s", name, error)
    return False


def _index_history(intel: "CodeIntel") -> None:
    """Index new commits; a failure is told, and git answers."""
    if not intel.settings.history:
        return
    for name in intel.repositories:
        try:
            intel.index_history(scope=Scope(repo=name))
        except CodeIntelError as error:
            logger.warning("the git history of %s is not indexed: %s", name, error)


def _merge(intel: "CodeIntel") -> None:
    """Merge where that is due; a failure is told."""
    try:
        intel.merge(if_needed=True)
    except IndexLockedError:
        pass  # another process merges
    except CodeIntelError as error:
        logger.error("the vector index is not merged: %s", error)
