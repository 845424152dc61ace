from collections.abc import Iterator
from pathlib import Path

import pytest

from codeintel import CodeIntel
from codeintel.config import Settings
from codeintel.errors import (
    IndexMissingError,
    InputError,
    InvalidCursorError,
    InvalidGlobError,
    InvalidPatternError,
    InvalidQueryError,
    InvalidRangeError,
    InvalidScopeError,
    NotTextError,
    PathNotFoundError,
    PathOutsideRepositoryError,
    UnknownLanguageError,
    UnknownRepositoryError,
    UnknownRevisionError,
    UnknownSymbolError,
)
from codeintel.types import IndexPhase, PathOrder, Scope, SymbolKind
from repositories import SHOP, GitRepository


@pytest.fixture
def code(shop: GitRepository, settings: Settings) -> Iterator[CodeIntel]:
    with CodeIntel(shop.path, settings=settings) as code:
        code.index()
        yield code


def test_a_question_finds_the_code_that_answers_it(code: CodeIntel) -> None:
    answer = code.semantic_search("where are failed requests sent again")
    assert answer.hits[0].path == "shop/retry.py"
    assert answer.hits[0].symbol == "retry_request"
    assert "def retry_request" in answer.hits[0].text
    assert answer.about[0].complete
    assert answer.about[0].generation == 1


def test_a_name_finds_its_definition_first(code: CodeIntel) -> None:
    answer = code.semantic_search("total_price", explain=True)
    assert answer.hits[0].path == "shop/prices.py"
    explanation = answer.hits[0].explanation
    assert explanation is not None
    assert explanation["exact_name"] > 0
    assert answer.hits[0].score == pytest.approx(sum(explanation.values()), abs=1e-3)


def test_hits_are_limited_per_file_and_paged_without_repetition(code: CodeIntel) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = code.semantic_search("cart price user", limit=2, cursor=cursor)
        seen += [hit.path for hit in page.hits]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) > 3


def test_the_text_of_all_hits_stays_within_the_budget(code: CodeIntel) -> None:
    answer = code.semantic_search("cart", max_tokens=100)
    assert sum(len(hit.text) for hit in answer.hits) <= 100 * 4
    assert any(hit.truncated for hit in answer.hits)


def test_exact_text_is_found_with_line_and_column(code: CodeIntel) -> None:
    answer = code.search_text("time.sleep")
    (file,) = answer.files
    assert (file.path, file.lines[0].line, file.lines[0].columns) == ("shop/retry.py", 12, (13,))
    assert answer.exhaustive


def test_exact_search_sees_files_as_they_are_now(code: CodeIntel, shop: GitRepository) -> None:
    shop.write({"shop/cart.py": "changed = 'flamingo'\n", "new.py": "also = 'flamingo'\n"})
    (shop.path / "shop/retry.py").unlink()
    assert [f.path for f in code.search_text("flamingo").files] == ["new.py", "shop/cart.py"]
    assert code.search_text("time.sleep").n_matches == 0


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope(languages=("typescript",)), {"web/app.ts"}),
        (Scope(include_globs=("shop",)), {"shop/cart.py", "shop/prices.py", "shop/retry.py"}),
        (Scope(include_globs=("**/*.py",), exclude_globs=("shop/**",)), {"tests/test_cart.py"}),
    ],
)
def test_every_question_keeps_to_its_scope(
    code: CodeIntel, scope: Scope, expected: set[str]
) -> None:
    assert {entry.path for entry in code.list_paths(scope=scope).entries} == expected
    assert {hit.path for hit in code.semantic_search("cart price user", scope=scope).hits} <= (
        expected
    )
    assert {f.path for f in code.search_text("e", scope=scope).files} == expected
    assert {s.path for s in code.symbol_search("e", scope=scope).symbols} <= expected


def test_paths_are_listed_in_order_and_as_a_tree(code: CodeIntel) -> None:
    assert [entry.path for entry in code.list_paths().entries] == sorted(SHOP)
    folders = {entry.path: entry.n_files for entry in code.list_paths(tree=True).entries}
    assert folders["shop"] == 3


def test_a_file_is_opened_by_lines_and_at_a_revision(code: CodeIntel, shop: GitRepository) -> None:
    old = shop.git("rev-parse", "HEAD")
    shop.commit({"shop/prices.py": "VAT = 0.07\n"})
    assert code.open_file("shop/prices.py").text == "VAT = 0.07\n"
    before = code.open_file("shop/prices.py", ref=old, start_line=3, end_line=3)
    assert before.text == "VAT = 0.19\n"
    assert before.about.commit == old


