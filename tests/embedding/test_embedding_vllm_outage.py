"""Indexing and searching while the embedding server is down: the rest is complete and says so."""

import subprocess
from pathlib import Path

import pytest
from misbehaving_embedding_server import free_port, serving

from codeintel.api import CodeIntel
from codeintel.config import Settings
from codeintel.errors import EmbeddingMismatchError
from codeintel.types import IndexReport, SearchAnswer


class Shop:
    """A repository whose embedding server comes and goes on one port."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "shop"
        self.folder.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=self.folder, check=True)
        self.port = free_port()
        self._settings = Settings(
            index_dir=root / "index",
            workers=1,
            embedding_url=f"http://127.0.0.1:{self.port}",
            embedding_model="tiny",
        )
        self.write("tax")

    def write(self, name: str) -> None:
        (self.folder / f"{name}.py").write_text(f"def {name}(value):\n    return value\n")

    def index(self, *, full: bool = False) -> IndexReport:
        with CodeIntel(self.folder, settings=self._settings) as codeintel:
            (report,) = codeintel.index(full=full)
            return report

    def search(self, text: str) -> SearchAnswer:
        with CodeIntel(self.folder, settings=self._settings) as codeintel:
            return codeintel.semantic_search(text)

    def n_pending(self) -> int:
        with CodeIntel(self.folder, settings=self._settings) as codeintel:
            (status,) = codeintel.index_status().repositories
            return status.vectors_pending


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_first_index_without_the_server_is_complete_but_for_vectors(shop: Shop) -> None:
    report = shop.index()
    assert report.n_chunks == shop.n_pending() == 1
    answer = shop.search("tax")
    assert [hit.path for hit in answer.hits] == ["tax.py"]
    assert not answer.about[0].complete
    assert any("words alone" in note for note in answer.about[0].notes)
    with serving(port=shop.port):
        assert shop.index().texts_embedded == 1
        assert shop.n_pending() == 0
        assert shop.search("tax").about[0].complete


def test_what_comes_during_an_outage_waits_and_the_rest_keeps_its_vectors(shop: Shop) -> None:
    with serving(port=shop.port):
        shop.index()
    shop.write("parser")
    shop.index()
    assert shop.n_pending() == 1
    assert [hit.path for hit in shop.search("parser").hits] == ["parser.py"]
    with serving(port=shop.port) as server:
        assert shop.index().texts_embedded == 1
        assert server.n_texts <= 3
    assert shop.n_pending() == 0


def test_a_model_of_another_dimension_is_refused_until_a_full_run(shop: Shop) -> None:
    with serving(port=shop.port):
        shop.index()
    shop.write("parser")
    with serving(port=shop.port, dim=12):
        with pytest.raises(EmbeddingMismatchError, match="12 numbers; those of the index have 8"):
            shop.index()
        assert shop.index(full=True).texts_embedded == 2
        assert shop.search("parser").about[0].complete


def test_another_model_of_the_same_name_is_refused_until_a_full_run(shop: Shop) -> None:
    with serving(port=shop.port):
        shop.index()
    shop.write("parser")
    with serving(port=shop.port, weights="other"):
        with pytest.raises(EmbeddingMismatchError, match="changed, though not its name"):
            shop.index()
        assert shop.search("tax").hits
        assert shop.index(full=True).texts_embedded == 2
        shop.write("rates")
        assert shop.index().texts_embedded == 1
