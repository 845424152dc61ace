from pathlib import Path

import pytest

from codeintel.config import Settings
from codeintel.errors import ConfigurationError


def test_settings_of_an_empty_environment_are_the_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    empty = {"CODEINTEL_WORKERS": "", "CODEINTEL_MERGE": "", "CODEINTEL_MERGE_RATIO": ""}
    assert Settings.from_environment(empty) == Settings()


def test_every_setting_is_read_from_its_variable(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "CODEINTEL_INDEX_DIR": str(tmp_path),
            "CODEINTEL_WORKERS": "3",
            "CODEINTEL_SECONDARY": "no",
            "CODEINTEL_MERGE": "0",
            "CODEINTEL_MERGE_MIN": "7",
            "CODEINTEL_MERGE_RATIO": "0.5",
            "CODEINTEL_VECTOR_MEMORY_BYTES": "1000000",
            "CODEINTEL_EMBEDDING_URL": "http://a:1, http://b:2",
            "CODEINTEL_EMBEDDING_MODEL": "m",
            "CODEINTEL_EMBEDDING_API_KEY": "secret",
            "CODEINTEL_EMBEDDING_HEADERS": "X-One=1,X-Two=2",
            "CODEINTEL_EMBEDDING_QUERY_TEMPLATE": "q: {text}",
            "CODEINTEL_EMBEDDING_DOCUMENT_TEMPLATE": "d: {text}",
            "CODEINTEL_EMBEDDING_MAX_TOKENS": "512",
            "CODEINTEL_EMBEDDING_BATCH_TEXTS": "8",
            "CODEINTEL_EMBEDDING_IN_FLIGHT": "2",
            "CODEINTEL_EMBEDDING_MAX_CONNECTIONS": "9",
            "CODEINTEL_EMBEDDING_QUERY_DEADLINE_S": "0.5",
        }
    )
    assert (settings.index_dir, settings.workers, settings.merge) == (tmp_path, 3, False)
    vectors = settings.vector_options()
    assert (vectors.secondary, vectors.merge_min, vectors.merge_ratio) == (False, 7, 0.5)
    assert vectors.memory_budget_bytes == 1_000_000
    server = settings.vllm_options()
    assert server is not None
    assert server.base_urls == ("http://a:1", "http://b:2")
    assert dict(server.headers) == {"X-One": "1", "X-Two": "2"}
    assert (server.query_template, server.document_template) == ("q: {text}", "d: {text}")
    assert (server.max_tokens, server.max_batch_texts, server.max_in_flight) == (512, 8, 2)
    assert (server.max_connections, server.query_deadline_s) == (9, 0.5)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("WORKERS", "0"),
        ("WORKERS", "many"),
        ("MERGE", "maybe"),
        ("MERGE_MIN", "-1"),
        ("MERGE_MIN", "1.5"),
        ("MERGE_RATIO", "-0.1"),
        ("MERGE_RATIO", "nan"),
        ("VECTOR_MEMORY_BYTES", "-1"),
        ("EMBEDDING_URL", "ftp://a:1"),
        ("EMBEDDING_BATCH_TEXTS", "0"),
        ("EMBEDDING_MAX_TOKENS", "-5"),
        ("EMBEDDING_QUERY_DEADLINE_S", "soon"),
    ],
)
def test_an_impossible_value_is_named(variable: str, value: str) -> None:
    server = {"CODEINTEL_EMBEDDING_URL": "http://a:1", "CODEINTEL_EMBEDDING_MODEL": "m"}
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({**server, f"CODEINTEL_{variable}": value})
    assert value in str(caught.value)


def test_a_server_without_a_model_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="no model"):
        Settings.from_environment({"CODEINTEL_EMBEDDING_URL": "http://a:1"})


def test_what_may_be_secret_is_never_shown() -> None:
    environment = {
        "CODEINTEL_EMBEDDING_URL": "http://a:1",
        "CODEINTEL_EMBEDDING_MODEL": "m",
        "CODEINTEL_EMBEDDING_API_KEY": "hush-key",
        "CODEINTEL_EMBEDDING_HEADERS": "X-Token=hush-header",
    }
    settings = Settings.from_environment(environment)
    assert "hush" not in repr(settings)
    assert "hush" not in repr(settings.vllm_options())
    environment["CODEINTEL_EMBEDDING_HEADERS"] = "hush-header"
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(environment)
    assert "hush" not in str(caught.value)
