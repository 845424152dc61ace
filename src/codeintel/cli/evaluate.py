"""Measure retrieval quality on labelled questions, or on a repository's own history.

QUESTIONS is a JSON file: {"repositories": [{"name", "language", "queries": [{"query", "category",
"relevant": [PATH, …]}]}]}. Each repository is a folder of that name below --corpora.

--from-history asks commit messages instead, each in the files before that commit, for the files
that it changed; messages that name one of them are left out.
"""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from codeintel.cli import exit_codes
from codeintel.cli.options import add_json, positive
from codeintel.cli.terminal import Terminal


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the command's arguments."""
    questions = parser.add_mutually_exclusive_group(required=True)
    questions.add_argument(
        "questions", type=Path, nargs="?", metavar="QUESTIONS", help="file of questions"
    )
    questions.add_argument(
        "--from-history", type=Path, metavar="PATH", help="ask the commit messages of a repository"
    )
    parser.add_argument(
        "--limit",
        type=positive,
        default=100,
        metavar="N",
        help="commits to ask at most (default: 100)",
    )
    parser.add_argument(
        "--corpora", type=Path, default=Path(), metavar="DIR", help="folder of the repositories"
    )
    parser.add_argument("--save", type=Path, metavar="FILE", help="write the whole evaluation")
    parser.add_argument("--results", type=Path, metavar="FILE", help="write the results alone")
    parser.add_argument(
        "--compare", type=Path, metavar="FILE", help="compare with an evaluation that was saved"
    )
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Evaluate, and print the scores."""
    return _history(arguments) if arguments.from_history else _labelled(arguments)


def _history(arguments: Namespace) -> int:
    """Ask commit messages."""
    from codeintel.evaluation.history import evaluate_history

    terminal = Terminal()
    evaluation = evaluate_history(arguments.from_history, arguments.limit)
    if arguments.json:
        terminal.json(evaluation)
        return exit_codes.FOUND
    print(f"{evaluation.n_commits} commits of {evaluation.name}")
    print(f"{'':24} {'recall@10':>10} {'MRR@10':>8}   codeintel's MRR against it (95 %)")
    for name, score in evaluation.variants.items():
        more, low, high = score.behind
        against = f"   {more:+.4f} ({low:+.4f} to {high:+.4f})" if (low, high) != (0, 0) else ""
        print(f"{name:24} {score.recall_10:10.4f} {score.mrr_10:8.4f}{against}")
    return exit_codes.FOUND


def _labelled(arguments: Namespace) -> int:
    """Ask labelled questions."""
    import msgspec

    from codeintel.errors import InputError
    from codeintel.evaluation.metrics import paired_bootstrap
    from codeintel.evaluation.questions import read_questions
    from codeintel.evaluation.runner import Evaluation, evaluate

    terminal = Terminal()
    before = None
    if arguments.compare:
        try:
            before = msgspec.json.decode(arguments.compare.read_bytes(), type=Evaluation)
        except (OSError, msgspec.DecodeError) as error:
            raise InputError(f"'{arguments.compare}' is no saved evaluation: {error}.") from error
    evaluation = evaluate(read_questions(arguments.questions), arguments.corpora)
    if arguments.save:
        arguments.save.write_bytes(msgspec.json.encode(evaluation))
    if arguments.results:
        arguments.results.write_bytes(msgspec.json.encode(evaluation.run))
    if arguments.json:
        terminal.json(evaluation)
        return exit_codes.FOUND
    for title, scores in (
        ("repository", evaluation.by_repository),
        ("category", evaluation.by_category),
        ("language", evaluation.by_language),
        ("", {"all repositories": evaluation.overall}),
    ):
        if scores:
            print(f"{title:24} {'n':>5} {'NDCG@10':>8} {'recall@10':>10} {'MRR@10':>8}")
        for name, score in scores.items():
            print(
                f"{name:24} {score.n:5} {score.ndcg_10:8.4f} {score.recall_10:10.4f}"
                f" {score.mrr_10:8.4f}"
            )
    print(f"a question takes {evaluation.p50_ms:.2f} ms (p50), {evaluation.p95_ms:.2f} ms (p95)")
    if before is not None:
        mine = {name: score.ndcg_10 for name, score in evaluation.by_repository.items()}
        theirs = {name: score.ndcg_10 for name, score in before.by_repository.items()}
        mean, low, high = paired_bootstrap(mine, theirs)
        print(f"NDCG@10 {mean:+.4f} against {arguments.compare} (95 %: {low:+.4f} to {high:+.4f})")
    return exit_codes.FOUND
