"""Keeps indexes current beside a server."""

import logging
import time
from threading import Event
from typing import TYPE_CHECKING

from codeintel.errors import CodeIntelError, IndexLockedError

if TYPE_CHECKING:
    from codeintel.api import CodeIntel

logger = logging.getLogger(__name__)

_LEAST_PAUSE_S = 1.0
# Looking for changes takes at most this part of one core.
_SHARE = 0.1


def index_once(intel: "CodeIntel", _: Event | None = None) -> None:
    """Bring the indexes up to date; a failure is told, and what is there goes on answering."""
    try:
        intel.index()
    except IndexLockedError:
        pass  # whoever holds the lock does the same work
    except CodeIntelError as error:
        logger.error("the index is not brought up to date: %s", error)


def follow(intel: "CodeIntel", stop: Event | None = None) -> None:
    """Bring the indexes up to date until told to stop, at a pace that large repositories bear."""
    stop = stop or Event()
    while not stop.is_set():
        began_s = time.monotonic()
        index_once(intel)
        stop.wait(max(_LEAST_PAUSE_S, (time.monotonic() - began_s) / _SHARE))
