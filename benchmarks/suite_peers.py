"""codeintel beside what people use instead: semble, ripgrep and git, on the same corpora.

Questions come from the file CODEINTEL_EVAL_QUERIES about the folders below CODEINTEL_EVAL_CORPORA;
without them, those about this project's own source are asked. semble is installed from PyPI into an
environment of its own below the cache, and uses our table of words, in the format of model2vec.
"""

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

from benchmarks.corpora import cache_dir, ripgrep
from benchmarks.report import Measurement, Report, Target, summarize
from benchmarks.retrieval_questions import golden_questions, labelled_questions
from codeintel.embedding.static import BUNDLED, StaticEmbedder
from codeintel.evaluation.metrics import Result, ndcg
from codeintel.evaluation.questions import RepositoryQuestions
from codeintel.search.query import Query

SEMBLE = "semble==0.7.0"
_OURS, _SEMBLE = "codeintel", "semble"
_K = 10
_N_QUICK = 3
_ROUNDS = 3
# What asks for any of the words, ignoring case, and prints each file with its number of lines.
_SCANNERS = {
    "ripgrep": [ripgrep(), "--no-config", "--count", "--ignore-case"],
    "git grep": ["git", "grep", "--no-index", "--count", "--ignore-case", "-I"],
}

Found = dict[str, list[tuple[str, int, int]]]


def run(*, quick: bool) -> Report:
    """Index and ask (quick: three repositories, once) in processes of their own, in turn."""
    report = Report("peers")
    with tempfile.TemporaryDirectory() as scratch:
        labelled = bool(os.environ.get("CODEINTEL_EVAL_QUERIES"))
        repositories, corpora = (
            labelled_questions() if labelled else golden_questions(Path(scratch))
        )
        if not labelled:
            report.facts["questions"] = "about this project; CODEINTEL_EVAL_QUERIES is not set"
        repositories = repositories[:_N_QUICK] if quick else repositories
        job = _job(repositories, corpora, Path(scratch))
        commands = {
            _OURS: [sys.executable, "-m", "benchmarks.peers_codeintel"],
            _SEMBLE: [str(_semble()), "-I", str(Path(__file__).with_name("peers_semble.py"))],
        }
        answers: dict[str, list[dict[str, Any]]] = {name: [] for name in commands}
        for _ in range(1 if quick else _ROUNDS):
            for name, command in commands.items():
                answers[name].append(_ask(command, job))
    n_bytes = sum(_size_bytes(corpora / repository.name) for repository in repositories)
    report.facts |= {
        "repositories": len(repositories),
        "sources, MB": round(n_bytes / 1e6, 2),
        "semble": SEMBLE,
    }
    for name, rounds in answers.items():
        report.measurements += _measured(name, rounds, repositories, n_bytes)
    for name, command in _SCANNERS.items():
        report.measurements.append(_scan(name, command, repositories, corpora))
    report.targets += _targets(report.measurements)
    return report


def _job(
    repositories: tuple[RepositoryQuestions, ...], corpora: Path, scratch: Path
) -> dict[str, object]:
    """Describe what to index and to ask."""
    return {
        "table": str(BUNDLED),
        "model": str(cache_dir() / "semble" / StaticEmbedder().fingerprint),
        "scratch": str(scratch / "semble"),
        "repositories": {
            repository.name: {
                "folder": str((corpora / repository.name).resolve()),
                "queries": [question.query for question in repository.queries],
            }
            for repository in repositories
        },
    }


def _semble() -> Path:
    """Install semble once; gives its Python."""
    folder = cache_dir() / "semble" / SEMBLE
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", SEMBLE], check=True)
        (folder / "installed").touch()
    return python


def _ask(command: list[str], job: dict[str, object]) -> dict[str, Any]:
    """Let a process do the job."""
    done = subprocess.run(
        command, input=json.dumps(job), stdout=subprocess.PIPE, text=True, check=True
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _measured(
    name: str,
    rounds: list[dict[str, Any]],
    repositories: tuple[RepositoryQuestions, ...],
    n_bytes: int,
) -> list[Measurement]:
    """Sum up a peer's rounds: a repository's time is the median of its rounds."""
    names = [repository.name for repository in repositories]

    def total(fact: str) -> float:
        return float(sum(median(r["repositories"][repo][fact] for r in rounds) for repo in names))

    index_s, cpu_s = total("index_s"), total("index_cpu_s")
    times = [t for r in rounds for repo in names for t in r["repositories"][repo]["times_s"]]
    found = {repo: rounds[0]["repositories"][repo]["found"] for repo in names}
    return [
        summarize(
            "cold index",
            name,
            [index_s],
            **{
                "MB/s": round(n_bytes / index_s / 1e6, 3),
                "CPU s": round(cpu_s, 2),
                "files": sum(rounds[0]["repositories"][repo]["n_files"] for repo in names),
                "peak MB": round(max(r["max_rss_kb"] for r in rounds) / 1e3),
            },
        ),
        summarize("a question", name, times, **{"NDCG@10": round(_ndcg(found, repositories), 4)}),
    ]


def _ndcg(found: dict[str, Found], repositories: tuple[RepositoryQuestions, ...]) -> float:
    """Score what was found: the mean over repositories."""
    return mean(
        mean(
            ndcg([Result(*hit) for hit in found[r.name].get(q.query, [])], q.targets, _K)
            for q in r.queries
        )
        for r in repositories
    )


def _scan(
    name: str,
    command: list[str],
    repositories: tuple[RepositoryQuestions, ...],
    corpora: Path,
) -> Measurement:
    """Ask as one would without an index: files with most lines that have a word of the question."""
    times: list[float] = []
    found: dict[str, Found] = {}
    for repository in repositories:
        for question in repository.queries:
            words = Query.of(question.query).words or [question.query]
            patterns = [part for word in words for part in ("-e", word)]
            start = perf_counter()
            lines = subprocess.run(
                [*command, *patterns, "."],
                cwd=corpora / repository.name,
                stdout=subprocess.PIPE,
                text=True,
            ).stdout.splitlines()
            times.append(perf_counter() - start)
            files = sorted(map(_counted, lines), key=lambda file: (-file[1], file[0]))
            found.setdefault(repository.name, {})[question.query] = [
                (path, 1, sys.maxsize) for path, _ in files[:_K]
            ]
    return summarize("a question", name, times, **{"NDCG@10": round(_ndcg(found, repositories), 4)})


def _counted(line: str) -> tuple[str, int]:
    """Read "path:count"."""
    path, _, count = line.rpartition(":")
    return path.removeprefix("./"), int(count)


def _size_bytes(folder: Path) -> int:
    """Give the size of all files of a repository."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _targets(measurements: list[Measurement]) -> list[Target]:
    """Compare with semble."""
    by_name = {(m.case, m.variant): m for m in measurements}
    ours_ms, semble_ms = (by_name["cold index", name].p50_ms for name in (_OURS, _SEMBLE))
    ours, semble = (
        float(by_name["a question", name].extra["NDCG@10"]) for name in (_OURS, _SEMBLE)
    )
    return [
        Target("bytes indexed a second", semble_ms / ours_ms, 2.0, "x semble", "at least"),
        Target("NDCG@10 more than semble's", ours - semble, 0.0, "", "at least"),
    ]
