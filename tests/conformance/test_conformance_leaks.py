"""A repository that a token does not open might as well not be there: all answers are the same."""

import asyncio
import re

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.server.auth import LOCAL, Principal
from codeintel.server.calls import Calls
from codeintel.server.door import Door
from codeintel.server.tools import TOOLS
from repositories import SHOP, GitRepository

SECRET = {
    "shop/cart.py": "class Cart:\n    def secret_discount(self):\n        return 7\n",
    "vault/rocket.rs": "fn launch_rocket() -> u32 {\n    42\n}\n",
    "vault/total.py": "def total_price():\n    return launch_rocket()\n",
}
QUESTIONS = [
    ("list_paths", {}),
    ("list_paths", {"tree": True}),
    ("list_paths", {"limit": 2}),
    ("list_paths", {"include_globs": ["vault/**"]}),
    ("list_paths", {"languages": ["rust"]}),
    ("list_paths", {"repo": "secret"}),
    ("list_paths", {"repo": "secre"}),
    ("open_file", {"path": "shop/cart.py"}),
    ("open_file", {"path": "vault/rocket.rs"}),
    ("open_file", {"path": "vault/rocket.r"}),
    ("open_file", {"path": "../secret/vault/rocket.rs"}),
    ("open_file", {"path": "vault/rocket.rs", "repo": "secret"}),
    ("open_file", {"path": "vault/rocket.rs", "rev": "main"}),
    ("search_text", {"pattern": "rocket"}),
    ("search_text", {"pattern": "total_price", "mode": "count"}),
    ("search_text", {"pattern": "def ", "limit": 1}),
    ("search_text", {"pattern": "x", "repo": "secret"}),
    ("semantic_search", {"query": "launch_rocket"}),
    ("semantic_search", {"query": "secret discount of the cart", "explain": True}),
    ("semantic_search", {"query": "vault/rocket.rs:1"}),
    ("semantic_search", {"query": "total price", "limit": 1}),
    ("similar_code", {"path": "shop/cart.py", "line": 3}),
    ("similar_code", {"path": "vault/total.py", "line": 1}),
    ("symbol_search", {"query": "launch_rocket"}),
    ("symbol_search", {"query": "Cart"}),
    ("symbol_search", {"query": "total_price", "limit": 1}),
    ("definition_at", {"symbol": "launch_rocket"}),
    ("definition_at", {"symbol": "launch_rockt"}),
    ("definition_at", {"symbol": "total_price"}),
    ("references_at", {"symbol": "total_price"}),
    ("references_at", {"symbol": "secret_discount"}),
    ("blame_range", {"path": "vault/total.py"}),
    ("blame_range", {"path": "shop/cart.py", "end_line": 2}),
    ("file_history", {"path": "vault"}),
    ("file_history", {"path": "shop/cart.py"}),
    ("related_files", {"path": "vault/total.py"}),
    ("related_files", {"path": "shop/cart.py"}),
    ("set_scope", {}),
    ("set_scope", {"repo": "secret"}),
    ("set_scope", {"include_globs": ["vault/**"]}),
    ("set_scope", {"languages": ["rust"]}),
    ("index_status", {}),
    ("index_status", {"skipped": True}),
    ("index_status", {"repo": "secret"}),
]
# What differs between any two servers: signatures, times and sizes on disk.
VARIES = re.compile(
    r'"(scope_id|next_cursor|expires|indexed_at|size_bytes)":("[^"]*"|\d+)'
    r"|scope_id=\S+|cursor=\S+|\(until [^)]*\)"
)
GUEST = Principal("guest", frozenset({"shop"}))


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Give two ways to ask: as a guest where there is a secret, and where there is none."""
    folder = tmp_path_factory.mktemp("leaks")
    shop, secret = GitRepository(folder / "shop"), GitRepository(folder / "secret")
    shop.commit(dict(SHOP), "Open the shop")
    secret.commit(dict(SECRET), "Build a rocket")
    door = Door()

    def opened(name, *repositories):
        settings = Settings(index_dir=folder / name, workers=1)
        codeintel = CodeIntel(*(r.path for r in repositories), settings=settings)
        codeintel.index()
        return codeintel

    with opened("both", shop, secret) as both, opened("one", shop) as one:

        def ask(codeintel, principal, name, arguments):
            call = Calls(codeintel, door).call(name, arguments, principal)
            outcome = asyncio.run(call)
            return tuple(
                VARIES.sub("", text) for text in (outcome.text, outcome.body.decode(), outcome.code)
            )

        yield (
            lambda name, arguments: ask(both, GUEST, name, arguments),
            lambda name, arguments: ask(one, LOCAL, name, arguments),
            lambda name, arguments: ask(both, LOCAL, name, arguments),
        )
    door.close()


@pytest.mark.parametrize(("name", "arguments"), QUESTIONS)
def test_the_answer_is_that_of_a_server_without_the_repository(ask, name, arguments):
    as_guest, without, _ = ask
    assert as_guest(name, arguments) == without(name, arguments)


def test_every_tool_is_asked():
    assert {name for name, _ in QUESTIONS} == set(TOOLS)


def test_there_is_something_to_leak(ask):
    _, without, as_owner = ask
    answers = [(as_owner(*question), without(*question)) for question in QUESTIONS]
    assert sum(whole != part for whole, part in answers) > len(QUESTIONS) / 2
