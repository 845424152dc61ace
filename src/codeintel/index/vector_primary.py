"""The primary index: built once from many vectors into files, then only read."""

import logging
import os
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np

from codeintel.index.vector_arrays import Advance, Floats, Halves, Ids
from codeintel.index.vector_codes import CodedIndex, omp_threads
from codeintel.index.vector_exact import ExactIndex, Keep, write_originals
from codeintel.index.vector_files import (
    CODES_FILE,
    IDS_FILE,
    ORIGINALS_FILE,
    FileSeal,
    Header,
    map_ids,
    seal,
    write_array,
)
from codeintel.index.vector_plan import Plan, VectorOptions, choose_plan
from codeintel.store.files import storage_errors

_log = logging.getLogger(__name__)

# A filter that keeps up to this many values (rows times dimension) is scanned exactly; reading
# rows here and there costs some 0.15 us each at dimension 256, so this is about 5 ms.
_FILTERED_VALUES = 8_000_000


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Primary:
    """A primary index, mapped from the files in `folder`.

    Attributes
    ----------
    coded
        The compressed vectors; None where the plan is an exact scan.
    files
        Size and checksum of each file, by name.
    training_s
        Seconds of training, filling and calibrating the codes; 0 where they were not made here.
    """

    plan: Plan
    exact: ExactIndex
    coded: CodedIndex | None
    folder: Path
    files: dict[str, FileSeal]
    training_s: float = 0.0

    @classmethod
    def build(
        cls,
        ids: Ids,
        blocks: Iterable[Halves],
        dim: int,
        options: VectorOptions,
        scratch: Path | None,
        advance: Advance = lambda _: None,
    ) -> "Primary":
        """Build from vectors in the order of their ascending ids.

        Parameters
        ----------
        blocks
            float16 unit rows, as many as there are ids.
        scratch
            Where to make the temporary folder that holds the files as long as this object lives.
        advance
            Told the rows of each block: once when it is written, once when it is in the codes.

        Raises
        ------
        StorageError
            The disk is full or read-only.
        """
        with storage_errors("a new vector index"):
            folder = _scratch_folder(scratch)
            try:
                write_array(folder / IDS_FILE, ids)
                told = _telling(blocks, advance)
                write_originals(folder / ORIGINALS_FILE, len(ids), dim, told)
                primary = cls._code(folder, len(ids), dim, options, advance)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
        weakref.finalize(primary, shutil.rmtree, folder, ignore_errors=True)
        return primary

    @classmethod
    def _code(
        cls, folder: Path, n: int, dim: int, options: VectorOptions, advance: Advance
    ) -> "Primary":
        """Plan, train and fill the codes for originals that are written, and map all of it."""
        exact = _open_exact(folder, n, dim)
        plan, coded, training_s = choose_plan(n, dim, options), None, 0.0
        names = [IDS_FILE, ORIGINALS_FILE]
        if plan.kind != "flat":
            start = perf_counter()
            with omp_threads(options.build_threads or max(1, (os.cpu_count() or 1) // 2)):
                built = CodedIndex.build(plan, exact, options, advance)
            training_s = perf_counter() - start
            built.write(folder / CODES_FILE)
            plan, names = built.plan, [*names, CODES_FILE]
            del built  # it is in memory; the one that is kept is mapped
            coded = CodedIndex.open(folder / CODES_FILE, plan, exact)
        _log.info("New primary vector index: %s", plan)
        sealed = {name: seal(folder / name) for name in names}
        return cls(plan, exact, coded, folder, sealed, training_s)

    @classmethod
    def open(cls, folder: Path, header: Header) -> "Primary":
        """Map the primary index of a published folder."""
        exact = _open_exact(folder, header.n_primary, header.dim)
        names, coded = [IDS_FILE, ORIGINALS_FILE], None
        if header.plan.kind != "flat":
            coded = CodedIndex.open(folder / CODES_FILE, header.plan, exact)
            names.append(CODES_FILE)
        files = {name: header.files[name] for name in names}
        return cls(header.plan, exact, coded, folder, files)

    @classmethod
    def open_uncoded(cls, folder: Path, header: Header) -> "Primary":
        """Map the originals alone, to be scanned exactly."""
        exact = _open_exact(folder, header.n_primary, header.dim)
        plan = Plan("flat", header.n_primary, header.dim, "its codes are broken")
        files = {name: header.files[name] for name in (IDS_FILE, ORIGINALS_FILE)}
        return cls(plan, exact, None, folder, files)

    def __len__(self) -> int:
        return len(self.exact)

    def search(self, queries: Floats, k: int, keep: Keep | None) -> tuple[Floats, Ids]:
        """Find the `k` best rows of each query among those to keep.

        Returns
        -------
        scores, rows
            Shape ``(len(queries), k)``, best first; -inf and -1 where there are no more.
        """
        filtered = keep is not None and keep.few is not None
        if self.coded is None or (
            keep is not None and filtered and keep.n * self.exact.dim <= _FILTERED_VALUES
        ):
            return self.exact.scan(queries, k, keep)
        scores, rows = self.coded.search(queries, k, keep, all_lists=filtered)
        wanted = min(k, keep.n if keep else len(self))
        short = np.flatnonzero((rows[:, :wanted] < 0).any(axis=1))
        if short.size:  # the lists that were read hold too few
            scores[short], rows[short] = self.exact.scan(queries[short], k, keep)
        return scores, rows


def _telling(blocks: Iterable[Halves], advance: Advance) -> Iterator[Halves]:
    """Give the blocks on, and tell of each."""
    for block in blocks:
        yield block
        advance(len(block))


def _scratch_folder(parent: Path | None) -> Path:
    """Make a temporary folder; those that dead processes left beside it are removed."""
    root = Path(parent or tempfile.gettempdir())
    for left in root.glob("codeintel-vectors-*"):
        process = left.name.split("-")[2]
        if process.isdigit() and not _is_running(int(process)):
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"codeintel-vectors-{os.getpid()}-", dir=root))


def _is_running(process: int) -> bool:
    """Tell whether there is a process of that number."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _open_exact(folder: Path, n: int, dim: int) -> ExactIndex:
    """Map ids and originals."""
    return ExactIndex.open(folder / ORIGINALS_FILE, map_ids(folder / IDS_FILE, n), dim)
