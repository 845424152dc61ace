import pytest
from misbehaving_embedding_server import free_port, serving

from codeintel.cli.main import main
from repositories import GitRepository


def test_doctor_tells_what_an_embedding_server_can_do_and_costs(
    shop: GitRepository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CODEINTEL_EMBEDDING_MODEL", "tiny")
    with serving() as server:
        monkeypatch.setenv("CODEINTEL_EMBEDDING_URL", server.url)
        main(["doctor", str(shop.path)])
    out = capsys.readouterr().out
    assert f"embedding server {server.url}: " in out
    assert "8 dimensions" in out
    assert "ms for 32" in out


def test_doctor_names_an_embedding_server_that_does_not_answer(
    shop: GitRepository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("CODEINTEL_EMBEDDING_MODEL", "tiny")
    monkeypatch.setenv("CODEINTEL_EMBEDDING_URL", url)
    assert main(["doctor", str(shop.path)]) != 0
    out = capsys.readouterr().out
    assert f"error   embedding server {url}" in out
    assert "CODEINTEL_EMBEDDING_URL" in out
