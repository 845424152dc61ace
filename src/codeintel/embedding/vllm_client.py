"""The client of an OpenAI-compatible embedding server such as vLLM."""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import MappingProxyType, TracebackType
from typing import Self, TypeVar

import numpy as np

from codeintel.embedding.base import Embedded, Vectors
from codeintel.embedding.batching import pack
from codeintel.embedding.delivery import Delivery, Plan, Send
from codeintel.embedding.endpoints import Endpoints
from codeintel.embedding.lifecycle import Gate
from codeintel.embedding.metrics import EmbeddingMetrics
from codeintel.embedding.server_model import ServerModel
from codeintel.embedding.vllm_http import AsyncHTTP, SyncHTTP
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.embedding.vllm_plan import BatchPlans, Outcome
from codeintel.embedding.vllm_wire import well_formed
from codeintel.errors import EmbeddingRefusedError

T = TypeVar("T")


class VLLMClient:
    """Unit vectors from one or more servers of the same model, over connections that stay open.

    Safe to share between threads; the asynchronous methods belong to one event loop at a time.
    Vectors are float32, C-contiguous, of shape ``(n, dim)`` and in the order of the texts.

    All methods that embed raise `EmbeddingUnavailableError` where no server answers in time,
    `EmbeddingMismatchError` where the answer is of another model or dimension, not finite or far
    too large, `EmbeddingRefusedError` where the server refuses every request, and
    `EmbeddingClosedError` after closing.
    """

    def __init__(self, options: VLLMOptions) -> None:
        self.options = options
        urls = tuple(url.rstrip("/").removesuffix("/v1") for url in options.base_urls)
        endpoints = Endpoints(
            urls, failures=options.breaker_failures, rest_s=options.breaker_rest_s
        )
        self._http = SyncHTTP(options)
        self._async_http: AsyncHTTP | None = None
        self.metrics = EmbeddingMetrics(
            connections_open=self._n_open, breaker_states=endpoints.states
        )
        self._plans = BatchPlans(options, Delivery(options, endpoints, self.metrics))
        self._gate = Gate()
        self._threads = ThreadPoolExecutor(options.max_in_flight, "codeintel-embedding")
        self._lock = threading.Lock()
        self._closing: asyncio.Task[None] | None = None

    @property
    def dim(self) -> int:
        """Length of a vector; the server is asked where nothing has shown it yet."""
        if self._plans.model.dim is None:
            self.ask(lambda plans, deadline: plans.prove(deadline))
        assert self._plans.model.dim is not None
        return self._plans.model.dim

    @property
    def model(self) -> ServerModel:
        """What the answers so far have shown of the server's model."""
        return self._plans.model

    # ------------------------------------------------------------ embedding

    def embed_batch(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, all of them or none.

        Raises
        ------
        EmbeddingRefusedError
            Also where the server refuses one of the texts; `embed_texts` records that instead.
        """
        return _all_or_none(self.embed_texts(texts))

    async def embed_batch_async(self, texts: Sequence[str]) -> Vectors:
        """Embed texts, all of them or none, without blocking the event loop."""
        return _all_or_none(await self.embed_texts_async(texts))

    def embed_texts(self, texts: Sequence[str]) -> Embedded:
        """Embed documents in several requests at once, and record what was refused or truncated.

        Blocks until all are done. At most `max_in_flight` requests of documents are under way in
        all threads together, so callers that come faster than the server wait here.
        """
        with self._gate.call():
            texts = [well_formed(text) for text in texts]
            futures = {
                self._threads.submit(self._embed, [texts[i] for i in batch]): batch
                for batch in self._pack(texts)
            }
            try:
                for future in concurrent.futures.as_completed(futures):
                    future.result()
            finally:
                for future in futures:
                    future.cancel()
                concurrent.futures.wait(futures)
            outcomes = [(batch, future.result()) for future, batch in futures.items()]
            return self._join(len(texts), outcomes, None if futures else self.dim)

    async def embed_texts_async(self, texts: Sequence[str]) -> Embedded:
        """Do what `embed_texts` does without blocking the event loop."""
        with self._gate.call():
            http = self._async_side()
            texts = [well_formed(text) for text in texts]
            batches = list(self._pack(texts))
            dim = self._plans.model.dim
            try:
                async with asyncio.TaskGroup() as group:
                    if dim is None and not batches:
                        deadline = self._deadline(self.options.query_deadline_s)
                        group.create_task(self._drive_async(http, self._plans.prove(deadline)))
                    tasks = [
                        group.create_task(self._embed_async(http, [texts[i] for i in batch]))
                        for batch in batches
                    ]
            except BaseExceptionGroup as errors:
                raise errors.exceptions[0] from None
            outcomes = [(b, task.result()) for b, task in zip(batches, tasks, strict=True)]
            return self._join(len(texts), outcomes, self._plans.model.dim)

    def embed_queries(self, texts: Sequence[str]) -> Embedded:
        """Embed a few queries in one request in this thread, beside documents under way.

        Gives up after `query_deadline_s`, so that a search can answer without vectors.
        """
        texts = [well_formed(text) for text in texts]
        outcome = self.ask(lambda plans, deadline: plans.embed(texts, deadline))
        return self._join(len(texts), [(range(len(texts)), outcome)], None)

    def ask(self, make: Callable[[BatchPlans, float], Plan[T]]) -> T:
        """Do a plan for one small question in this thread, within `query_deadline_s`."""
        with self._gate.call():
            return self._drive(make(self._plans, self._deadline(self.options.query_deadline_s)))

    # ------------------------------------------------------------ closing

    def close(self) -> None:
        """Let calls under way end within `close_deadline_s`, then close all connections.

        Inside a running event loop nothing is blocked: what cannot be closed at once is closed
        by a task of that loop. Closing twice is fine.
        """
        if not self._gate.shut():
            return
        loop = _running_loop()
        if loop is None:
            self._gate.drain(self.options.close_deadline_s)
            if self._async_http is not None and self._async_http.loop.is_running():
                closing = asyncio.run_coroutine_threadsafe(
                    self._async_http.close(), self._async_http.loop
                )
                with contextlib.suppress(TimeoutError):
                    closing.result(self.options.close_deadline_s)
            self._close_blocking()
        elif self._gate.idle and self._async_http is None:
            self._close_blocking()
        else:
            self._closing = loop.create_task(self._finish())

    async def aclose(self) -> None:
        """Let calls under way end within `close_deadline_s`, then close all connections."""
        if self._gate.shut():
            await self._finish()
        elif self._closing is not None:
            await asyncio.shield(self._closing)

    async def _finish(self) -> None:
        """Drain in a thread, because calls of this loop may be among those waited for."""
        try:
            await asyncio.to_thread(self._gate.drain, self.options.close_deadline_s)
        finally:
            self._gate.drain(0.0)
            self._close_blocking()
            if self._async_http is not None:
                await self._async_http.close()

    def _close_blocking(self) -> None:
        self._http.close()
        # Batches that still wait are not cancelled here, for their callers would not be told:
        # each gives up by itself when its turn comes.
        self._threads.shutdown(wait=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    # ------------------------------------------------------------ plans into input/output

    def _drive(self, plan: Plan[T]) -> T:
        """Do the steps of a plan in this thread."""
        try:
            step = next(plan)
            while True:
                self._gate.check()
                if isinstance(step, Send):
                    step = plan.send(self._http.send(step))
                else:
                    self._gate.pause(step.seconds)
                    step = plan.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()

    async def _drive_async(self, http: AsyncHTTP, plan: Plan[T]) -> T:
        """Do the steps of a plan in the event loop."""
        try:
            step = next(plan)
            while True:
                self._gate.check()
                if isinstance(step, Send):
                    step = plan.send(await http.send(step))
                else:
                    await asyncio.sleep(step.seconds)
                    step = plan.send(None)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            plan.close()

    def _embed(self, texts: Sequence[str]) -> Outcome:
        deadline = self._deadline(self.options.document_deadline_s)
        return self._drive(self._plans.embed(texts, deadline))

    async def _embed_async(self, http: AsyncHTTP, texts: Sequence[str]) -> Outcome:
        async with http.in_flight:
            deadline = self._deadline(self.options.document_deadline_s)
            return await self._drive_async(http, self._plans.embed(texts, deadline))

    def _async_side(self) -> AsyncHTTP:
        """Give the pool of the running loop, made on first use or after its loop has ended."""
        with self._lock:
            if self._async_http is None or self._async_http.loop.is_closed():
                self._async_http = AsyncHTTP(self.options)
            if self._async_http.loop is not asyncio.get_running_loop():
                raise RuntimeError("An embedding client serves one event loop at a time.")
            return self._async_http

    def _pack(self, texts: Sequence[str]) -> Iterator[range]:
        return pack(
            texts,
            self._plans.estimate,
            max_texts=self.options.max_batch_texts,
            max_tokens=self.options.max_batch_tokens,
        )

    def _join(
        self, n_texts: int, outcomes: Sequence[tuple[range, Outcome]], dim: int | None
    ) -> Embedded:
        """Put the outcomes of all batches into the order of the texts."""
        dim = dim or self._plans.model.dim
        assert dim is not None
        vectors = np.zeros((n_texts, dim), np.float32)
        refused: dict[int, str] = {}
        truncated: dict[int, int] = {}
        for batch, outcome in outcomes:
            for position, row in outcome.rows.items():
                vectors[batch[position]] = row
            refused.update({batch[i]: reason for i, reason in outcome.refused.items()})
            truncated.update({batch[i]: n for i, n in outcome.truncated.items()})
            self.metrics.count_texts(
                embedded=len(outcome.rows),
                refused=len(outcome.refused),
                truncated=len(outcome.truncated),
            )
        return Embedded(vectors, MappingProxyType(refused), MappingProxyType(truncated))

    def _n_open(self) -> int:
        return self._http.n_open + (self._async_http.n_open if self._async_http else 0)

    @staticmethod
    def _deadline(seconds: float) -> float:
        return time.monotonic() + seconds


def _all_or_none(embedded: Embedded) -> Vectors:
    """Give the vectors if no text was refused."""
    for position, reason in embedded.refused.items():
        raise EmbeddingRefusedError(
            f"The embedding server refuses {len(embedded.refused)} of {len(embedded.vectors)}"
            f" texts, the first at position {position} ({reason})."
        )
    return embedded.vectors


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
