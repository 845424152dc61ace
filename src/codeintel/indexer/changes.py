"""What the files of a repository hold now that a generation of its index does not."""

import threading
import time
from pathlib import Path

from codeintel.effort import Effort, effort
from codeintel.errors import PathNotFoundError, RepositoryError
from codeintel.git.files import Source, SourceFile, open_source
from codeintel.lang.content import SourceText, read_source
from codeintel.store.catalog import Catalog

# A change is seen after this time at the latest. Listing 20,000 files takes 0.1 s, and more where
# the machine is busy: looking takes no more than this share of the time.
_LOOK_S = 1.0
_SHARE = 0.05
# Where answers have to be cheap it is this much later: all who queue wait for the look, too, which
# made the 95th percentile of a hundred clients 15 % longer.
_LATER_S = 4.0

Changed = dict[str, str | None]


class Changes:
    """Looks at a repository's files, once a second at most; safe to share between threads.

    Where the tree is so large that looking takes long, or answers have to be cheap, it is looked at
    less often.

    While one thread looks, the others go on with what was seen last.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._looking = threading.Lock()
        self._seen: tuple[int, float, Changed] | None = None  # the time is when it is out of date
        self._texts: dict[str, tuple[str, str | None]] = {}

    def since(self, catalog: Catalog) -> Changed:
        """Give the files that are not as a generation has them, by path, with their present text.

        None stands for a file that is gone or is no text. A new file that is no text is left out.
        """
        seen = self._known(catalog.generation)
        if seen is not None and not _is_due(seen[1]):
            return seen[2]
        if not self._looking.acquire(blocking=seen is None):
            assert seen is not None
            return seen[2]
        try:
            start = time.monotonic()
            found = self._look(catalog)
            end = time.monotonic()
            self._seen = catalog.generation, end + max(_LOOK_S, (end - start) / _SHARE), found
            return found
        finally:
            self._looking.release()

    def _known(self, generation: int) -> tuple[int, float, Changed] | None:
        """Give what was seen last, if that was against the same generation."""
        seen = self._seen
        return seen if seen is not None and seen[0] == generation else None

    def _look(self, catalog: Catalog) -> Changed:
        """Compare the files with a generation."""
        source = open_source(self._path)
        try:
            listing = source.list_files()
            stamps, by_path = catalog.stamps, catalog.by_path
            listed = {file.path for file in listing.files}
            found: Changed = {path: None for path in by_path if path not in listed}
            texts = {}
            for file in listing.files:
                if stamps.get(file.path) == file.stamp:
                    continue
                text = self._text(source, file)
                texts[file.path] = file.stamp, text
                if text is not None or file.path in by_path:
                    found[file.path] = text
            self._texts = texts
            return found
        finally:
            source.close()

    def _text(self, source: Source, file: SourceFile) -> str | None:
        """Read a changed file, unless it was read before."""
        stamp, text = self._texts.get(file.path, ("", None))
        if stamp == file.stamp:
            return text
        try:
            read = read_source(file.path, source.read(file))
        except (PathNotFoundError, RepositoryError):
            return None
        return read.text if isinstance(read, SourceText) else None


def _is_due(out_of_date_s: float) -> bool:
    """Tell whether to look again, after what was seen last went out of date."""
    late_s = time.monotonic() - out_of_date_s
    return late_s >= _LATER_S or (late_s >= 0 and effort() is Effort.FULL)
