"""Settings of the embedding client."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from codeintel.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class VLLMOptions:
    """How to reach an OpenAI-compatible embedding server, and how hard to use it.

    The key and the headers never appear in a `repr`, a log line or an error.

    Attributes
    ----------
    base_urls
        One or more servers of the same model, with or without ``/v1``.
    model
        Model name as the server calls it.
    dim
        Expected length of a vector; None accepts that of the first answer.
    shorten
        Ask the server for vectors of `dim` numbers (only for models trained to be shortened).
    max_tokens
        Longest input in tokens; None asks the server.
    document_template, query_template
        What is sent for a text; ``{text}`` stands for it.
    max_batch_texts, max_batch_tokens
        Bounds of one request; a single text may exceed the second.
    max_in_flight
        Requests of documents that are under way at once.
    max_connections, max_keepalive_connections
        Sockets in all, and idle ones that are kept.
    connect_timeout_s, read_timeout_s
        Limits for one connection and for one silence of the server.
    document_deadline_s, query_deadline_s
        Limits for one batch of documents and for one query, with all their retries.
    close_deadline_s
        How long closing waits for calls under way.
    max_attempts
        Attempts for one request, the first included.
    backoff_s, max_backoff_s
        First and longest pause between attempts; each pause is shortened at random by up to half.
    breaker_failures, breaker_rest_s
        Failures in a row that put a server aside, and for how long at first; each failed trial
        doubles it, up to 16 times.
    query_window_s
        How long a query waits for others to share its request.
    max_query_calls
        Shared query requests under way at once; more queries wait and join the next.
    query_cache_size
        Number of recent query vectors kept.
    """

    base_urls: tuple[str, ...]
    model: str
    api_key: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    dim: int | None = None
    shorten: bool = False
    max_tokens: int | None = None
    document_template: str = "{text}"
    query_template: str = "{text}"
    max_batch_texts: int = 32
    max_batch_tokens: int = 16_384
    max_in_flight: int = 4
    max_connections: int = 100
    max_keepalive_connections: int = 20
    connect_timeout_s: float = 3.0
    read_timeout_s: float = 60.0
    document_deadline_s: float = 180.0
    query_deadline_s: float = 5.0
    close_deadline_s: float = 10.0
    max_attempts: int = 5
    backoff_s: float = 0.25
    max_backoff_s: float = 8.0
    breaker_failures: int = 5
    breaker_rest_s: float = 2.0
    query_window_s: float = 0.002
    max_query_calls: int = 4
    query_cache_size: int = 1024

    def __post_init__(self) -> None:
        if not self.base_urls:
            raise ConfigurationError("No embedding server is named.", cure="Give its base URL.")
        for url in self.base_urls:
            _check_url(url)
        if not self.model:
            raise ConfigurationError("No embedding model is named.", cure="Give the model's name.")
        for template in (self.document_template, self.query_template):
            if "{text}" not in template:
                raise ConfigurationError(
                    f"The embedding template {template!r} has no place for the text.",
                    cure="Put {text} where the text belongs.",
                )
        if self.shorten and self.dim is None:
            raise ConfigurationError(
                "Shortened vectors need a length.", cure="Set the expected dimension."
            )
        self._check_numbers()

    def _check_numbers(self) -> None:
        """Refuse numbers that would stop the client or let it run without bounds."""
        positive = (
            "max_batch_texts max_batch_tokens max_in_flight max_connections connect_timeout_s"
            " read_timeout_s document_deadline_s query_deadline_s max_attempts breaker_failures"
            " max_query_calls"
        ).split()
        for name in positive:
            if getattr(self, name) <= 0:
                raise ConfigurationError(
                    f"The embedding setting {name} is {getattr(self, name)}.",
                    cure="It must be above 0.",
                )
        for name in ("dim", "max_tokens"):
            value = getattr(self, name)
            if value is not None and value <= 0:
                raise ConfigurationError(
                    f"The embedding setting {name} is {value}.", cure="It must be above 0."
                )


def _check_url(url: str) -> None:
    """Accept http and https addresses that carry no secret."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ConfigurationError(
            f"The embedding server's URL for {parts.hostname!r} holds a user name or password.",
            cure="Give the key by the environment instead.",
        )
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ConfigurationError(
            f"{url!r} is not the URL of an embedding server.",
            cure="It looks like http://127.0.0.1:8000.",
        )
