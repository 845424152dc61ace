"""Settings, and the only place that reads the environment.

Each setting is an environment variable ``CODEINTEL_`` + its name in capitals.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.errors import ConfigurationError
from codeintel.index.vector_plan import VectorOptions

_PREFIX = "CODEINTEL_"


def default_index_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Give the folder that holds the indexes of all repositories: the user's cache."""
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "codeintel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a person can decide.

    Attributes
    ----------
    index_dir
        Folder below which each repository has its index folder.
    workers
        Parser processes of an indexing run, at least 1; the number of cores by default.
    secondary
        Whether changed vectors go to a secondary index; without it, each change builds the primary
        index anew.
    history
        Whether git history is indexed, too.
    merge
        Whether the secondary vector index is merged by itself when it has grown too large.
    merge_min
        Changed vectors up to which it has not.
    merge_ratio
        Share of the primary index's vectors up to which it has not.
    vector_memory_bytes
        What a vector index may keep in memory; 0 for any.
    embedding_url
        Base URLs of an OpenAI-compatible embedding server, separated by commas; the bundled model
        is used where there is none.
    embedding_model
        The model's name on that server.
    embedding_api_key
        Sent as a bearer token; never shown.
    embedding_headers
        Further headers, ``name=value`` separated by commas; never shown.
    embedding_query_template, embedding_document_template
        What is sent for a text; ``{text}`` stands for it.
    embedding_max_tokens
        Longest input of the model; 0 asks the server.
    embedding_batch_texts, embedding_in_flight, embedding_max_connections
        Texts of a request, requests of an indexing run at once, and sockets, at most.
    embedding_query_deadline_s
        How long a search waits for the server before it answers from words alone.
    model_path
        Folder of a static model (model2vec) to use instead of the bundled one.
    """

    index_dir: Path = field(default_factory=default_index_dir)
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)
    history: bool = True
    secondary: bool = True
    merge: bool = True
    merge_min: int = 10_000
    merge_ratio: float = 0.1
    vector_memory_bytes: int = 0
    embedding_url: str = ""
    embedding_model: str = ""
    embedding_api_key: str = field(default="", repr=False)
    embedding_headers: str = field(default="", repr=False)
    embedding_query_template: str = "{text}"
    embedding_document_template: str = "{text}"
    embedding_max_tokens: int = 0
    embedding_batch_texts: int = 32
    embedding_in_flight: int = 4
    embedding_max_connections: int = 100
    embedding_query_deadline_s: float = 5.0
    model_path: Path | None = None

    def __post_init__(self) -> None:
        if self.workers < 1:
            raise ConfigurationError(
                f"The number of workers is {self.workers}.", cure="It must be at least 1."
            )
        if self.embedding_url and not self.embedding_model:
            raise ConfigurationError(
                "An embedding server is set, but no model.", cure=f"Set {_PREFIX}EMBEDDING_MODEL."
            )
        self.vector_options()  # refuses impossible values, and so does the next
        self.vllm_options()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the environment; a variable that is empty counts as not set.

        Raises
        ------
        ConfigurationError
            A variable has an impossible value.
        """
        values: dict[str, Any] = {"index_dir": default_index_dir(environment)}
        for setting in fields(cls):
            variable = _PREFIX + setting.name.upper()
            if text := environment.get(variable):
                values[setting.name] = _READERS[setting.type](variable, text)
        return cls(**values)

    def vector_options(self) -> VectorOptions:
        """Give the options of the vector indexes."""
        return VectorOptions(
            memory_budget_bytes=self.vector_memory_bytes or None,
            secondary=self.secondary,
            merge_min=self.merge_min,
            merge_ratio=self.merge_ratio,
        )

    def vllm_options(self) -> VLLMOptions | None:
        """Give the options of the embedding server; None where the bundled model is used."""
        if not self.embedding_url:
            return None
        return VLLMOptions(
            base_urls=tuple(url.strip() for url in self.embedding_url.split(",")),
            model=self.embedding_model,
            api_key=self.embedding_api_key,
            headers=_headers(self.embedding_headers),
            query_template=self.embedding_query_template,
            document_template=self.embedding_document_template,
            max_tokens=self.embedding_max_tokens or None,
            max_batch_texts=self.embedding_batch_texts,
            max_in_flight=self.embedding_in_flight,
            max_connections=self.embedding_max_connections,
            query_deadline_s=self.embedding_query_deadline_s,
        )


def _integer(name: str, text: str) -> int:
    """Read a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"{name} is '{text}'.", cure="Give a whole number.") from None


def _number(name: str, text: str) -> float:
    """Read a number."""
    try:
        return float(text)
    except ValueError:
        raise ConfigurationError(f"{name} is '{text}'.", cure="Give a number.") from None


def _boolean(name: str, text: str) -> bool:
    """Read a truth value."""
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    if text.lower() not in known:
        raise ConfigurationError(f"{name} is '{text}'.", cure="Give true or false.")
    return known[text.lower()]


def _path(_: str, text: str) -> Path:
    """Read a path, which may begin with the home folder."""
    return Path(text).expanduser()


# How a variable is read, by the type of its setting.
_READERS: dict[Any, Callable[[str, str], object]] = {
    int: _integer,
    float: _number,
    bool: _boolean,
    str: lambda _, text: text,
    Path: _path,
    Path | None: _path,
}


def _headers(value: str) -> dict[str, str]:
    """Read headers; the error does not repeat them, they may be secret."""
    pairs = [pair.partition("=") for pair in value.split(",") if pair.strip()]
    if not all(name.strip() and equals for name, equals, _ in pairs):
        raise ConfigurationError(
            f"{_PREFIX}EMBEDDING_HEADERS cannot be read.",
            cure="Give name=value pairs, separated by commas.",
        )
    return {name.strip(): content.strip() for name, _, content in pairs}