def test_symbols_are_found_by_parts_of_their_names(code: CodeIntel) -> None:
    assert code.symbol_search("Cart").symbols[0].name == "Cart"
    assert [s.name for s in code.symbol_search("rUs").symbols] == ["renderUser"]
    assert [s.name for s in code.symbol_search("retry_requets").symbols] == ["retry_request"]
    assert [s.name for s in code.symbol_search("cart.add").symbols] == ["add_item"]
    assert {s.kind for s in code.symbol_search("c", kind=SymbolKind.CLASS).symbols} == {
        SymbolKind.CLASS
    }


def test_the_outline_of_a_file_is_in_file_order(code: CodeIntel) -> None:
    names = [symbol.name for symbol in code.outline("shop/cart.py").symbols]
    assert names.index("Cart") < names.index("add_item") < names.index("checkout")


def test_a_definition_is_found_from_its_use(code: CodeIntel) -> None:
    use = code.search_text("return total_price").files[0].lines[0]
    answer = code.definition_at(path="shop/cart.py", line=use.line, column=18)
    assert answer.symbol == "total_price"
    place = answer.locations[0]
    assert (place.path, place.line) == ("shop/prices.py", 6)
    assert place.definition is not None
    assert place.definition.doc == "Add up prices with value added tax."


def test_references_name_what_encloses_them(code: CodeIntel) -> None:
    answer = code.references_at(symbol="total_price")
    places = {(place.path, place.enclosing) for place in answer.locations}
    assert ("shop/cart.py", "Cart.checkout") in places
    assert answer.n_files == 1


def test_blame_and_history_tell_the_commits(code: CodeIntel, shop: GitRepository) -> None:
    second = shop.commit(
        {"shop/prices.py": SHOP["shop/prices.py"].replace("0.19", "0.20")}, "Raise the tax"
    )
    history = code.file_history("shop/prices.py")
    assert [commit.summary for commit in history.commits] == ["Raise the tax", "Open the shop"]
    blame = code.blame_range("shop/prices.py", 3, 3)
    assert [span.sha for span in blame.spans] == [second]
    assert blame.commits[second].author == "Ada Author"


def test_a_scope_id_holds_its_scope(code: CodeIntel) -> None:
    scope = Scope(include_globs=("shop",))
    answer = code.set_scope(scope)
    assert answer.n_files == 3
    assert code.resolve_scope(answer.scope_id) == scope
    for forged in ("", "x", answer.scope_id[:-2] + "AA", "ä"):
        with pytest.raises(InvalidScopeError):
            code.resolve_scope(forged)


def test_status_counts_what_is_indexed_and_what_is_not(
    code: CodeIntel, shop: GitRepository
) -> None:
    shop.write({"logo.png": b"\0"})
    code.index()
    (status,) = code.index_status(skipped=True).repositories
    assert status.phase is IndexPhase.READY
    assert status.n_files == len(SHOP)
    assert status.skipped == {"binary": 1}
    assert [file.path for file in status.skipped_files] == ["logo.png"]


def test_before_the_first_index_questions_say_so(shop: GitRepository, settings: Settings) -> None:
    with CodeIntel(shop.path, settings=settings) as code:
        assert code.index_status().repositories[0].phase is IndexPhase.MISSING
        with pytest.raises(IndexMissingError, match="codeintel index"):
            code.semantic_search("cart")
        assert code.open_file("README.md").n_lines == 3


def test_several_repositories_are_searched_together(
    shop: GitRepository, settings: Settings, tmp_path: Path
) -> None:
    bank = GitRepository(tmp_path / "bank")
    bank.commit({"bank.py": "def transfer_money(account):\n    return account\n"})
    with CodeIntel(shop.path, bank.path, settings=settings) as code:
        code.index()
        assert code.repositories == ("shop", "bank")
        assert {hit.repo for hit in code.semantic_search("money price account").hits} == {
            "shop",
            "bank",
        }
        only = Scope(repo="bank")
        assert {hit.repo for hit in code.semantic_search("money", scope=only).hits} == {"bank"}
        assert code.open_file("bank.py").repo == "bank"
        assert code.open_file("bank:bank.py").repo == "bank"
        hidden = code.restricted_to({"shop"})
        assert hidden.repositories == ("shop",)
        with pytest.raises(UnknownRepositoryError) as caught:
            hidden.search_text("account", scope=only)
        assert "bank" not in caught.value.suggestions


