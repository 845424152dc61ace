import asyncio
import logging
import threading

import pytest

from codeintel.effort import Effort, effort
from codeintel.errors import UnsafeRepositoryError
from codeintel.server.auth import LOCAL, Principal
from codeintel.server.calls import Calls
from codeintel.server.door import Door, DoorOptions, Lane
from fake_codeintel import FakeCodeIntel


@pytest.fixture
def codeintel():
    return FakeCodeIntel()


@pytest.fixture
def ask(codeintel):
    """Call a tool as some principal and wait for the outcome."""
    door = Door()

    def ask(name, arguments=None, principal=LOCAL):
        return asyncio.run(Calls(codeintel, door).call(name, arguments, principal))

    yield ask
    door.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "Object missing required field `pattern`"),
        ({"pattern": "x", "include_glob": []}, "unknown field `include_glob`"),
        ({"pattern": "x", "limit": 0}, "limit: expected `int` >= 1"),
        ({"pattern": "x", "limit": "many"}, "limit: expected `int`, got `str`"),
        ({"pattern": "x", "case": "upper"}, "case: invalid enum value 'upper'"),
        ({"pattern": "x", "languages": "python"}, "languages: expected `array`, got `str`"),
        ({"pattern": ["x"]}, "pattern: expected `str`, got `array`"),
        ({"pattern": "x" * 5000}, "pattern: expected `str` of length <= 4000"),
    ],
)
def test_bad_arguments_are_named_with_the_valid_ones(ask, arguments, message):
    outcome = ask("search_text", arguments)
    assert outcome.code == "invalid_arguments"
    assert message in outcome.text
    assert "include_globs, exclude_globs, languages, pattern" in outcome.text


def test_a_misspelt_argument_gets_the_nearest_name(ask):
    outcome = ask("search_text", {"pattern": "x", "include_glob": ["src"]})
    assert outcome.structured["error"]["suggestions"][0] == "include_globs"


def test_numbers_may_come_as_text(ask):
    assert ask("search_text", {"pattern": "send", "limit": "5"}).code == "ok"


def test_a_domain_error_keeps_its_code_cure_and_suggestions(ask):
    error = ask("list_paths", {"scope_id": "old"}).structured["error"]
    assert error["code"] == "invalid_scope"
    assert error["cure"] == "Call set_scope again."
    outcome = ask("list_paths", {"repo": "ap"})
    assert outcome.structured["error"]["suggestions"] == ["app"]


def test_an_unknown_exception_is_logged_and_its_text_kept_from_the_caller(ask, caplog):
    with caplog.at_level(logging.ERROR):
        outcome = ask("semantic_search", {"query": "explode"})
    assert outcome.code == "internal"
    assert "secret-path" not in outcome.text
    incident = outcome.text.rpartition(" ")[2].rstrip(".")
    assert incident in caplog.text
    assert "secret-path" in caplog.text


def test_a_scope_narrows_and_values_beside_it_win(ask):
    scope_id = ask("set_scope", {"repo": "app"}).structured["scope_id"]
    scoped = ask("list_paths", {"scope_id": scope_id}).structured
    assert {entry["repo"] for entry in scoped["entries"]} == {"app"}
    other = ask("list_paths", {"scope_id": scope_id, "repo": "secret"}).structured
    assert {entry["repo"] for entry in other["entries"]} == {"secret"}


def test_equal_questions_under_way_are_answered_by_one_search(codeintel):
    async def crowd():
        calls = Calls(codeintel, Door())
        codeintel.gate.clear()
        asked = [asyncio.create_task(calls.call("index_status", {}, LOCAL)) for _ in range(20)]
        await asyncio.sleep(0.05)
        codeintel.gate.set()
        return await asyncio.gather(*asked)

    outcomes = asyncio.run(crowd())
    assert len({outcome.text for outcome in outcomes}) == 1
    assert codeintel.n_calls == 1


