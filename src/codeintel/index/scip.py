"""Takes over SCIP files for the content that is indexed, and carries places to later content."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from codeintel.index.scip_reader import ColumnUnit, ScipDocument, read_scip
from codeintel.index.snapshot import Snapshot
from codeintel.lang.content import split_lines
from codeintel.store.scip import PrecisePlace, ScipStore
from codeintel.types import ScipReport

# Comparing takes a time that grows with the product of the lengths.
_MAX_LINES = 20_000


def import_scip(repo: str, file: Path, snapshot: Snapshot, folder: Path) -> ScipReport:
    """Store the places of a SCIP file for the indexed content.

    Raises
    ------
    InputError
        It is no SCIP file; nothing is stored.
    """
    n_files = n_places = n_unknown = n_misfit = 0
    with ScipStore.writing(folder) as store:
        for scip in read_scip(file):
            document = snapshot.catalog.by_path.get(scip.path)
            if document is None:
                n_unknown += 1
                continue
            text = snapshot.text_of(document.id)
            places = list(_places(scip, split_lines(text)))
            if None in places:
                n_misfit += 1
                continue
            store.replace(document.path, document.blob, text, filter(None, places))
            n_files += 1
            n_places += len(places)
    return ScipReport(
        repo=repo, n_files=n_files, n_places=n_places, n_unknown=n_unknown, n_misfit=n_misfit
    )


def _places(scip: ScipDocument, lines: Sequence[str]) -> Iterator[tuple[str, PrecisePlace] | None]:
    """Give the places of a document by symbol; None for one outside of the text."""
    for found in scip.occurrences:
        if found.line >= len(lines):
            yield None
            continue
        line = lines[found.line]
        start, end = (_characters(line, at, scip.unit) for at in (found.column, found.end))
        if start is None or end is None:
            yield None
            continue
        # A local symbol is one of its document only.
        is_local = found.symbol.startswith("local ")
        symbol = f"{found.symbol} {scip.path}" if is_local else found.symbol
        place = PrecisePlace(found.line + 1, start + 1, end + 1, found.is_definition)
        yield symbol, place


def _characters(line: str, column: int, unit: ColumnUnit) -> int | None:
    """Turn a column into characters; None beyond the line.

    The indexers that leave the unit open run on JavaScript, which counts UTF-16 units.
    """
    if not line.isascii() and unit is not ColumnUnit.CHARACTERS:
        encoding, size = ("utf-8", 1) if unit is ColumnUnit.UTF8_BYTES else ("utf-16-le", 2)
        data = line.encode(encoding, "surrogatepass")
        if column * size > len(data):
            return None
        return len(data[: column * size].decode(encoding, "ignore"))
    return column if column <= len(line) else None


class LineMap:
    """Tells which line of one content is which line of another: those that did not change.

    Parameters
    ----------
    old, new
        Their texts; those of more than 20,000 lines have no lines in common.
    """

    def __init__(self, old: str, new: str) -> None:
        before, after = split_lines(old), split_lines(new)
        if max(len(before), len(after)) > _MAX_LINES:
            before = []
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        self._blocks = matcher.get_matching_blocks()

    def to_new(self, line: int) -> int | None:
        """Give the number of an old line in the new content; None where it is not there."""
        return _carried(line, [(block.a, block.b, block.size) for block in self._blocks])

    def to_old(self, line: int) -> int | None:
        """Give the number of a new line in the old content; None where it was not there."""
        return _carried(line, [(block.b, block.a, block.size) for block in self._blocks])


def _carried(line: int, blocks: list[tuple[int, int, int]]) -> int | None:
    """Carry a 1-based line over runs of (start here, start there, number of lines)."""
    at = bisect_right(blocks, line - 1, key=lambda block: block[0]) - 1
    if at < 0:
        return None
    here, there, size = blocks[at]
    return line - here + there if line - 1 < here + size else None