def test_merging_keeps_every_answer(code: CodeIntel, shop: GitRepository) -> None:
    shop.commit({"shop/gift.py": "def wrap_gift(paper):\n    return paper\n"})
    code.index()
    before = code.semantic_search("wrap a gift in paper")
    (report,) = code.merge()
    assert report.changed
    after = code.semantic_search("wrap a gift in paper")
    assert [hit.path for hit in after.hits] == [hit.path for hit in before.hits]
    assert not code.merge()[0].changed


BAD_CALLS = [
    (lambda c: c.semantic_search(""), InvalidQueryError),
    (lambda c: c.semantic_search("x" * 20_000), InvalidQueryError),
    (lambda c: c.semantic_search("cart", limit=0), InputError),
    (lambda c: c.semantic_search("cart", cursor="nonsense"), InvalidCursorError),
    (lambda c: c.search_text("("), None),
    (lambda c: c.search_text("(", regex=True), InvalidPatternError),
    (lambda c: c.list_paths(scope=Scope(include_globs=("[",))), InvalidGlobError),
    (lambda c: c.list_paths(scope=Scope(languages=("pyton",))), UnknownLanguageError),
    (lambda c: c.list_paths(scope=Scope(repo="shep")), UnknownRepositoryError),
    (lambda c: c.open_file("shop/card.py"), PathNotFoundError),
    (lambda c: c.open_file("../shop/shop/cart.py"), PathOutsideRepositoryError),
    (lambda c: c.open_file("/etc/passwd"), PathOutsideRepositoryError),
    (lambda c: c.open_file(".git/config"), PathNotFoundError),
    (lambda c: c.open_file(".env"), NotTextError),
    (lambda c: c.open_file("shop/cart.py", start_line=5, end_line=4), InvalidRangeError),
    (lambda c: c.open_file("shop/cart.py", start_line=500), InvalidRangeError),
    (lambda c: c.open_file("shop/cart.py", ref="nowhere"), UnknownRevisionError),
    (lambda c: c.open_file("shop/cart.py", ref="--output=x"), UnknownRevisionError),
    (lambda c: c.blame_range("shop/cart.py", 3, 1), InvalidRangeError),
    (lambda c: c.blame_range("shop/card.py"), PathNotFoundError),
    (lambda c: c.file_history("nowhere.py"), PathNotFoundError),
    (lambda c: c.definition_at(symbol="no_such_name"), UnknownSymbolError),
    (lambda c: c.definition_at(symbol="cart\0"), UnknownSymbolError),
    (lambda c: c.definition_at(), InputError),
    (lambda c: c.list_paths(order="size", tree=True), InputError),
    (lambda c: c.list_paths(order="size", skipped=True), InputError),
    (lambda c: c.list_paths(scope=Scope(include_globs=("\udcff*",))), InvalidGlobError),
    (lambda c: c.definition_at(path="shop/cart.py", line=999), InvalidRangeError),
    (lambda c: c.set_scope(Scope(include_globs=("nothing/**",))), InvalidScopeError),
]


@pytest.mark.parametrize(("call", "error"), BAD_CALLS)
def test_bad_input_is_a_clear_error(code: CodeIntel, call, error) -> None:  # type: ignore[no-untyped-def]
    if error is None:
        call(code)
        return
    with pytest.raises(error) as caught:
        call(code)
    assert caught.value.message
    assert str(Path.home()) not in str(caught.value)


def test_an_unknown_path_is_answered_with_the_nearest(code: CodeIntel) -> None:
    with pytest.raises(PathNotFoundError) as caught:
        code.open_file("shop/card.py")
    assert "shop/cart.py" in caught.value.suggestions