def test_the_event_loop_turns_while_searches_run(codeintel):
    async def crowd():
        calls = Calls(codeintel, Door())
        codeintel.gate.clear()
        asked = [
            asyncio.create_task(calls.call("search_text", {"pattern": str(n)}, LOCAL))
            for n in range(100)
        ]
        for _ in range(1000):
            await asyncio.sleep(0)
        assert not any(task.done() for task in asked)
        codeintel.gate.set()
        return await asyncio.gather(*asked)

    assert {outcome.code for outcome in asyncio.run(crowd())} == {"ok"}


class TestARestrictedPrincipal:
    """What a token may not see does not exist for it."""

    GUEST = Principal("guest", frozenset({"app"}))

    @pytest.mark.parametrize(
        ("name", "arguments"),
        [
            ("index_status", {}),
            ("list_paths", {}),
            ("list_paths", {"repo": "secret"}),
            ("list_paths", {"repo": "secre"}),
            ("list_paths", {"scope_id": "repo=secret"}),
            ("search_text", {"pattern": "launch"}),
            ("semantic_search", {"query": "launch rocket moon"}),
            ("symbol_search", {"query": "launch"}),
            ("definition_at", {"symbol": "launch_rocket"}),
            ("open_file", {"path": "plans.py"}),
            ("open_file", {"path": "plan.py"}),
            ("open_file", {"path": "plans.py", "repo": "secret"}),
            ("blame_range", {"path": "plans.py"}),
            ("file_history", {"path": "plans.py"}),
            ("set_scope", {}),
            ("set_scope", {"repo": "secret"}),
        ],
    )
    def test_learns_nothing_of_another_repository(self, ask, name, arguments):
        told = str(ask(name, arguments, self.GUEST))
        for given in arguments.values():
            told = told.replace(given.removeprefix("repo="), "")
        for leak in ("secret", "plans.py", "launch_rocket", "moon"):
            assert leak not in told

    def test_gets_the_same_answer_for_a_hidden_and_a_missing_repository(self, ask):
        hidden = ask("list_paths", {"repo": "secret"}, self.GUEST)
        missing = ask("list_paths", {"repo": "absent"}, self.GUEST)
        assert hidden.text.replace("secret", "absent") == missing.text

    def test_does_not_share_an_answer_under_way_with_one_who_sees_more(self, codeintel):
        async def crowd():
            calls = Calls(codeintel, Door())
            codeintel.gate.clear()
            asked = [
                asyncio.create_task(calls.call("list_paths", {}, who))
                for who in (LOCAL, self.GUEST)
            ]
            await asyncio.sleep(0.05)
            codeintel.gate.set()
            return await asyncio.gather(*asked)

        everything, part = asyncio.run(crowd())
        assert everything.structured["total"] == 4
        assert part.structured["total"] == 3


class TestWhatIsCheapKeepsToTheOrderOfSearches:
    """Where these wait long: else those who ask for what is cheap would keep the others waiting."""

    @pytest.mark.parametrize(
        ("tool", "arguments"),
        [("semantic_search", {"query": "send"}), ("open_file", {"path": "README.md"})],
        ids=["kept answer", "file"],
    )
    def test_it_is_answered_after_them(self, codeintel, tool, arguments):
        door = Door(DoorOptions(cpu_threads=1))
        calls = Calls(codeintel, door)
        gates = threading.Event(), threading.Event()

        async def crowd():
            await calls.call("semantic_search", {"query": "send"}, LOCAL)
            searches = [
                asyncio.create_task(door.run(Lane.CPU, gate.wait, deadline_s=60))
                for gate in (*gates, gates[1])
            ]
            await asyncio.sleep(0.15)
            gates[0].set()
            while door.load(Lane.CPU).effort is Effort.FULL:
                await asyncio.sleep(0.001)
            asked = asyncio.create_task(calls.call(tool, arguments, LOCAL))
            await asyncio.sleep(0.05)
            before = asked.done()
            gates[1].set()
            return before, await asked, await asyncio.gather(*searches)

        before, outcome, _ = asyncio.run(crowd())
        door.close()
        assert not before
        assert not outcome.is_error


