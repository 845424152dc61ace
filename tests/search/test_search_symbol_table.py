"""The table of symbols of a generation, made from the one of the generation before."""

import random
from pathlib import Path

import numpy as np
import pytest

from codeintel import CodeIntel
from codeintel.index.snapshot import LiveIndex
from codeintel.search.symbol_table import SymbolTable, symbol_table_of
from codeintel.store import catalog_writer
from codeintel.store.schema import connect

NAMES = ("cart", "Cart", "price", "retry", "tea", "user")
KINDS = ("def {}():\n    return {}()\n", "class {}:\n    total = {}\n", "{} = {}\n")


def some_code(draw):
    parts = (
        draw.choice(KINDS).format(draw.choice(NAMES) + draw.choice(("", "_1", "_2")), uses)
        for uses in draw.choices(NAMES, k=draw.randrange(4))
    )
    return "\n\n".join(parts) + "\n"


def change(draw, folder, share=0.2):
    for number in range(20):
        path = folder / f"{draw.choice(('tests', 'shop'))}" / f"m{number}.py"
        path.parent.mkdir(exist_ok=True)
        if draw.random() < share:
            path.write_text(some_code(draw))
        elif draw.random() < share / 4:
            path.unlink(missing_ok=True)


def state_of(table):
    columns = [column.tolist() for column in table._definitions]
    arrays = (table._uses, table._bounds, table._document, table._penalty)
    return table._names.names, columns, [array.tolist() for array in arrays]


@pytest.fixture
def code(tmp_path, settings):
    (tmp_path / "code").mkdir()
    with CodeIntel(tmp_path / "code", settings=settings) as code:
        yield code


@pytest.fixture
def live(code):
    (repository,) = code._context.select(None)
    live = LiveIndex(repository.store)
    yield live
    live.close()


@pytest.mark.parametrize("seed", range(4))
def test_a_table_made_from_an_older_one_is_the_one_made_anew(tmp_path, code, live, seed):
    draw = random.Random(seed)
    change(draw, tmp_path / "code", share=1)
    for step in range(12):
        code.index(full=step == 5)
        # Some generations nobody asks.
        if step not in {3, 6, 7}:
            with live.snapshot() as snapshot:
                derived, anew = symbol_table_of(snapshot), SymbolTable(snapshot)
                assert state_of(derived) == state_of(anew)
        change(draw, tmp_path / "code", share=0.8 if step == 4 else 0.1)


@pytest.mark.parametrize("returns", [False, True])
def test_content_that_is_stored_no_longer_is_not_taken_for_known(
    tmp_path, code, live, returns, monkeypatch
):
    monkeypatch.setattr(catalog_writer, "KEEP_GENERATIONS", 2)
    folder = tmp_path / "code"
    texts = {f"m{n}.py": f"def run_{n}():\n    return run_0() + run_{n}()\n" for n in range(14)}
    for name, text in texts.items():
        (folder / name).write_text(text)
        code.index()
    with live.snapshot() as snapshot:
        before = symbol_table_of(snapshot)
    (folder / "m3.py").unlink()
    for generation in range(4):
        (folder / "m8.py").write_text(f"def run_8():\n    return {generation}\n")
        code.index()
    if returns:
        (folder / "m3.py").write_text(texts["m3.py"])
        code.index()
    with live.snapshot() as snapshot:
        assert state_of(SymbolTable(snapshot, before)) == state_of(SymbolTable(snapshot))


def test_what_is_derived_is_handed_down_also_through_generations_that_nobody_asks(
    tmp_path, code, live
):
    seen = []

    def count(before):
        seen.append(before)
        return 1 if before is None else before + 1

    for generation in range(4):
        (tmp_path / "code" / "app.py").write_text(f"def run_{generation}():\n    pass\n")
        code.index()
        with live.snapshot() as snapshot:
            if generation != 2:
                snapshot.derived("count", count)
                snapshot.derived("count", count)
    assert seen == [None, 1, 2]


def test_only_what_changed_is_read_anew(tmp_path, code, live):
    for name in ("one", "two"):
        (tmp_path / "code" / f"{name}.py").write_text(f"def {name}():\n    pass\n")
    code.index()
    with live.snapshot() as snapshot:
        before = symbol_table_of(snapshot)
    (tmp_path / "code" / "two.py").write_text("def three():\n    pass\n")
    code.index()
    # Whoever read all would come across what no table has.
    with connect(Path(live.store.root / "catalog.sqlite")) as database:
        database.execute("UPDATE definitions SET name = 'changed' WHERE name = 'one'")
        database.commit()
    database.close()
    with live.snapshot() as snapshot:
        assert SymbolTable(snapshot, before)._names.names == ("one", "three")
        assert SymbolTable(snapshot)._names.names == ("changed", "three")


def test_without_definitions_the_table_is_empty(tmp_path, code, live):
    (tmp_path / "code" / "notes.txt").write_text("tea\n")
    code.index()
    with live.snapshot() as snapshot:
        table = symbol_table_of(snapshot)
        found = table.find("tea", kind=None, among=None, accept=None, most=5)
        assert (found.best, found.total) == ([], 0)
        assert np.array_equal(SymbolTable(snapshot, table)._bounds, table._bounds)
