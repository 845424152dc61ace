"""Tries out embedding servers, for `codeintel doctor`."""

import math
import statistics
import time
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from codeintel.embedding.vllm_client import VLLMClient
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.errors import CodeIntelError

LongTexts = Literal["refused", "cut", "unknown"]
_N_BATCH = 32
_ROUNDS = 3
#: About 120 tokens, the size of a usual chunk.
_SNIPPET = '''def load_{n}(path, *, retries=3):
    """Read the settings of a service and fill in what is missing."""
    for attempt in range(retries):
        try:
            with open(path, encoding="utf-8") as file:
                return {{**DEFAULTS, **json.load(file)}}
        except FileNotFoundError:
            logger.warning("no settings at %s, attempt %d", path, attempt)
            time.sleep(2 ** attempt)
    raise SettingsError(f"cannot read {{path}}")
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProbe:
    """What one server shows when it is tried out.

    Attributes
    ----------
    error
        Why it cannot be used; empty where it can, and only then the rest is filled in.
    models
        Names of its models; empty where it does not say.
    max_tokens
        Longest input; None where it is not known.
    long_texts
        What it does with longer ones by itself; CodeIntel handles each case and records it.
    call_difference
        Largest difference between the vectors of two calls for the same text; 0 if they agree.
    batch_difference
        The same between a call for one text and one for many.
    latency_1_ms, latency_32_ms
        Median times for 1 and for 32 usual chunks in one request.
    """

    url: str
    error: str = ""
    models: tuple[str, ...] = ()
    dim: int = 0
    max_tokens: int | None = None
    long_texts: LongTexts = "unknown"
    counts_tokens: bool = False
    encoding: str = ""
    call_difference: float = 0.0
    batch_difference: float = 0.0
    latency_1_ms: float = 0.0
    latency_32_ms: float = 0.0

    @property
    def deterministic(self) -> bool:
        """Whether two calls for the same text agree."""
        return self.call_difference == 0.0

    def seconds_for(self, n_texts: int) -> float:
        """Tell about how long so many usual chunks take, one request after the other."""
        return math.ceil(n_texts / _N_BATCH) * self.latency_32_ms / 1e3


def probe(options: VLLMOptions) -> tuple[ServerProbe, ...]:
    """Try out each server of the options; a server that cannot be used says why."""
    return tuple(_probe(url, replace(options, base_urls=(url,))) for url in options.base_urls)


def _probe(url: str, options: VLLMOptions) -> ServerProbe:
    """Ask one server everything, with a few dozen requests."""
    try:
        with VLLMClient(options) as client:
            cards = client.ask(lambda plans, deadline: plans.list_models(deadline))
            client.ask(lambda plans, deadline: plans.ask_model(deadline))
            latency_1_ms = _latency_ms(client, 1)
            latency_32_ms = _latency_ms(client, _N_BATCH)
            snippets = _snippets(_N_BATCH)
            first, second = (client.embed_batch(snippets[:1]) for _ in range(2))
            many = client.embed_batch(snippets)
            long_texts = _long_texts(client)
            return ServerProbe(
                url=url,
                models=tuple(card.id for card in cards),
                dim=client.dim,
                max_tokens=client.model.max_tokens,
                long_texts=long_texts,
                counts_tokens=client.model.counts_tokens,
                encoding=client.model.encoding,
                call_difference=float(np.abs(first - second).max()),
                batch_difference=float(np.abs(first - many[:1]).max()),
                latency_1_ms=latency_1_ms,
                latency_32_ms=latency_32_ms,
            )
    except CodeIntelError as error:
        return ServerProbe(url=url, error=str(error))


def _latency_ms(client: VLLMClient, n_texts: int) -> float:
    """Time requests of new texts, so that nothing is answered from a cache."""
    times_s = []
    for _ in range(_ROUNDS):
        texts = _snippets(n_texts)
        start = time.perf_counter()
        client.embed_batch(texts)
        times_s.append(time.perf_counter() - start)
    return statistics.median(times_s) * 1e3


def _long_texts(client: VLLMClient) -> LongTexts:
    """Send one overlong text as it is."""
    try:
        client.ask(lambda plans, deadline: plans.find_cut(deadline))
    except CodeIntelError:
        return "unknown"
    return "cut" if client.model.cuts else "refused"


def _snippets(n_texts: int) -> list[str]:
    """Make texts that were never sent before."""
    start = time.time_ns()
    return [_SNIPPET.format(n=start + i) for i in range(n_texts)]
