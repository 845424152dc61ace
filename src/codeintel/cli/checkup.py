"""The checks of `codeintel doctor`; each gives findings, and raises nothing that it checks for."""

import platform
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from msgspec import Struct

from codeintel.cli.sizes import in_units
from codeintel.cli.target import Target
from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.errors import CodeIntelError, IndexCorruptError, IndexMissingError

if TYPE_CHECKING:
    from codeintel.context import ServedRepository
    from codeintel.embedding.vllm_probe import ServerProbe

_LEAST_GIT = (2, 31)
_LOW_DISK_BYTES = 1_000_000_000
# Mean over the development repositories.
_BYTES_PER_CHUNK = 1_000


class Finding(Struct, frozen=True):
    """What one check found."""

    subject: str
    state: Literal["ok", "warning", "error"]
    detail: str
    cure: str = ""


def checkup(target: Target, *, repair: bool = False) -> Iterator[Finding]:
    """Check the machine, then each repository, and mend broken indexes if that is wished."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.system()}")
    yield _git()
    try:
        settings = Settings.from_environment()
    except CodeIntelError as error:
        yield _broken("settings", error)
        return
    yield _disk(settings.index_dir)
    with ApplicationContext(target.roots, settings) as context:
        yield from _embedding(context)
        for repository in context.repositories.values():
            yield _files(repository)
            yield _index(context, repository, repair=repair)


def _broken(subject: str, error: CodeIntelError) -> Finding:
    return Finding(subject, "error", error.message, error.cure)


def _git() -> Finding:
    program = shutil.which("git")
    cure = f"Install git {'.'.join(map(str, _LEAST_GIT))} or newer."
    if program is None:
        return Finding("git", "error", "The program 'git' is not on the PATH.", cure)
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    version = re.search(r"(\d+)\.(\d+)", answer.stdout)
    if version is None or answer.returncode:
        return Finding("git", "error", f"'{program} --version' does not work.", cure)
    if (int(version[1]), int(version[2])) < _LEAST_GIT:
        return Finding("git", "error", f"{answer.stdout.strip()} is too old.", cure)
    return Finding("git", "ok", answer.stdout.strip())


def _disk(index_dir: Path) -> Finding:
    """Write a file where indexes are or will be, and look at the space that is left."""
    folder = next(path for path in (index_dir, *index_dir.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"codeintel")
    except OSError as error:
        return Finding(
            "index folder",
            "error",
            f"'{index_dir}' cannot be written: {error.strerror}.",
            "Mend its permissions, or set CODEINTEL_INDEX_DIR to another folder.",
        )
    free = shutil.disk_usage(folder).free
    detail = f"'{index_dir}' can be written, {in_units(free)} are free"
    if free < _LOW_DISK_BYTES:
        return Finding("index folder", "warning", detail, "Free some space before indexing.")
    return Finding("index folder", "ok", detail)


def _embedding(context: ApplicationContext) -> Iterator[Finding]:
    """Try out the embedding servers, or the model that runs here."""
    options = context.settings.vllm_options()
    if options is None:
        yield _model(context)
        return
    from codeintel.embedding.vllm_probe import probe

    n_chunks = sum(map(_expected_chunks, context.repositories.values()))
    for server in probe(options):
        yield _server(server, options.model, n_chunks)


def _model(context: ApplicationContext) -> Finding:
    subject = "model folder" if context.settings.model_path else "bundled model"
    try:
        embedder = context.embedder
        length = float(np.linalg.norm(embedder.embed_query("where are errors handled")))
    except CodeIntelError as error:
        return _broken(subject, error)
    if not np.isclose(length, 1, atol=1e-3):
        return Finding(
            subject,
            "error",
            f"'{embedder.name}' gives a vector of length {length:.3f} instead of 1.",
            "Install codeintel anew, or look at CODEINTEL_MODEL_PATH.",
        )
    return Finding(subject, "ok", f"'{embedder.name}' answers, {embedder.dim} dimensions")


def _server(server: "ServerProbe", model: str, n_chunks: int) -> Finding:
    """Say what an embedding server can do, and what it would cost to index with it."""
    subject = f"embedding server {server.url}"
    if server.error:
        return Finding(subject, "error", server.error, "Start it, or mend CODEINTEL_EMBEDDING_URL.")
    longest = f"up to {server.max_tokens} tokens" if server.max_tokens else "no known limit"
    detail = (
        f"models {', '.join(server.models) or 'not listed'}; {server.dim} dimensions; {longest},"
        f" longer texts {server.long_texts}; {server.latency_1_ms:.0f} ms for 1 text,"
        f" {server.latency_32_ms:.0f} ms for 32; about {server.seconds_for(n_chunks):,.0f} s for"
        f" the {n_chunks:,} chunks here"
    )
    if server.models and model not in server.models:
        return Finding(subject, "warning", detail, f"It does not list the model '{model}'.")
    if not server.deterministic:
        return Finding(
            subject,
            "warning",
            f"{detail}; two calls differ by {server.call_difference:.1e}",
            "Small differences do no harm; large ones mean that replicas have different models.",
        )
    return Finding(subject, "ok", f"{detail}; two calls agree")


def _expected_chunks(repository: "ServedRepository") -> int:
    """Estimate a repository's chunks from the bytes of its files, before there is an index."""
    try:
        files = repository.source.list_files().files
    except CodeIntelError:
        return 0
    return sum(file.size_bytes for file in files) // _BYTES_PER_CHUNK


def _files(repository: "ServedRepository") -> Finding:
    subject = f"{repository.name}: files"
    try:
        listing = repository.source.list_files()
    except CodeIntelError as error:
        return _broken(subject, error)
    detail = f"{len(listing.files):,} files at {repository.source.commit or 'no commit'}"
    if not listing.files:
        return Finding(
            subject, "warning", "There is no file to index.", "Look at the ignore rules."
        )
    return Finding(subject, "ok", detail)


def _index(context: ApplicationContext, repository: "ServedRepository", *, repair: bool) -> Finding:
    """Check the index; where it is broken, and if that is wished, mend it."""
    subject = f"{repository.name}: index"
    try:
        return Finding(subject, "ok", _whole(repository))
    except IndexMissingError as error:
        return Finding(subject, "warning", error.message, "The first search builds it.")
    except CodeIntelError as error:
        if not repair:
            return Finding(subject, "error", error.message, "Run `codeintel doctor --repair`.")
        damage = error.message
    try:
        return Finding(subject, "ok", f"{damage} It was mended: {_mended(context, repository)}")
    except CodeIntelError as error:
        return _broken(subject, error)


def _whole(repository: "ServedRepository") -> str:
    """Check every byte of the index, then open it as a search does; say what it is."""
    store = repository.store
    manifest = store.manifest()
    if manifest is None:
        raise IndexMissingError("There is no index yet.")
    store.verify(manifest, deep=True)
    try:
        with closing(_read_only(store.root / "catalog.sqlite")) as catalog:
            (verdict,) = catalog.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        verdict = str(error)
    if verdict != "ok":
        raise IndexCorruptError(f"The index file 'catalog.sqlite' is broken: {verdict}.")
    with repository.live.snapshot():
        pass
    n_files = manifest.counts.get("files", 0)
    return f"generation {manifest.generation} is whole, {n_files:,} files"


def _mended(context: ApplicationContext, repository: "ServedRepository") -> str:
    """Mend an index: as an indexing run does if that is enough, else by writing all of it anew."""
    repository.index(context.embedder)
    try:
        return _whole(repository)
    except CodeIntelError:
        repository.index(context.embedder, full=True)
        return _whole(repository)


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
