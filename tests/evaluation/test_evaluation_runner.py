import json
from pathlib import Path

import pytest

from codeintel.cli.main import main
from codeintel.config import Settings
from codeintel.errors import InputError
from codeintel.evaluation.questions import read_questions
from codeintel.evaluation.runner import evaluate
from repositories import GitRepository

QUESTIONS = {
    "repositories": [
        {
            "name": "shop",
            "language": "python",
            "queries": [
                {"query": "retry_request", "category": "symbol", "relevant": ["shop/retry.py"]},
                {"query": "value added tax", "relevant": ["shop/prices.py"], "unknown": 1},
                {"query": "tea", "relevant": [{"path": "gone.py", "start_line": 1, "end_line": 2}]},
            ],
        }
    ]
}


@pytest.fixture
def questions(shop: GitRepository) -> Path:
    path = shop.path.parent / "questions.json"
    path.write_text(json.dumps(QUESTIONS))
    return path


def test_questions_are_scored_by_repository_category_and_language(
    questions: Path, settings: Settings
) -> None:
    evaluation = evaluate(read_questions(questions), questions.parent, settings)
    assert evaluation.overall.n == 3
    assert evaluation.overall.recall_10 == pytest.approx(2 / 3)
    assert evaluation.by_repository["shop"].mrr_10 == pytest.approx(2 / 3)
    assert evaluation.by_category["symbol"].ndcg_10 == 1
    assert set(evaluation.by_language) == {"python"}
    assert evaluation.run["shop"]["retry_request"][0].path == "shop/retry.py"


def test_a_repository_without_a_folder_is_an_error(questions: Path, settings: Settings) -> None:
    with pytest.raises(InputError, match="no folder"):
        evaluate(read_questions(questions), questions.parent / "elsewhere", settings)


@pytest.mark.parametrize("content", ["[", "{}", '{"repositories": [{"name": 1}]}'])
def test_a_file_that_holds_no_questions_is_an_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "questions.json"
    path.write_text(content)
    with pytest.raises(InputError, match="right form"):
        read_questions(path)


def test_a_run_is_compared_with_a_saved_one(
    questions: Path,
    settings: Settings,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CODEINTEL_INDEX_DIR", str(settings.index_dir))
    saved = questions.with_name("saved.json")
    command = ["eval", str(questions), "--corpora", str(questions.parent)]
    assert main([*command, "--save", str(saved)]) == 0
    assert main([*command, "--compare", str(saved)]) == 0
    assert "+0.0000 against" in capsys.readouterr().out
