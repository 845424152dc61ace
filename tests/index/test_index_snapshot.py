from collections.abc import Iterator

import pytest

from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.errors import IndexCorruptError
from codeintel.index.snapshot import Snapshot
from repositories import GitRepository

TEXTS = {
    "plain.py": "a = 1\nb = 2\n",
    "open_end.py": "a = 1\n\n\nb = 2",
    "windows.py": "a = 1\r\nb = 2\r\n",
    "accents.py": "größe = 'é'\n# ∀x\nb = 2\n",
    "form_feed.py": "a = 1\x0c\nb = 2 \u2028 c\n",
}


@pytest.fixture
def snapshot(repository: GitRepository, settings: Settings) -> Iterator[Snapshot]:
    repository.commit(dict(TEXTS))
    with ApplicationContext([repository.path], settings) as context:
        served = context.select(None)[0]
        served.index(context.embedder)
        with served.live.snapshot() as snapshot:
            yield snapshot


@pytest.mark.parametrize("path", TEXTS)
def test_lines_are_those_of_the_text_as_git_counts_them(snapshot: Snapshot, path: str) -> None:
    document = snapshot.catalog.by_path[path]
    lines = snapshot.text_of(document.id).split("\n")
    for start in range(1, document.n_lines + 1):
        for end in range(start, document.n_lines + 1):
            expected = "\n".join(lines[start - 1 : end])
            assert snapshot.lines_of(document.id, start, end) == expected


def test_an_unknown_document_is_a_broken_index(snapshot: Snapshot) -> None:
    with pytest.raises(IndexCorruptError):
        snapshot.lines_of(1, 1, 1)


def test_the_sample_has_a_vector_of_each_document_of_a_small_generation(snapshot: Snapshot) -> None:
    assert snapshot.sample.shape == (len(TEXTS), snapshot.manifest.embedder.dim)
