from collections.abc import Iterator

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.errors import InputError, InvalidRangeError, PathNotFoundError
from codeintel.types import Scope
from repositories import GitRepository

SEND = '''def send_{0}(connection, attempts):
    """Send a {0} again until the server takes it."""
    for attempt in range(attempts):
        try:
            return connection.send({0}, timeout=30)
        except ConnectionError:
            time.sleep(2**attempt)
    raise ConnectionError
'''


@pytest.fixture
def code(shop: GitRepository, settings: Settings) -> Iterator[CodeIntel]:
    shop.commit(
        {
            "net/letters.py": SEND.format("letter"),
            "net/parcels.py": SEND.format("parcel"),
            "tests/test_shop.py": "def test_pay():\n    assert pay(3) == 3\n",
        }
    )
    with CodeIntel(shop.path, settings=settings) as code:
        code.index()
        yield code


def test_code_like_the_code_at_a_line_is_found_first(code: CodeIntel) -> None:
    answer = code.similar_code("net/letters.py", 3)
    assert answer.query == "net/letters.py:1-8"
    assert answer.hits[0].path == "net/parcels.py"
    assert answer.hits[0].symbol == "send_parcel"
    assert all(hit.path != "net/letters.py" for hit in answer.hits)
    assert [hit.score for hit in answer.hits] == sorted(
        (hit.score for hit in answer.hits), reverse=True
    )


def test_similar_code_is_paged(code: CodeIntel) -> None:
    whole = code.similar_code("net/letters.py", 1, limit=5)
    first = code.similar_code("net/letters.py", 1, limit=2)
    second = code.similar_code("net/letters.py", 1, limit=3, cursor=first.next_cursor)
    assert [hit.path for hit in whole.hits] == [hit.path for hit in (*first.hits, *second.hits)]


def test_the_place_may_lie_outside_the_scope_that_is_searched(code: CodeIntel) -> None:
    answer = code.similar_code("net/letters.py", 1, scope=Scope(include_globs=("shop/**",)))
    assert answer.hits[0].path == "shop/retry.py"
    assert {hit.path.split("/")[0] for hit in answer.hits} == {"shop"}


def test_a_line_or_file_that_is_not_there_is_an_error(code: CodeIntel) -> None:
    with pytest.raises(InvalidRangeError, match="Line 900"):
        code.similar_code("net/letters.py", 900)
    with pytest.raises(PathNotFoundError) as caught:
        code.similar_code("net/leters.py", 1)
    assert "net/letters.py" in caught.value.suggestions
    with pytest.raises(InputError, match="limit"):
        code.similar_code("net/letters.py", 1, limit=0)


@pytest.mark.parametrize(
    ("files", "folders"),
    [("code", {"net", "shop", "web"}), ("tests", {"tests"}), ("docs", {"README.md"})],
)
def test_a_search_can_be_for_some_kind_of_file_alone(
    code: CodeIntel, files: str, folders: set[str]
) -> None:
    hits = code.semantic_search("how does the shop cart pay", files=files, limit=50).hits
    assert {hit.path.split("/")[0] for hit in hits} == folders


def test_a_path_finds_its_file_first(code: CodeIntel) -> None:
    assert code.semantic_search("tests/test_cart.py").hits[0].path == "tests/test_cart.py"
    first = code.semantic_search("prices.py:8").hits[0]
    assert first.path == "shop/prices.py"
    assert first.start_line <= 8 <= first.end_line


def test_a_stack_trace_finds_its_frames_innermost_first(code: CodeIntel) -> None:
    trace = (
        "Traceback (most recent call last):\n"
        '  File "/opt/app/shop/cart.py", line 18, in checkout\n'
        '  File "/opt/app/shop/prices.py", line 8, in total_price\n'
        "TypeError: unsupported operand\n"
    )
    hits = code.semantic_search(trace).hits
    assert [hit.path for hit in hits[:2]] == ["shop/prices.py", "shop/cart.py"]


def test_a_frame_is_found_by_its_function_when_the_lines_have_moved(code: CodeIntel) -> None:
    trace = "Error: x\n  at renderUser (web/app.ts:400:2)\n  at retry_request (shop/retry.py:1:1)"
    hits = code.semantic_search(trace).hits
    assert hits[0].path == "web/app.ts"
    assert "retry_request" in {hit.symbol for hit in hits[:3]}


def test_a_qualified_name_finds_the_definition_of_its_owner(
    repository: GitRepository, settings: Settings
) -> None:
    methods = "class {}:\n    def send(self, data):\n        return self.socket.write(data)\n"
    repository.commit(
        {f"{name.lower()}s.py": methods.format(name) for name in ("Agent", "Mailer", "Session")}
    )
    with CodeIntel(repository.path, settings=settings) as code:
        code.index()
        assert code.semantic_search("Session.send").hits[0].path == "sessions.py"
        assert code.semantic_search("Mailer.send").hits[0].path == "mailers.py"


def test_every_hit_of_two_repositories_names_its_own(
    shop: GitRepository, settings: Settings
) -> None:
    other = GitRepository(shop.path.parent / "post")
    other.commit({"net/letters.py": SEND.format("letter")})
    with CodeIntel(shop.path, other.path, settings=settings) as code:
        code.index()
        hits = code.semantic_search("send again after a connection error", limit=4).hits
        assert {(hit.repo, hit.path) for hit in hits} >= {
            ("shop", "shop/retry.py"),
            ("post", "net/letters.py"),
        }
        similar = code.similar_code("post:net/letters.py", 1).hits
        assert similar[0].repo == "shop"
        assert similar[0].path == "shop/retry.py"
