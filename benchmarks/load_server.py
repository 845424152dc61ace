"""Servers under load, as processes of their own: ours, and the old way.

``python -m benchmarks.load_server ours|old PORT REPOSITORY [WORKERS]``
"""

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil

from codeintel import CodeIntel

PORT = 18765


def serve_ours(port: int, repository: Path, n_workers: int, threads: int) -> None:
    from codeintel.server.door import DoorOptions
    from codeintel.server.http import HttpOptions
    from codeintel.server.workers import run_workers

    options = HttpOptions(port=port, door=DoorOptions(cpu_threads=threads))
    run_workers(partial(CodeIntel, repository), options, n_workers)


def _walk(repository: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(repository):
        folders[:] = [name for name in folders if name != ".git"]
        for name in files:
            yield Path(folder, name)


def _git(repository: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=repository, capture_output=True, text=True, check=True
    ).stdout


def serve_old(port: int, repository: Path) -> None:
    """Serve as is usual: synchronous tools in the default pool of 40 threads, nothing kept."""
    import uvicorn
    from mcp.server.mcpserver import MCPServer

    intel = CodeIntel(repository)
    server = MCPServer("old", log_level="ERROR")

    @server.tool(structured_output=False)
    def semantic_search(query: str) -> str:
        return "\n".join(
            f"{h.path}:{h.start_line} {h.text}" for h in intel.semantic_search(query).hits
        )

    @server.tool(structured_output=False)
    def symbol_search(query: str) -> str:
        return "\n".join(
            f"{s.path}:{s.start_line} {s.name}" for s in intel.symbol_search(query).symbols
        )

    @server.tool(structured_output=False)
    def search_text(pattern: str, limit: int) -> str:
        found: list[str] = []
        wanted = re.compile(re.escape(pattern), re.IGNORECASE)
        for file in _walk(repository):
            for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1):
                if wanted.search(line):
                    found.append(f"{file}:{number} {line}")
                    if len(found) == limit:
                        return "\n".join(found)
        return "\n".join(found)

    @server.tool(structured_output=False)
    def list_paths(include_globs: list[str] | None = None, tree: bool = False) -> str:
        prefix = include_globs[0].removesuffix("**") if include_globs else ""
        paths = (file.relative_to(repository).as_posix() for file in _walk(repository))
        return "\n".join(sorted(path for path in paths if path.startswith(prefix)))

    @server.tool(structured_output=False)
    def open_file(path: str, start_line: int, end_line: int) -> str:
        lines = (repository / path).read_text(errors="replace").splitlines()
        return "\n".join(lines[start_line - 1 : end_line])

    @server.tool(structured_output=False)
    def blame_range(path: str, start_line: int, end_line: int) -> str:
        return _git(repository, "blame", "--porcelain", f"-L{start_line},{end_line}", "--", path)

    @server.tool(structured_output=False)
    def file_history(path: str) -> str:
        return _git(repository, "log", "-n50", "--format=%H %an %aI %s", "--", path)

    app = server.streamable_http_app(stateless_http=True, json_response=True)
    uvicorn.run(app, port=port, log_level="error", access_log=False)


@contextmanager
def running(kind: str, repository: Path, *more: int) -> Iterator[tuple[str, psutil.Process]]:
    """Start a server, wait until it answers and give its URL and process."""
    command = [sys.executable, "-m", "benchmarks.load_server", kind, str(PORT), str(repository)]
    process = psutil.Popen([*command, *map(str, more)])
    url = f"http://127.0.0.1:{PORT}"
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise RuntimeError(f"the server '{kind}' did not start")
            time.sleep(0.1)
        yield url, process
    finally:
        process.terminate()
        process.wait()


def start_command(port: int, repository: Path, folder: Path) -> psutil.Process:
    """Start the server as its users do, with two workers, and wait until it can answer.

    The index and the server's log are put into `folder`.
    """
    command = [sys.executable, "-m", "codeintel.cli.main"]
    environment = {**os.environ, "CODEINTEL_INDEX_DIR": str(folder / "index")}
    build = [*command, "index", str(repository)]
    subprocess.run(build, check=True, capture_output=True, env=environment)
    log = folder / "log"
    with log.open("w") as written:
        process = psutil.Popen(
            [*command, "serve", str(repository), "--http", f"127.0.0.1:{port}", "--workers", "2"],
            env=environment,
            stderr=written,
        )
    while not _answers(f"http://127.0.0.1:{port}"):
        if process.poll() is not None:
            raise RuntimeError(f"the server did not start: {log.read_text()}")
        time.sleep(0.1)
    return process


def memory_bytes(process: psutil.Process) -> int:
    """Give what a server and its children hold, pages that they share counted once."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        # A git process may have ended in the meantime.
        with suppress(psutil.NoSuchProcess):
            total += one.memory_full_info().pss
    return total


def n_files_and_threads(process: psutil.Process) -> tuple[int, int]:
    """Count what a server and its children have open, and their threads."""
    n_files = n_threads = 0
    for one in [process, *process.children(recursive=True)]:
        with suppress(psutil.Error):
            n_files += one.num_fds()
            n_threads += one.num_threads()
    return n_files, n_threads


def worker_bytes(process: psutil.Process) -> int:
    """Give what one more worker takes: the memory that the largest child shares with nobody."""
    sizes = []
    for one in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            sizes.append(one.memory_full_info().uss)
    return max(sizes, default=0)


def counted(url: str, metric: str) -> float:
    """Give the sum of a metric over its labels; 0 where the server has none."""
    try:
        text = urllib.request.urlopen(f"{url}/metrics", timeout=30).read().decode()
    except urllib.error.HTTPError:
        return 0.0
    lines = [line for line in text.splitlines() if line.startswith((metric + "{", metric + " "))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def cpu_s(process: psutil.Process) -> float:
    """Give the processor time of a server and all that it has started, ended ones too."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if one.pid != process.pid:
            total += times.children_user + times.children_system
    return total


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/healthz", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    kind, port, repository, *more = sys.argv[1:]
    if kind == "old":
        serve_old(int(port), Path(repository))
    else:
        serve_ours(int(port), Path(repository), *map(int, more))
