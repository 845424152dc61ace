"""Makes the bundled embedding model anew: ``python -m training``.

Each step leaves its result in the work folder and is skipped where that is there: a run that was
stopped continues, and a step is done again by deleting its file.
"""

import argparse
import json
import multiprocessing
import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codeintel.embedding.static import BUNDLED, StaticEmbedder
from training.card import write_card
from training.contamination import EvaluationLines
from training.corpus import mine_package
from training.dataset import Dataset, build
from training.evaluate import score_doc_comments, score_queries
from training.export import write_table
from training.packages import (
    LIST,
    Package,
    PackageError,
    debian_source_lists,
    download,
    read_list,
)
from training.recipe import Recipe

ROOT = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--work", type=Path, default=ROOT / "work", help="folder of all results")
    parser.add_argument("--packages", type=Path, default=LIST, help="pinned list (TSV)")
    parser.add_argument("--output", type=Path, default=BUNDLED, help="folder of the table")
    parser.add_argument("--card", type=Path, default=ROOT.parent / "docs" / "model.md")
    parser.add_argument("--queries", type=Path, help="queries of the development corpora (JSON)")
    parser.add_argument("--corpora", type=Path, help="folder of the development corpora")
    arguments = parser.parse_args()
    work: Path = arguments.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    recipe = Recipe()

    packages = fetch(read_list(arguments.packages), work)
    files, facts = mine(packages, work, arguments.corpora, recipe.seed)
    data = dataset(files, work, recipe)
    validation = validation_packages(data, recipe)
    vectors = trained(data, validation, work, recipe)
    write_table(
        arguments.output,
        recipe=recipe,
        words=data.words,
        costs=data.costs,
        vectors=vectors,
    )
    embedder = StaticEmbedder(arguments.output)
    scores = {"doc comments": score_doc_comments(embedder, [files[i] for i in validation])}
    if arguments.queries and arguments.corpora:
        scores |= score_queries(embedder, arguments.queries, arguments.corpora)
    (work / "scores.json").write_text(json.dumps(scores, indent=1))
    write_card(arguments.card, packages, facts, data, recipe, scores, arguments.output)
    print(json.dumps(scores, indent=1))


def fetch(packages: Sequence[Package], work: Path) -> list[Package]:
    """Download what is missing; packages that are served no more are named and left out."""
    archives = work / "archives"
    wanted = [package for package in packages if not (archives / package.key).exists()]
    if any(package.registry == "debian" for package in wanted):
        os.environ["APT_CONFIG"] = debian_source_lists(work / "apt")
    missing = set()
    for package in wanted:
        try:
            download(package, archives)
        except PackageError as error:
            missing.add(package)
            print(f"left out {package.registry} {package.name} {package.version}: {error}")
    return [package for package in packages if package not in missing]


def mine(
    packages: Sequence[Package], work: Path, corpora: Path | None, seed: int
) -> tuple[list[Path], Counter[str]]:
    """Mine all packages, on all cores; gives their files of pairs and the summed facts."""
    files = sorted(corpora.rglob("*")) if corpora else []
    evaluation = EvaluationLines(file for file in files if file.is_file())
    (work / "pairs").mkdir(exist_ok=True)
    mine_one = partial(
        mine_package,
        archives=work / "archives",
        pairs=work / "pairs",
        evaluation=evaluation,
        seed=seed,
    )
    facts: Counter[str] = Counter()
    with multiprocessing.Pool() as pool:
        for done, one in enumerate(pool.imap_unordered(mine_one, packages), 1):
            facts.update(one)
            if done % 50 == 0:
                print(f"{done} of {len(packages)} packages, {facts['pairs']} pairs", flush=True)
    return [work / "pairs" / f"{package.key}.jsonl.gz" for package in packages], facts


def dataset(files: Sequence[Path], work: Path, recipe: Recipe) -> Dataset:
    """Build the arrays, or read them where they are built."""
    path = work / "dataset.npz"
    if not path.exists():
        build(files, recipe).save(path)
    return Dataset.load(path)


def validation_packages(data: Dataset, recipe: Recipe) -> NDArray[np.int64]:
    """Choose the packages that are kept out of training."""
    rng = np.random.default_rng(recipe.seed)
    packages = np.unique(data.packages)
    n = min(recipe.validation_packages, len(packages) // 4)
    chosen = rng.choice(packages, n, replace=False)
    return np.sort(chosen).astype(np.int64)


def trained(
    data: Dataset, validation: NDArray[np.int64], work: Path, recipe: Recipe
) -> NDArray[np.float32]:
    """Train each run, or read it where it is done; gives the mean of their weighted vectors."""
    # torch is needed from here on only, and only where a run is missing.
    from training.teacher import starting_vectors
    from training.train import train

    start = work / "start.npy"
    if not start.exists():
        np.save(start, starting_vectors(data.words, recipe.dim))
    pairs = np.flatnonzero(~np.isin(data.packages, validation))
    tables = []
    for run in range(recipe.runs):
        path = work / f"run{run}.npy"
        if not path.exists():
            seed = recipe.seed + run
            report = partial(print, f"run {run}:", flush=True)
            vectors, weights = train(data, np.load(start), pairs, recipe, seed, report)
            np.save(path, vectors * weights[:, None])
        tables.append(np.load(path))
    return np.mean(tables, axis=0, dtype=np.float32)


if __name__ == "__main__":
    main()
