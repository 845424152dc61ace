"""Clients that ask a server all the while, and what they are answered."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import httpx

from worker_processes import until

Answer = dict[str, Any]
N_CLIENTS = 8
PATIENCE_S = 120


class Question:
    """A tool with arguments, and what tells a right answer from a wrong one.

    Arguments are made of a number, so that no answer is one that was given before.
    """

    def __init__(
        self, tool: str, right: Callable[[Answer], bool], arguments: Callable[[int], Answer]
    ) -> None:
        self.tool = tool
        self.right = right
        self.arguments = arguments


#: About the shop of `repositories.SHOP`.
QUESTIONS = (
    Question(
        "search_text",
        lambda answer: answer["n_matches"] == 1,
        lambda n: {"pattern": "def total_price", "limit": n % 900 + 1},
    ),
    Question(
        "symbol_search",
        lambda answer: answer["symbols"][0]["path"] == "shop/prices.py",
        lambda n: {"query": "total_price", "limit": n % 90 + 1},
    ),
    Question(
        "semantic_search",
        lambda answer: any(hit["path"] == "shop/prices.py" for hit in answer["hits"]),
        lambda n: {"query": f"total price of all items {n}"},
    ),
    Question(
        "open_file",
        lambda answer: answer["text"].startswith('"""The shopping cart."""'),
        lambda n: {"path": "shop/cart.py", "max_tokens": n % 9000 + 1000},
    ),
    Question(
        "file_history",
        lambda answer: answer["commits"][-1]["summary"] == "Open the shop",
        lambda n: {"path": "shop/cart.py", "limit": n % 90 + 10},
    ),
)


class Crowd:
    """What the clients were answered so far.

    Attributes
    ----------
    wrong
        Wrong answers, and errors that are not allowed.
    broken
        Requests without an answer.
    codes
        Errors that are allowed, by their code.
    notes
        Reservations of right answers.
    """

    def __init__(self, url: str, questions: Sequence[Question], allowed: Collection[str]) -> None:
        self.n_right = 0
        self.wrong: list[str] = []
        self.broken: list[str] = []
        self.codes: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()
        self._url = url
        self._questions = questions
        self._allowed = allowed
        self._numbers = count()
        self._stop = threading.Event()

    def more(self, n: int = 60) -> None:
        """Wait until so many more right answers were given."""
        enough = self.n_right + n
        until(lambda: self.n_right >= enough, PATIENCE_S)

    def ask_until_stopped(self) -> None:
        with httpx.Client(base_url=self._url, timeout=PATIENCE_S) as client:
            while not self._stop.is_set():
                number = next(self._numbers)
                question = self._questions[number % len(self._questions)]
                path, arguments = f"/v1/{question.tool}", question.arguments(number)
                try:
                    answer = client.post(path, json=arguments)
                except httpx.TransportError as error:
                    self.broken.append(repr(error))
                    continue
                self._judge(question, answer)

    def _judge(self, question: Question, answer: httpx.Response) -> None:
        content = answer.json()
        if answer.status_code == 200 and question.right(content):
            self.n_right += 1
            about = content["about"]
            for one in about if isinstance(about, list) else [about]:
                self.notes.update(one.get("notes", ()))
        elif answer.status_code != 200 and content["error"]["code"] in self._allowed:
            self.codes[content["error"]["code"]] += 1
        else:
            self.wrong.append(f"{question.tool} {answer.status_code} {answer.text[:1000]}")

    def stop(self) -> None:
        self._stop.set()


@contextmanager
def crowd(
    url: str,
    questions: Sequence[Question] = QUESTIONS,
    *,
    allowed: Collection[str] = (),
    n_clients: int = N_CLIENTS,
) -> Iterator[Crowd]:
    """Let clients ask, each without a pause, until the end of the block.

    Parameters
    ----------
    allowed
        Codes of errors that are clear enough for what goes on meanwhile.
    """
    asked = Crowd(url, questions, allowed)
    threads = [threading.Thread(target=asked.ask_until_stopped) for _ in range(n_clients)]
    for thread in threads:
        thread.start()
    try:
        asked.more()
        yield asked
    finally:
        asked.stop()
        for thread in threads:
            thread.join()
    assert asked.wrong == []
