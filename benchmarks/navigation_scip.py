"""Compares definitions and references with what a SCIP file says, on sampled places.

    python -m benchmarks.navigation_scip index.scip PATH

PATH is the repository that the file was made for. Both ways are asked: as imported (precise), and
from the syntax alone.
"""

import random
import sys
import tempfile
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.errors import UnknownSymbolError
from codeintel.index.scip_reader import read_scip
from codeintel.types import Rung

N_SAMPLES = 400
Spot = tuple[str, int, int]


def compare(file: Path, tree: Path) -> None:
    definitions: dict[str, set[Spot]] = defaultdict(set)
    uses: dict[str, set[Spot]] = defaultdict(set)
    for document in read_scip(file):
        for o in document.occurrences:
            local = o.symbol.startswith("local ")
            symbol = f"{o.symbol} {document.path}" if local else o.symbol
            kind = definitions if o.is_definition else uses
            kind[symbol].add((document.path, o.line + 1, o.column + 1))
    # A place can have several symbols, such as a property that is named by a variable.
    at: dict[Spot, set[str]] = defaultdict(set)
    for symbol, spots in uses.items():
        for spot in spots:
            at[spot].add(symbol)
    for symbol, spots in definitions.items():
        for spot in spots & at.keys():
            at[spot].add(symbol)
    asked = [
        Asked(spot, symbols)
        for spot, symbols in sorted(at.items())
        if _is_name(tree, spot)
        and any(definitions[symbol] and "/__init__:" not in symbol for symbol in symbols)
    ]
    sample = random.Random(3).sample(asked, min(N_SAMPLES, len(asked)))
    print(f"{file.name}: {len(sample)} places")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(index_dir=Path(folder))
        with CodeIntel(tree, settings=settings) as code:
            code.index()
            _judge(code, "syntax alone", sample, definitions, uses)
            code.import_scip(file)
            _judge(code, "imported", sample, definitions, uses)


class Asked(NamedTuple):
    """A place that is asked about, and the symbols that the SCIP file has there."""

    spot: Spot
    symbols: set[str]

    def places(self, of: dict[str, set[Spot]]) -> set[Spot]:
        """Join the places of the symbols."""
        return {spot for symbol in self.symbols for spot in of[symbol]}


def _is_name(tree: Path, spot: Spot) -> bool:
    """Whether a name stands at a place, and not the path of a module in quotes."""
    path, line, column = spot
    text = _lines(tree / path)[line - 1]
    return text[column - 1].isidentifier() or text[column - 1] == "$"


@cache
def _lines(path: Path) -> list[str]:
    return path.read_text().split("\n")


def _judge(
    code: CodeIntel,
    way: str,
    sample: list[Asked],
    definitions: dict[str, set[Spot]],
    uses: dict[str, set[Spot]],
) -> None:
    # Of other places the file does not say what they mean: tests import the package as installed.
    told = {
        spot
        for symbol, spots in (*uses.items(), *list(definitions.items()))
        if definitions[symbol]
        for spot in spots
    }
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    n_uses = Counter[str]()
    for asked in sample:
        path, line, column = asked.spot
        defined, used = asked.places(definitions), asked.places(uses)
        try:
            places = code.definition_at(path=path, line=line, column=column).locations
            references = code.references_at(path=path, line=line, column=column, limit=1_000)
        except UnknownSymbolError:
            continue
        if places:
            rung = places[0].rung
            found[rung] += 1
            # Several assignments define a name; any of them is right.
            spots = {(p.path, p.line, p.column) for p in places if p.rung == rung}
            right[rung] += (
                bool(spots & defined)
                if rung != Rung.TEXTUAL
                else ((places[0].path, places[0].line, places[0].column) in defined)
            )
        listed = {(p.path, p.line, p.column) for p in references.locations}
        sure = told & {
            (p.path, p.line, p.column) for p in references.locations if p.rung != Rung.TEXTUAL
        }
        n_uses += Counter(
            expected=len(used),
            listed=len(used & listed),
            sure=len(sure),
            sure_right=len(sure & (used | defined)),
        )
    for rung, count in sorted(found.items()):
        share = count / len(sample)
        print(f"  {way}: {share:.1%} of definitions are {rung}, {right[rung] / count:.1%} right")
    print(
        f"  {way}: {n_uses['listed'] / n_uses['expected']:.1%} of the uses listed;"
        f" of those said to be sure {n_uses['sure_right'] / max(1, n_uses['sure']):.1%} right"
    )


if __name__ == "__main__":
    compare(Path(sys.argv[1]), Path(sys.argv[2]))
