"""The embedding server is killed while clients search, and comes back."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from crowd import QUESTIONS, crowd
from served import Served, eventually

from repositories import GitRepository

pytestmark = pytest.mark.slow
SERVER = Path(__file__).parents[1] / "embedding" / "misbehaving_embedding_server.py"
SEARCHES = [question for question in QUESTIONS if question.tool == "semantic_search"]
BY_WORDS = "Searched by words alone"


class EmbeddingProcess:
    """An embedding server at one port, which is there or not."""

    def __init__(self, port: int) -> None:
        self.port = port

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        process = subprocess.Popen([sys.executable, str(SERVER), str(self.port)])
        try:
            eventually(self._answers)
            yield process
        finally:
            process.kill()
            process.wait()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/v1/models").status_code == 200
        except httpx.TransportError:
            return False


def by_words(served: Served) -> bool:
    """Ask something new, and tell whether it was answered by words alone."""
    answer = served.ask("semantic_search", query=f"total price {len(served.log)} {id(object())}")
    assert answer.status_code == 200
    return any(BY_WORDS in note for note in answer.json()["about"][0]["notes"])


def n_pending(served: Served) -> int:
    (status,) = served.ask("index_status").json()["repositories"]
    return status["vectors_pending"]


def test_searches_go_on_by_words_while_the_embedding_server_is_gone(
    shop: GitRepository, tmp_path: Path, free_port: int
) -> None:
    served = Served(shop, tmp_path / "index")
    embedding = EmbeddingProcess(free_port)
    environment = {
        "CODEINTEL_EMBEDDING_URL": f"http://127.0.0.1:{free_port}",
        "CODEINTEL_EMBEDDING_MODEL": "tiny",
    }
    with embedding.running() as process, served.running(environment=environment):
        eventually(lambda: not n_pending(served))
        with crowd(served.url, SEARCHES) as asked:
            assert not any(BY_WORDS in note for note in asked.notes)
            process.kill()
            process.wait()
            eventually(lambda: any(BY_WORDS in note for note in asked.notes))
            asked.more()
            served.repository.write({"new.py": "def written_meanwhile():\n    pass\n"})
            eventually(lambda: served.defines("written_meanwhile"))
            assert n_pending(served)
            with embedding.running():
                eventually(lambda: not by_words(served))
                asked.more()
                served.repository.write({"newer.py": "def written_afterwards():\n    pass\n"})
                eventually(lambda: not n_pending(served))
        assert asked.broken == []
    assert "Traceback" not in "".join(served.log)