def test_files_are_listed_by_size_and_time(code: CodeIntel, shop: GitRepository) -> None:
    sizes = {e.path: e.size_bytes for e in code.list_paths(order="size", limit=1_000).entries}
    assert list(sizes.values()) == sorted(sizes.values(), reverse=True)
    middle = sorted(sizes.values())[len(sizes) // 2]
    found = code.list_paths(min_bytes=middle)
    assert {entry.path for entry in found.entries} == {p for p, n in sizes.items() if n >= middle}
    assert found.total == len(found.entries)
    assert all(e.size_bytes <= middle for e in code.list_paths(max_bytes=middle).entries)
    assert code.list_paths(modified_since="2001-01-01").total == len(sizes)
    assert code.list_paths(modified_since="2999-01-01T00:00:00+00:00", tree=True).entries == ()
    with pytest.raises(InputError, match="no time"):
        code.list_paths(modified_since="soon")


@pytest.mark.parametrize("order", ["path", "size", "modified"])
def test_every_order_is_paged_without_repetition(code: CodeIntel, order: PathOrder) -> None:
    seen: list[str] = []
    cursor = None
    while True:
        page = code.list_paths(order=order, limit=2, cursor=cursor)
        seen += [entry.path for entry in page.entries]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(seen) == sorted(SHOP)
    assert page.total == len(SHOP)


def test_files_that_are_not_indexed_are_listed_with_the_reason(
    code: CodeIntel, shop: GitRepository
) -> None:
    (shop.path / "logo.png").write_bytes(b"\x89PNG\0\0")
    code.index()
    listed = code.list_paths(skipped=True)
    assert [(entry.path, entry.skipped) for entry in listed.entries] == [("logo.png", "binary")]
    assert listed.total == 1


def test_several_ranges_of_a_file_are_read_under_one_budget(code: CodeIntel) -> None:
    answer = code.open_file("shop/retry.py", ranges=[(3, 4), (1, 1)])
    lines = SHOP["shop/retry.py"].splitlines(keepends=True)
    (further,) = answer.further
    assert (answer.text, further.text) == ("".join(lines[2:4]), lines[0])
    assert (answer.start_line, answer.end_line, further.start_line) == (3, 4, 1)
    cut = code.open_file("shop/retry.py", ranges=[(1, 1), (2, None)], max_bytes=len(lines[0]))
    assert cut.text == lines[0]
    assert cut.further[0].truncated
    with pytest.raises(InputError, match="ranges"):
        code.open_file("shop/retry.py", start_line=1, ranges=[(1, 2)])


def test_a_broken_repository_does_not_take_the_others_down(
    shop: GitRepository, tmp_path: Path, settings: Settings
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "more.py").write_text("def total_price():\n    return 1\n")
    with CodeIntel(shop.path, other, settings=settings) as code:
        code.index(scope=Scope(repo=shop.path.name))
        for answer in (
            code.search_text("total_price"),
            code.semantic_search("total_price"),
            code.symbol_search("total_price"),
            code.list_paths(),
            code.references_at(symbol="total_price"),
        ):
            (about,) = answer.about
            assert about.repo == shop.path.name
            assert not about.complete
            assert any("'other' is not searched" in note for note in about.notes)
        assert not code.search_text("total_price").exhaustive
        with pytest.raises(IndexMissingError):
            code.search_text("total_price", scope=Scope(repo="other"))


@pytest.mark.parametrize(
    ("path", "target", "error"),
    [
        ("plain.txt", ".env", NotTextError),
        ("config.txt", ".git/config", PathNotFoundError),
        ("folder", ".git", PathNotFoundError),
    ],
)
def test_no_link_opens_what_is_not_opened_by_its_name(
    code: CodeIntel, shop: GitRepository, path: str, target: str, error: type[Exception]
) -> None:
    shop.write({".env": "PASSWORD=hunter2\n"})
    (shop.path / path).symlink_to(target)
    with pytest.raises(error):
        code.open_file(f"{path}/config" if path == "folder" else path)


def test_a_file_may_begin_with_a_tilde(code: CodeIntel, shop: GitRepository) -> None:
    shop.write({"~$notes.py": "x = 1\n"})
    assert code.open_file("~$notes.py").text == "x = 1\n"
    with pytest.raises(PathOutsideRepositoryError):
        code.open_file("~/notes.py")


def test_a_refused_path_is_not_suggested_itself(code: CodeIntel, shop: GitRepository) -> None:
    shop.write({"shop/carts.py": "x = 1\n"})
    code.index()
    with pytest.raises(PathNotFoundError) as caught:
        code.blame_range("shop/carts.py")
    assert "shop/cart.py" in caught.value.suggestions
    assert "shop/carts.py" not in caught.value.suggestions


def test_an_answer_names_the_present_commit_also_where_no_file_changed(
    code: CodeIntel, shop: GitRepository
) -> None:
    first = code.search_text("price").about[0]
    shop.git("commit", "-q", "--allow-empty", "-m", "nothing")
    code.index()
    second = code.search_text("price").about[0]
    assert second.commit == shop.git("rev-parse", "HEAD") != first.commit
    assert second.generation == first.generation


def test_an_index_in_what_it_indexes_is_not_indexed(shop: GitRepository) -> None:
    with CodeIntel(shop.path, settings=Settings(index_dir=shop.path / ".idx")) as code:
        code.index()
        assert not code.index()[0].changed
        assert not any(entry.path.startswith(".idx") for entry in code.list_paths().entries)
        assert shop.git("status", "--porcelain") == ""
