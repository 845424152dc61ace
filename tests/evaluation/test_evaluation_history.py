import json

import pytest

from codeintel.cli.main import main
from codeintel.config import Settings
from codeintel.errors import InputError
from codeintel.evaluation.commits import question_of, read_commits
from codeintel.evaluation.history import evaluate_history
from codeintel.git.repository import Repository
from repositories import SHOP, GitRepository

TAX = SHOP["shop/prices.py"].replace("0.19", "0.07")
WAIT = SHOP["shop/retry.py"].replace("2**attempt", "3**attempt")


@pytest.fixture
def history(shop: GitRepository) -> GitRepository:
    """A repository with commits of each kind; two of them make good questions."""
    shop.commit({"shop/prices.py": TAX}, "Lower the value added tax of books\n\nAs of January.")
    shop.commit({"CHANGELOG.md": "x"}, "Explain what the next release will bring")
    shop.commit({"shop/cart.py": SHOP["shop/cart.py"] + "#"}, "Let the cart have a comment")
    shop.commit({"shop/cart.py": SHOP["shop/cart.py"]}, "Bump version to 1.2")
    shop.commit({"shop/retry.py": WAIT}, "fix(net): wait longer after a ConnectionError (#12)")
    shop.commit({"shop/new.py": "x = 1\n"}, "Begin something entirely different here")
    return shop


def test_only_commits_that_make_good_questions_are_asked(history: GitRepository) -> None:
    questions = read_commits(Repository.find(history.path), limit=10)
    assert [(question.query, question.paths) for question in questions] == [
        ("Lower the value added tax of books\nAs of January.", ("shop/prices.py",)),
        ("wait longer after a ConnectionError", ("shop/retry.py",)),
    ]
    assert questions[0].parent == history.git("rev-list", "--max-parents=0", "HEAD")


def test_a_limit_spreads_over_the_history(repository: GitRepository) -> None:
    repository.commit({"a.py": "0\n"}, "Open")
    for number in range(1, 11):
        repository.commit({"a.py": f"{number}\n"}, f"Count one more sheep, number {number}")
    questions = read_commits(Repository.find(repository.path), limit=5)
    assert [question.query.rpartition(" ")[2] for question in questions] == list("13579")


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("Retry requests that time out", "Retry requests that time out"),
        ("feat(api)!: retry all requests (#123)\n", "retry all requests"),
        (
            "Retry all requests\n\nThey may\ntime out.\n\nMore.",
            "Retry all requests\nThey may time out.",
        ),
        ("Retry all requests\n\nSigned-off-by: Ada <a@b.c>", "Retry all requests"),
        ("Merge branch 'main' into topic", ""),
        ("Bump requests from 1 to 2", ""),
        ("v1.2.3 is out now", ""),
        ("Fix typo in the parser", ""),
        ("Retry requests", ""),
        ("", ""),
    ],
)
def test_a_message_is_reduced_to_what_it_tells(message: str, question: str) -> None:
    assert question_of(message) == question


def test_messages_find_the_files_that_they_changed(
    history: GitRepository, settings: Settings
) -> None:
    told: list[str] = []
    evaluation = evaluate_history(history.path, 10, settings, told.append)
    assert evaluation.n_commits == len(told) == 2
    assert set(evaluation.variants) == {"codeintel", "words alone (BM25)", "meaning alone"}
    assert evaluation.variants["codeintel"].recall_10 == 1
    assert evaluation.variants["codeintel"].behind == (0, 0, 0)
    assert not settings.index_dir.exists()


def test_each_message_is_searched_in_the_files_before_its_commit(
    repository: GitRepository, settings: Settings
) -> None:
    repository.commit({"old.py": "def greet():\n    return 'hello'\n"}, "Open")
    repository.commit(
        {"old.py": "def wave():\n    return 'bye'\n"}, "Say farewell instead of hello"
    )
    repository.git("mv", "old.py", "new.py")
    repository.commit(message="Call the module something else")
    evaluation = evaluate_history(repository.path, 10, settings)
    assert evaluation.variants["words alone (BM25)"].mrr_10 == 1


def test_a_history_without_questions_is_an_error(shop: GitRepository, settings: Settings) -> None:
    with pytest.raises(InputError, match="No commit"):
        evaluate_history(shop.path, 10, settings)


def test_the_command_prints_one_value_for_programs(
    history: GitRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", "--from-history", str(history.path), "--limit", "1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_commits"] == 1
