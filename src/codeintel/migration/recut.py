"""Cuts files where the older deployment did, and hands on the vectors of those chunks."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from codeintel.indexer.parsers import Parsers
from codeintel.indexer.prepare import Prepared, Task, assemble
from codeintel.lang import PIPELINE
from codeintel.lang.content import SourceText
from codeintel.migration.catalog import OldChunk
from codeintel.migration.placing import Piece, cut, find_places
from codeintel.migration.vectors import OldVectors
from codeintel.store.vector_cache import VectorCache
from codeintel.types import Chunk, ParsedFile

IMPORTED = f"{PIPELINE}+imported"
"""Names the chunks that were not cut by our rules, so that these replace them in time."""


@dataclass(slots=True)
class Imported:
    """What became of the old chunks: of each path, the old id at each position of its chunks."""

    by_path: dict[str, dict[int, int]] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(map(len, self.by_path.values()))


class RecutParsers(Parsers):
    """Parses as always, then cuts anew where old chunks with a vector stand in the file."""

    def __init__(
        self,
        n_workers: int,
        chunks: Mapping[str, Sequence[OldChunk]],
        vectors: OldVectors,
        cache: VectorCache,
    ) -> None:
        super().__init__(n_workers)
        self._chunks = chunks
        self._vectors = vectors
        self._cache = cache
        self.imported = Imported()

    def prepare(self, tasks: Iterable[Task]) -> Iterator[Prepared]:
        """Prepare files in the order given; the vectors of old chunks are in the cache then."""
        for item in super().prepare(tasks):
            yield self._recut(item)

    def _recut(self, item: Prepared) -> Prepared:
        known = [c for c in self._chunks.get(item.path, ()) if c.id in self._vectors]
        places = find_places(item.text, known) if item.parsed and known else []
        if item.parsed is None or not places:
            return item
        pieces = cut(item.text, places, item.parsed.chunks)
        parsed = msgspec.structs.replace(item.parsed, chunks=tuple(_chunks(pieces, item.parsed)))
        recut = assemble(item.path, SourceText(item.text, item.encoding), parsed, IMPORTED)
        sources = {at: piece.source.id for at, piece in enumerate(pieces) if piece.source}
        texts = [recut.chunks[at].text for at in sources]
        self._cache.put(texts, self._vectors.of(list(sources.values())))
        self.imported.by_path[item.path] = sources
        return recut


def _chunks(pieces: Iterable[Piece], parsed: ParsedFile) -> Iterator[Chunk]:
    """Name each piece as our own chunk that has its first line is named."""
    own = iter(parsed.chunks)
    chunk = next(own)
    for piece in pieces:
        while chunk.end_line < piece.start_line:
            chunk = next(own)
        yield msgspec.structs.replace(chunk, start_line=piece.start_line, end_line=piece.end_line)
