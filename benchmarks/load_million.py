"""An index of a million chunks to search in: lines of real code put together anew, kept in a cache.

Each file draws from one real file, so that words are as common and vectors as close to each other
as they are in code. The chunks are cut by rule instead of parsed, since only searching is measured;
all the rest is what the product writes.
"""

import hashlib
import random
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from benchmarks.corpora import cache_dir
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.git.files import open_source
from codeintel.index import vector_files
from codeintel.indexer.parsers import Parsers
from codeintel.indexer.pipeline import IndexOptions, index_repository
from codeintel.indexer.prepare import Prepared, Task, assemble
from codeintel.lang import PIPELINE
from codeintel.lang.content import SourceText
from codeintel.types import Chunk, Definition, ParsedFile, SymbolKind

N_CHUNKS = 1_000_000
_CHUNKS_OF_FILE = 100
_LINES_OF_CHUNK = 6


def million(code_of: Path, n_chunks: int = N_CHUNKS) -> tuple[Path, Path]:
    """Give a folder of files and the folder of its index, both made where they are missing."""
    made_by = f"{PIPELINE} {vector_files.FORMAT_VERSION} {Path(__file__).read_text()}"
    version = hashlib.sha256(made_by.encode()).hexdigest()[:10]
    folder = cache_dir() / f"load-{n_chunks}-{version}"
    if not folder.exists():
        for old in cache_dir().glob(f"load-{n_chunks}-*"):
            shutil.rmtree(old)
        files, index = folder.with_suffix(".part") / "files", folder / "index"
        _write_files(files, code_of, n_chunks // _CHUNKS_OF_FILE)
        folder.with_suffix(".part").rename(folder)
        try:
            _index(folder / "files", index)
        except BaseException:
            shutil.rmtree(folder)
            raise
    return folder / "files", folder / "index"


def _write_files(folder: Path, code_of: Path, n_files: int) -> None:
    """Write files of functions, each with some lines of real code in which a few words differ."""
    draw = random.Random(0)
    texts = [file.read_text(errors="replace") for file in sorted(code_of.rglob("*.py"))]
    real = [[x.strip() for x in text.split("\n") if x.strip()] for text in texts]
    real = [lines for lines in real if len(lines) > 2 * _LINES_OF_CHUNK]
    words = sorted({word for text in texts for word in re.findall(r"\b[a-z]{4,12}\b", text)})
    for number in range(n_files):
        lines = draw.choice(real)
        name = "_".join(draw.sample(words, 2))
        place = folder / f"part{number % 100:02}" / f"{name}_{number}.py"
        place.parent.mkdir(parents=True, exist_ok=True)
        chunks = []
        for _ in range(_CHUNKS_OF_FILE):
            start = draw.randrange(len(lines) - _LINES_OF_CHUNK)
            body = lines[start : start + _LINES_OF_CHUNK - 1]
            body[draw.randrange(len(body))] += f"  # {' '.join(draw.sample(words, 3))}"
            head = f"def {'_'.join(draw.sample(words, 2))}():"
            chunks.append("\n    ".join([head, *body]) + "\n")
        place.write_text("".join(chunks))


class _CutByRule(Parsers):
    """Cuts every file into functions of the same number of lines."""

    def prepare(self, tasks: Iterable[Task]) -> Iterator[Prepared]:
        for task in tasks:
            text = task.data.decode()
            lines = text.splitlines()
            heads = range(1, len(lines), _LINES_OF_CHUNK)
            names = [lines[head - 1].removeprefix("def ").removesuffix("():") for head in heads]
            chunks = tuple(
                Chunk(
                    start_line=head,
                    end_line=head + _LINES_OF_CHUNK - 1,
                    symbol=name,
                    kind=SymbolKind.FUNCTION,
                    signature=lines[head - 1],
                )
                for head, name in zip(heads, names, strict=True)
            )
            definitions = tuple(
                Definition(
                    name=chunk.symbol,
                    kind=SymbolKind.FUNCTION,
                    start_line=chunk.start_line,
                    end_line=chunk.end_line,
                    name_line=chunk.start_line,
                    name_column=5,
                    signature=chunk.signature,
                )
                for chunk in chunks
            )
            parsed = ParsedFile("python", len(lines), chunks, definitions, {})
            yield assemble(task.path, SourceText(text, "utf-8"), parsed)


def _index(files: Path, index: Path) -> None:
    settings = Settings(index_dir=index)
    with ApplicationContext([files], settings) as context:
        (repository,) = context.select(None)
        source = open_source(files)
        index_repository(
            repository.store,
            source,
            context.embedder,
            IndexOptions(1, settings.vector_options()),
            parsers=_CutByRule(1),
        )
        source.close()