class TestAnswersAreKept:
    @pytest.fixture
    def calls(self, codeintel):
        door = Door()
        yield Calls(codeintel, door)
        door.close()

    def ask(self, calls, name="semantic_search", arguments=None, principal=LOCAL):
        arguments = {"query": "send"} if arguments is None else arguments
        return asyncio.run(calls.call(name, arguments, principal))

    def test_as_long_as_the_index_stays(self, calls, codeintel):
        first = self.ask(calls)
        n_calls = codeintel.n_calls
        assert self.ask(calls) == first
        assert codeintel.n_calls == n_calls
        codeintel.stamp = 2
        self.ask(calls)
        assert codeintel.n_calls > n_calls

    def test_for_those_who_see_the_same_repositories(self, calls):
        assert self.ask(calls, arguments={"query": "moon"}).structured["hits"]
        guest = Principal("guest", frozenset({"app"}))
        answer = self.ask(calls, arguments={"query": "moon"}, principal=guest)
        assert answer.structured["hits"] == []

    def test_of_less_effort_only_while_no_more_is_to_be_had(self, codeintel, monkeypatch):
        door = Door(DoorOptions(cpu_threads=1))
        calls = Calls(codeintel, door)
        gates = threading.Event(), threading.Event()

        def search(query, **options):
            codeintel.notes = () if effort() is Effort.FULL else ("The server is busy.",)
            return FakeCodeIntel.semantic_search(codeintel, query, **options)

        monkeypatch.setattr(codeintel, "semantic_search", search)

        async def crowd():
            blocked = asyncio.create_task(door.run(Lane.CPU, gates[0].wait, deadline_s=60))
            first = asyncio.create_task(calls.call("semantic_search", {"query": "send"}, LOCAL))
            while door.load(Lane.CPU).waiting < 1:
                await asyncio.sleep(0)
            others = [
                asyncio.create_task(door.run(Lane.CPU, gates[1].wait, deadline_s=60)) for _ in "ab"
            ]
            await asyncio.sleep(0.4)
            gates[0].set()
            reduced = await first
            n_calls = codeintel.n_calls
            again = asyncio.create_task(calls.call("semantic_search", {"query": "send"}, LOCAL))
            await asyncio.sleep(0.05)
            gates[1].set()
            await asyncio.gather(blocked, *others, again)
            assert codeintel.n_calls == n_calls
            calm = await calls.call("semantic_search", {"query": "send"}, LOCAL)
            return reduced, again.result(), calm

        reduced, again, calm = asyncio.run(crowd())
        door.close()
        assert "The server is busy" in reduced.text
        assert again == reduced
        assert "The server is busy" not in calm.text

    def test_not_where_files_or_git_are_read(self, calls, codeintel):
        self.ask(calls, "open_file", {"path": "README.md"})
        n_calls = codeintel.n_calls
        self.ask(calls, "open_file", {"path": "README.md"})
        assert codeintel.n_calls > n_calls

    def test_not_where_they_are_incomplete_or_an_error(self, calls, codeintel):
        codeintel.notes = ("Searched by words alone.",)
        assert "words alone" in self.ask(calls).text
        codeintel.notes = ()
        assert "words alone" not in self.ask(calls).text
        assert self.ask(calls, arguments={"query": "x", "repo": "new"}).is_error
        codeintel.files = {**codeintel.files, "new": {}}
        assert not self.ask(calls, arguments={"query": "x", "repo": "new"}).is_error


def test_a_distrusted_repository_is_told_without_its_path(codeintel, ask, caplog):
    def distrusted(*_, **__):
        raise UnsafeRepositoryError("The repository 'app' is distrusted.", cure="trust /srv/app")

    codeintel.file_history = distrusted
    outcome = ask("file_history", {"path": "README.md"})
    assert outcome.code == "unsafe_repository"
    assert "app" in outcome.text
    assert "/srv/app" not in outcome.text + outcome.body.decode()
    assert "trust /srv/app" in caplog.text
