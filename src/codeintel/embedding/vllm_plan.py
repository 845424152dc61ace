"""What is asked of a server for one batch of texts, and what is done when it refuses.

The rule for long texts: the first `max_tokens` tokens are embedded, the rest is not, and the
position is recorded as truncated. Where the server has vLLM's ``/tokenize`` the tokens are counted
there and the cut is asked for; elsewhere a text that may be too long goes alone, its count in the
answer shows a cut, and a refused one is halved until it is accepted.

The rule for refused texts: a refused batch is halved until the refused text stands alone. It is
recorded as refused only if the server embeds a plain word in the same moment; otherwise the
server, not the text, is at fault, and that is an error.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from codeintel.embedding.base import Vectors
from codeintel.embedding.batching import TokenEstimate, surely_fits
from codeintel.embedding.delivery import Call, Delivery, Plan, Refusal, Reply
from codeintel.embedding.server_model import ServerModel
from codeintel.embedding.vllm_options import VLLMOptions
from codeintel.embedding.vllm_wire import (
    Answer,
    EmbeddingRequest,
    ModelCard,
    TokenizeRequest,
    decode_answer,
    decode_models,
    decode_token_count,
    encode,
    max_answer_bytes,
)
from codeintel.errors import (
    EmbeddingRefusedError,
    EmbeddingUnavailableError,
)

#: Texts guessed to be below this share of the longest input are sent without counting.
_LIKELY_FITS = 0.7
_MAX_HALVINGS = 8
#: Where the longest input is unknown: every embedding model takes the first, few the second.
_LEAST_MAX_TOKENS = 256
_MOST_MAX_TOKENS = 32_768
_PLAIN_WORD = "word"


@dataclass(slots=True)
class Outcome:
    """What became of each text of a batch, by position."""

    rows: dict[int, Vectors] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    truncated: dict[int, int] = field(default_factory=dict)


class BatchPlans:
    """Makes the plans by which a client embeds its batches."""

    def __init__(self, options: VLLMOptions, delivery: Delivery) -> None:
        self._options = options
        self._delivery = delivery
        self.model = ServerModel(options)
        self.estimate = TokenEstimate()

    def embed(self, texts: Sequence[str], deadline: float) -> Plan[Outcome]:
        """Embed one batch; every position is in `rows` or in `refused` afterwards.

        Raises
        ------
        EmbeddingUnavailableError, EmbeddingMismatchError, EmbeddingRefusedError
            See `Delivery.deliver`; nothing of the batch may be used.
        """
        batch = _Batch(self, texts, deadline)
        yield from batch.run()
        return batch.outcome

    def send(
        self, texts: Sequence[str], deadline: float, *, truncate_to: int | None = None
    ) -> Plan[Answer | Refusal]:
        """Send texts in one request and check the answer; without base64 where that is refused."""
        encoding = self.model.encoding
        answer = yield from self._send_once(texts, deadline, truncate_to)
        if isinstance(answer, Refusal) and not self.model.proven:
            yield from self.prove(deadline)
        if isinstance(answer, Refusal) and encoding != self.model.encoding:
            answer = yield from self._send_once(texts, deadline, truncate_to)
        return answer

    def count_tokens(self, text: str, deadline: float) -> Plan[int | None]:
        """Ask the server how many tokens a text has; None where it cannot say."""
        call = Call(
            "/tokenize",
            encode(TokenizeRequest(self._options.model, text)),
            # A token is written with at most 10 characters; vLLM lists them all.
            max_answer_bytes(1) + 12 * len(text.encode("utf-8", "replace")),
        )
        try:
            count = yield from self._delivery.deliver(
                call, lambda reply: decode_token_count(reply.body), deadline
            )
        except EmbeddingRefusedError:
            return None
        return None if isinstance(count, Refusal) else count

    def prove(self, deadline: float) -> Plan[None]:
        """Make sure that the server embeds a plain word, if need be without base64.

        Raises
        ------
        EmbeddingUnavailableError
            It fails on that, too.
        EmbeddingRefusedError
            It refuses that, too.
        """
        encoding = self.model.encoding
        answer = yield from self._send_once([_PLAIN_WORD], deadline)
        if isinstance(answer, Refusal):
            if not self.model.proven:
                self.model.encoding = "float"
            if encoding != self.model.encoding:  # given up just now, maybe by another batch
                answer = yield from self._send_once([_PLAIN_WORD], deadline)
        if not isinstance(answer, Refusal):
            return
        if answer.status >= 500:
            raise EmbeddingUnavailableError(
                f"The embedding server fails on every text ({answer.reason}).",
                cure="Look into the server's log.",
            )
        raise EmbeddingRefusedError(
            f"The embedding server refuses every text ({answer.reason}).",
            cure="Check the embedding settings against the server's.",
        )

    def find_cut(self, deadline: float) -> Plan[None]:
        """Learn from one overlong text whether the server cuts such texts, and where."""
        n_words = 2 * (self.model.max_tokens or _MOST_MAX_TOKENS)
        answer = yield from self.send([f"{_PLAIN_WORD} " * n_words], deadline)
        cuts = isinstance(answer, Answer) and 0 < answer.n_tokens < n_words
        if cuts and self.model.max_tokens is None:
            assert isinstance(answer, Answer)
            self.model.max_tokens = answer.n_tokens
        self.model.cuts = cuts

    def list_models(self, deadline: float) -> Plan[tuple[ModelCard, ...]]:
        """Ask the server for its models; empty where it does not say."""
        call = Call("/v1/models", None, max_answer_bytes(8))
        try:
            cards = yield from self._delivery.deliver(
                call, lambda reply: decode_models(reply.body), deadline
            )
        except EmbeddingRefusedError:
            return ()
        return () if isinstance(cards, Refusal) else cards

    def ask_model(self, deadline: float) -> Plan[None]:
        """Learn the longest input and whether the server counts tokens; both are optional."""
        cards = yield from self.list_models(deadline)
        if self.model.max_tokens is None:
            limits = {card.id: card.max_model_len for card in cards}
            self.model.max_tokens = limits.get(self._options.model)
        count = yield from self.count_tokens(_PLAIN_WORD, deadline)
        self.model.counts_tokens = count is not None
        if self.model.counts_tokens:
            self.model.cuts = False  # vLLM refuses what is too long
        self.model.asked = True

    def _send_once(
        self, texts: Sequence[str], deadline: float, truncate_to: int | None = None
    ) -> Plan[Answer | Refusal]:
        options = self._options
        request = EmbeddingRequest(
            model=options.model,
            input=texts,
            encoding_format=self.model.encoding,
            dimensions=options.dim if options.shorten else None,
            truncate_prompt_tokens=truncate_to,
            truncation_side="right" if truncate_to else None,
        )
        call = Call("/v1/embeddings", encode(request), max_answer_bytes(len(texts)))

        def read(reply: Reply) -> Answer:
            answer = decode_answer(reply.body, len(texts))
            self.model.check(answer)
            return answer

        return (yield from self._delivery.deliver(call, read, deadline))


class _Batch:
    """One batch on its way."""

    def __init__(self, plans: BatchPlans, texts: Sequence[str], deadline: float) -> None:
        self._plans = plans
        self._model = plans.model
        self._texts = texts
        self._deadline = deadline
        self.outcome = Outcome()

    def run(self) -> Plan[None]:
        """Sort the texts by length and send each group by its rule."""
        everything = range(len(self._texts))
        if not self._model.asked and any(map(self._may_be_too_long, everything)):
            yield from self._plans.ask_model(self._deadline)
        if self._model.cuts is None and any(map(self._may_be_too_long, everything)):
            yield from self._plans.find_cut(self._deadline)
        short: list[int] = []
        long: list[int] = []
        for position in everything:
            (short if self._likely_fits(position) else long).append(position)
        if self._model.counts_tokens:
            too_long: list[int] = []
            for position in long:
                fits = yield from self._fits_by_count(position)
                (short if fits else too_long).append(position)
            yield from self._send_cut(too_long)
        else:
            for position in long:
                yield from self._send_alone(position)
        yield from self._send_or_halve(sorted(short))

    def _send_or_halve(self, positions: Sequence[int]) -> Plan[None]:
        """Send texts together; halve what is refused until the refused text stands alone."""
        if not positions:
            return
        answer = yield from self._plans.send(self._select(positions), self._deadline)
        if isinstance(answer, Answer):
            self._keep(positions, answer.vectors)
            self._plans.estimate.learn(self._select(positions), answer.n_tokens)
        elif len(positions) > 1:
            middle = len(positions) // 2
            yield from self._send_or_halve(positions[:middle])
            yield from self._send_or_halve(positions[middle:])
        else:
            yield from self._settle(positions[0], answer)

    def _settle(self, position: int, refusal: Refusal) -> Plan[None]:
        """Shorten a lone refused text if its length may be the reason, else record it."""
        if not self._may_be_too_long(position) or refusal.status >= 500:
            yield from self._refuse(position, refusal)
        elif self._model.counts_tokens:
            if (yield from self._fits_by_count(position)):
                yield from self._refuse(position, refusal)
            else:
                yield from self._send_cut([position])
        else:
            yield from self._send_halved(position, refusal)

    def _send_cut(self, positions: Sequence[int]) -> Plan[None]:
        """Send texts that are too long for sure, to be cut by the server at our word."""
        if not positions:
            return
        limit = self._model.max_tokens
        answer = yield from self._plans.send(
            self._select(positions), self._deadline, truncate_to=limit
        )
        if isinstance(answer, Answer):
            assert limit is not None
            self._keep(positions, answer.vectors)
            self.outcome.truncated.update(dict.fromkeys(positions, limit))
        elif len(positions) > 1:
            middle = len(positions) // 2
            yield from self._send_cut(positions[:middle])
            yield from self._send_cut(positions[middle:])
        else:
            yield from self._refuse(positions[0], answer)

    def _send_alone(self, position: int) -> Plan[None]:
        """Send a text that may be too long; its count in the answer shows whether it was cut."""
        answer = yield from self._plans.send([self._texts[position]], self._deadline)
        if isinstance(answer, Refusal):
            yield from self._settle(position, answer)
            return
        self._keep([position], answer.vectors)
        limit = self._model.max_tokens
        if self._model.cuts and limit is not None and answer.n_tokens >= limit:
            self.outcome.truncated[position] = limit

    def _send_halved(self, position: int, refusal: Refusal) -> Plan[None]:
        """Send the first half of a refused text, the first quarter, and so on."""
        text = self._texts[position]
        for _ in range(_MAX_HALVINGS):
            text = text[: len(text) // 2]
            if not text:
                break
            answer = yield from self._plans.send([text], self._deadline)
            if isinstance(answer, Answer):
                self._keep([position], answer.vectors)
                n_tokens = answer.n_tokens or self._plans.estimate.n_tokens(text)
                self.outcome.truncated[position] = n_tokens
                return
        yield from self._refuse(position, refusal)

    def _refuse(self, position: int, refusal: Refusal) -> Plan[None]:
        """Record a refused text, once it is sure that the fault is the text's."""
        yield from self._plans.prove(self._deadline)
        self.outcome.refused[position] = refusal.reason

    def _fits_by_count(self, position: int) -> Plan[bool]:
        """Count a text's tokens; a text that cannot be counted is taken to fit."""
        limit = self._model.max_tokens
        if limit is None:
            return True
        count = yield from self._plans.count_tokens(self._texts[position], self._deadline)
        return count is None or count <= limit

    def _likely_fits(self, position: int) -> bool:
        """Tell whether a text may go with others: nothing would cut it without a word."""
        if not self._may_be_too_long(position):
            return True
        if self._model.cuts:
            return False
        limit = self._model.max_tokens
        n_tokens = self._plans.estimate.n_tokens(self._texts[position])
        return limit is None or n_tokens <= _LIKELY_FITS * limit

    def _may_be_too_long(self, position: int) -> bool:
        limit = self._model.max_tokens or _LEAST_MAX_TOKENS
        return not surely_fits(self._texts[position], limit)

    def _select(self, positions: Iterable[int]) -> list[str]:
        return [self._texts[position] for position in positions]

    def _keep(self, positions: Iterable[int], vectors: Vectors) -> None:
        self.outcome.rows.update(zip(positions, np.asarray(vectors), strict=True))
