"""Questions about this project's own source, as someone new to it would ask them."""

import shutil
from pathlib import Path

import pytest

import codeintel
from codeintel.config import Settings
from codeintel.evaluation.metrics import covers, reciprocal_rank
from codeintel.evaluation.questions import read_questions
from codeintel.evaluation.runner import evaluate

QUESTIONS = Path(__file__).parent / "ranking" / "questions.json"


def test_questions_about_this_project_find_their_files(tmp_path: Path, settings: Settings) -> None:
    source = Path(codeintel.__file__).parent
    shutil.copytree(source, tmp_path / "codeintel", ignore=shutil.ignore_patterns("__pycache__"))
    questions = read_questions(QUESTIONS)
    (repository,) = questions.repositories
    for question in repository.queries:
        for target in question.targets:
            assert (source / target.path).is_file(), f"{target.path} was moved: mend the question"
    run = evaluate(questions, tmp_path, settings).run["codeintel"]
    ranks = []
    lines = []
    for question in repository.queries:
        results = run[question.query]
        value = reciprocal_rank(results, question.targets)
        ranks.append(round(1 / value) if value else 99)
        first = results[0].path if results else "nothing"
        right = any(covers(result, t) for result in results[:1] for t in question.targets)
        lines.append(f"{ranks[-1]:3}  {question.query}" + ("" if right else f"  (first: {first})"))
    n = len(ranks)
    recall_1, recall_5 = (sum(rank <= k for rank in ranks) / n for k in (1, 5))
    mrr = sum(1 / rank for rank in ranks if rank < 99) / n
    summary = f"recall@1 {recall_1:.3f}  recall@5 {recall_5:.3f}  MRR {mrr:.3f}\n"
    if recall_1 < 0.60 or recall_5 < 0.85 or mrr < 0.74:
        pytest.fail(summary + "\n".join(lines))
    print(summary + "\n".join(lines))
