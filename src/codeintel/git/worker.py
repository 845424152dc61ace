"""The process that builds commit-graph, history index and blame cache, at low priority.

It reads one request a line and prints progress and one result for each, all JSON. It ends with its
input, or when nobody reads its output any more.
"""

import fcntl
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from time import time

from codeintel.errors import CodeIntelError, GitCommandError, IndexCorruptError
from codeintel.git.blame_walk import BlameWalk
from codeintel.git.diff import count_lines
from codeintel.git.history_build import extend
from codeintel.git.history_store import HistoryStore, history_file
from codeintel.git.objects import ObjectReader
from codeintel.git.process import NO_DEADLINE_S, job
from codeintel.git.repository import Repository
from codeintel.git.shadow import Shadow, View

_MAX_BLOB_BYTES = 2_000_000
_STALE_S = 3600.0

Tell = Callable[[int, int], None]


class Worker:
    """Does the requests for one repository."""

    def __init__(self, folder: Path, cache_dir: Path) -> None:
        self._cache_dir = cache_dir
        self._repository = Repository.find(folder)
        self._objects = ObjectReader(self._repository.git)
        self._shadow = Shadow(self._repository, self._objects, cache_dir)

    def graph(self, tell: Tell) -> int:
        """Write the commit-graph with changed-path filters of what is new."""
        view = self._shadow.view()
        graphs = view.folder / "objects" / "info" / "commit-graphs"
        with open(view.folder / "writer.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released by the system if we die
            (graphs / "commit-graph-chain.lock").unlink(missing_ok=True)  # a killed git left it
            view.git.run(
                *("commit-graph", "write", "--stdin-commits", "--changed-paths", "--no-progress"),
                "--split" if (graphs / "commit-graph-chain").exists() else "--split=replace",
                stdin=f"{self._repository.resolve()}\n".encode(),
            )
        self._remove_stale(view.key)
        return 0

    def extend(self, tell: Tell) -> int:
        """Index the commits that are new; give their number."""
        view = self._shadow.view()
        file = history_file(self._cache_dir, view.key)
        try:
            return self._extend(file, view, tell)
        except IndexCorruptError:
            for path in file.parent.glob(f"{file.name}*"):
                path.unlink()
            return self._extend(file, view, tell)

    def _extend(self, file: Path, view: View, tell: Tell) -> int:
        store = HistoryStore(file, create=True)
        try:
            head = self._repository.resolve()
            with store.reading():
                is_new = not store.heads
            n_total = int(view.git.run("rev-list", "--count", head)) if is_new else 0
            return extend(store, view, head, lambda n: tell(n, n_total))
        finally:
            store.close()

    def blame(self, tell: Tell, paths: list[str] | None = None) -> int:
        """Fill the cache for paths of HEAD, or for all; give how many were computed."""
        view = self._shadow.view()
        head = self._repository.resolve()
        if paths is None:
            names = view.git.run("ls-tree", "-r", "-z", "--name-only", head)
            paths = names.decode("utf-8", "surrogateescape").split("\0")[:-1]
        store = HistoryStore(history_file(self._cache_dir, view.key), create=True)
        try:
            n_done = 0
            for n_seen, path in enumerate(paths, 1):
                n_done += self._fill(store, head, path)
                if n_seen % 50 == 0 or n_seen == len(paths):
                    tell(n_seen, len(paths))
            return n_done
        finally:
            store.close()

    def close(self) -> None:
        """End what stays open between requests."""
        self._objects.close()

    def _fill(self, store: HistoryStore, head: str, path: str) -> bool:
        """Cache one blame, unless it is there or the file is none that anyone blames."""
        git = self._shadow.view().git
        with store.reading():
            commit, number = store.commit_number(head), store.path_number(path)
            if commit is None or number is None:
                return False
            history = store.histories(number)
            tip = history.tip(commit)
            key = (number, history.commit(tip))
            if tip < 0 or store.cached_blame(*key) is not None:
                return False
        data = self._objects.read_path(head, path)
        if not data or len(data) > _MAX_BLOB_BYTES or b"\0" in data[:8000]:
            return False
        try:
            rows = BlameWalk(store, git).blame(number, tip, 1, count_lines(data))
        except GitCommandError:
            return False  # an object is missing; whoever asks for this file is told
        store.cache_blame(*key, rows)
        return True

    def _remove_stale(self, key: str) -> None:
        """Remove what belongs to states of history that are gone, or to older versions of us."""
        current = (f"shadow-{key}", history_file(self._cache_dir, key).name)
        for path in self._cache_dir.glob("*"):
            if path.name.startswith(current) or time() - path.stat().st_mtime < _STALE_S:
                continue
            if path.name.startswith("shadow-"):
                shutil.rmtree(path, ignore_errors=True)
            elif path.name.startswith("history-"):
                path.unlink(missing_ok=True)


def main() -> None:
    """Serve requests until the input ends."""
    os.nice(10)
    worker: Worker | None = None
    for line in sys.stdin:
        request = json.loads(line)
        stage = request["stage"]

        def tell(n_done: int, n_total: int, stage: str = stage) -> None:
            _print({"stage": stage, "n_done": n_done, "n_total": n_total})

        try:
            if worker is None:
                worker = Worker(Path(sys.argv[1]), Path(sys.argv[2]))
            with job(NO_DEADLINE_S):
                if stage == "graph":
                    result = worker.graph(tell)
                elif stage == "extend":
                    result = worker.extend(tell)
                else:
                    result = worker.blame(tell, request.get("paths"))
            _print({"stage": stage, "result": result})
        except CodeIntelError as error:
            _print({"stage": stage, "error": str(error)})


def _print(message: dict[str, object]) -> None:
    try:
        print(json.dumps(message), flush=True)
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
