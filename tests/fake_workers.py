"""``python tests/fake_workers.py PORT N [FILE]`` serves a fake from N worker processes.

With FILE, an indexer process beside them writes its priority into it.
"""

import os
import sys
from functools import partial
from pathlib import Path

from codeintel.server.http import HttpOptions
from codeintel.server.workers import run_workers
from fake_codeintel import FakeCodeIntel


class Opened(FakeCodeIntel):
    """A fake that is opened and closed, and tells in which process it answers."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def symbol_search(self, query, **more):
        if "FAKE_BREAKS" in os.environ:
            raise RuntimeError("broken")
        return super().symbol_search(query, **more)

    def semantic_search(self, query, **more):
        answer = super().semantic_search("retry", **more)
        if query == "die":
            os._exit(3)
        return answer if query != "pid" else type(answer)(query=str(os.getpid()), hits=(), about=())


def write_priority(path: Path, codeintel: Opened) -> None:
    path.write_text(str(os.nice(0)))


if __name__ == "__main__":
    options = HttpOptions(port=int(sys.argv[1]), drain_s=0.2, log_format="json")
    index = partial(write_priority, Path(sys.argv[3])) if len(sys.argv) > 3 else None
    run_workers(Opened, options, int(sys.argv[2]), index)
