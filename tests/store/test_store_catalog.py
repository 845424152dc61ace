from collections.abc import Iterator

import numpy as np
import pytest

from codeintel.config import Settings
from codeintel.context import ApplicationContext
from codeintel.effort import Wish, wished
from codeintel.errors import DeadlineExceededError
from codeintel.store.catalog import Catalog
from repositories import GitRepository


@pytest.fixture
def catalog(shop: GitRepository, settings: Settings) -> Iterator[Catalog]:
    with ApplicationContext([shop.path], settings) as context:
        served = context.select(None)[0]
        served.index(context.embedder)
        with served.live.snapshot() as snapshot:
            yield snapshot.catalog


def test_documents_are_found_by_their_ids_in_any_order(catalog: Catalog) -> None:
    ids = np.array([document.id for document in catalog.documents])
    assert catalog.positions_of(ids).tolist() == list(range(len(ids)))
    assert catalog.positions_of(ids[::-1]).tolist() == list(range(len(ids)))[::-1]


def test_unknown_documents_have_no_position(catalog: Catalog) -> None:
    known = {document.id for document in catalog.documents}
    unknown = [n for n in (0, 1, 2**47 - 1) if n not in known]
    assert catalog.positions_of(np.array(unknown)).tolist() == [-1] * len(unknown)


def test_ids_of_chosen_documents_are_ascending(catalog: Catalog) -> None:
    chosen = np.arange(len(catalog.documents)) % 2 == 0
    expected = sorted(document.id for document in catalog.documents[::2])
    assert catalog.ids_of(chosen).tolist() == expected


def test_a_definition_is_found_with_the_chunk_that_holds_its_name(catalog: Catalog) -> None:
    names = list(catalog.names())
    found = list(catalog.defining_chunks(names))
    assert {stored.definition.name for stored, _ in found} == set(names)
    for stored, chunk in found:
        line = stored.definition.name_line
        row = catalog.chunks([chunk])[chunk]
        assert row.start_line <= line <= row.end_line
        assert catalog.chunk_at(stored.document_id, line) == chunk


def test_a_line_past_the_end_has_no_chunk(catalog: Catalog) -> None:
    assert catalog.chunk_at(catalog.documents[0].id, 1_000_000) is None


def test_a_name_is_looked_up_where_its_file_first_defines_it(catalog: Catalog) -> None:
    for document in catalog.documents:
        for definition in catalog.definitions_of(document.id):
            same = [d for d in catalog.definitions_of(document.id) if d.name == definition.name]
            expected = catalog.chunk_at(document.id, same[0].name_line)
            assert catalog.chunk_defining(document.id, definition.name) == expected
        assert catalog.chunk_defining(document.id, "no_such_name") is None


def test_a_statement_that_nobody_waits_for_ends_and_the_next_one_works(catalog: Catalog) -> None:
    many = list(range(5_000))
    with wished(Wish(unwanted=True)), pytest.raises(DeadlineExceededError):
        catalog.definitions_by_id(many)
    assert len(catalog.definitions_by_id(many)) == len(list(catalog.definition_rows()))
