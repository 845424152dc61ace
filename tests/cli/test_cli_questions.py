"""The commands that answer a question, run on a real repository."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codeintel.types import (
    BlameAnswer,
    FileAnswer,
    HistoryAnswer,
    NavigationAnswer,
    PathsAnswer,
    SearchAnswer,
    StatusAnswer,
    SymbolsAnswer,
    TextAnswer,
)
from repositories import GitRepository

Cli = Callable[..., Any]


def test_the_first_search_builds_the_index_and_answers(cli: Cli, in_shop: GitRepository) -> None:
    outcome = cli("search", "where are requests sent again after a failure")
    assert outcome.code == 0
    assert outcome.lines[0].startswith("shop/retry.py:")
    assert "retry_request" in outcome.out
    assert "building the index" in outcome.err
    assert "building the index" not in cli("search", "retry").err


def test_a_search_sees_files_that_were_changed_since(cli: Cli, in_shop: GitRepository) -> None:
    cli("index")
    in_shop.write({"zebra.py": "def count_zebras():\n    return 3\n"})
    assert cli("search", "count zebras").lines[0].startswith("zebra.py:1-2  function count_zebras")
    (in_shop.path / "zebra.py").unlink()
    assert "zebra.py" not in cli("search", "count zebras").out


def test_hits_can_be_limited_and_explained(cli: Cli, in_shop: GitRepository) -> None:
    outcome = cli("search", "price", "--limit", "1", "--explain", "--json")
    (hit,) = outcome.json["hits"]
    assert hit["explanation"]
    assert cli("search", "price", "--limit", "1").err.endswith(
        f"more: --cursor {outcome.json['next_cursor']}\n"
    )
    following = cli("search", "price", "-n", "1", "--cursor", outcome.json["next_cursor"], "--json")
    assert following.json["hits"][0]["path"] != hit["path"] or (
        following.json["hits"][0]["start_line"] != hit["start_line"]
    )


def test_grep_prints_path_line_and_text(cli: Cli, in_shop: GitRepository) -> None:
    outcome = cli("grep", r"def \w+_price")
    assert (outcome.code, outcome.out) == (0, "shop/prices.py:6:def total_price(items):\n")


def test_grep_takes_a_fixed_text_words_and_case(cli: Cli, in_shop: GitRepository) -> None:
    assert cli("grep", "-F", "2**attempt").lines == [
        "shop/retry.py:12:            time.sleep(2**attempt)"
    ]
    assert cli("grep", "-w", "price").code == 0
    assert cli("grep", "-w", "pric").code == 1
    assert cli("grep", "cart", "-c", "shop/cart.py").lines == ["shop/cart.py:4"]
    assert cli("grep", "-s", "cart", "-c", "shop/cart.py").lines == ["shop/cart.py:3"]
    assert cli("grep", "-i", "Tea").out == cli("grep", "tea").out != cli("grep", "Tea").out


def test_grep_shows_context_with_a_dash_and_gaps_between(cli: Cli, in_shop: GitRepository) -> None:
    assert cli("grep", "^(import|raise|    raise)", "-C", "1", "shop/retry.py").lines == [
        "shop/retry.py-2-",
        "shop/retry.py:3:import time",
        "shop/retry.py-4-",
        "--",
        "shop/retry.py-12-            time.sleep(2**attempt)",
        "shop/retry.py:13:    raise ConnectionError",
    ]


def test_grep_lists_files_in_a_folder_of_a_language(cli: Cli, in_shop: GitRepository) -> None:
    assert cli("grep", "-l", "Cart", "tests").lines == ["tests/test_cart.py"]
    assert cli("grep", "-l", "return", "-t", "typescript").lines == ["web/app.ts"]
    assert cli("grep", "-l", "tea", "--exclude", "*.md").lines == ["tests/test_cart.py"]
    assert cli("grep", "-l", "import", ".", "-g", "*cart*").lines == [
        "shop/cart.py",
        "tests/test_cart.py",
    ]
    assert cli("grep", "-l", "import", "shop", "-g", "*cart*").lines == ["shop/cart.py"]
    assert cli("grep", "-l", "import", "tests", "-g", "!*.md").lines == ["tests/test_cart.py"]
    assert cli("grep", "-l", "import", "tests", "-g", "!/test_cart.py").code == 1
    assert cli("grep", "-l", "import", "tests", "--exclude", "/test_cart.py").code == 1
    assert cli("grep", "-l", "import", "shop/cart.py", "-g", "*.md").lines == ["shop/cart.py"]
    assert cli("grep", "-l", "import", "shop/cart.py", "-g", "!*.md").lines == ["shop/cart.py"]


def test_a_named_file_that_is_not_indexed_is_told(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({".gitignore": "built/\n", "built/x.py": "x = 1\n", "data.bin": b"x = 1\0"})
    outcome = cli("grep", "x = 1", "data.bin", "built/x.py", "shop/cart.py")
    assert outcome.err.splitlines()[-3:] == [
        "note: 'data.bin' is not indexed: binary",
        "note: 'built/x.py' is not indexed: git ignores it, or it holds no file",
        "nothing found",
    ]


def test_a_file_named_like_a_line_of_another_is_opened(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({"notes:3": "three\n"})
    assert "three" in cli("show", "notes:3").out


def test_a_file_of_a_repository_inside_is_asked_of_that_one(
    cli: Cli, in_shop: GitRepository
) -> None:
    inner = GitRepository(in_shop.path / "inner")
    inner.commit({"deep.py": "x = 1\n"})
    assert cli("blame", "inner/deep.py").code == 0


def test_grep_prints_every_match_of_a_large_file(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({"numbers.txt": "".join(f"number {n}\n" for n in range(2500))})
    assert len(cli("grep", "number .").lines) == 2500
    answer = cli("grep", "number .", "--json").json
    assert [len(file["lines"]) for file in answer["files"]] == [2500]
    assert len(cli("grep", "number .", "-n", "10").lines) == 10


def test_nothing_found_is_exit_code_1_and_said_on_stderr(cli: Cli, in_shop: GitRepository) -> None:
    cli("index")
    outcome = cli("grep", "no_such_thing")
    assert (outcome.code, outcome.out, outcome.err) == (1, "", "nothing found\n")


def test_paths_read_from_where_the_user_stands(
    cli: Cli, in_shop: GitRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(in_shop.path / "shop")
    assert cli("grep", "-l", "Cart").lines == ["cart.py"]
    assert cli("grep", "-l", "Cart", "..").lines == ["cart.py", "../tests/test_cart.py"]
    assert cli("show", "../tests/test_cart.py:1").out == "from shop.cart import Cart\n"
    monkeypatch.chdir("/")
    (line,) = cli("grep", "-l", "renderUser", in_shop.path).lines
    assert Path("/", line) == in_shop.path / "web" / "app.ts"
    assert cli("show", line + ":1").out.startswith("export interface User")


def test_files_are_listed_flat_long_or_as_a_tree(cli: Cli, in_shop: GitRepository) -> None:
    assert cli("files").lines == [
        "README.md",
        "shop/cart.py",
        "shop/prices.py",
        "shop/retry.py",
        "tests/test_cart.py",
        "web/app.ts",
    ]
    assert cli("files", "web", "--long").out.split() == ["135", "5", "typescript", "web/app.ts"]
    assert cli("files", "--tree").lines == ["shop/  3", "tests/  1", "web/  1"]
    assert "more of 6 paths: --cursor" in cli("files", "-n", "2").err


def test_show_prints_the_bytes_of_the_lines_asked_for(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({"dos.txt": "one\r\ntwo\r\nthree"})
    assert cli("show", "dos.txt:2-3").out == "two\r\nthree"
    assert cli("show", "shop/prices.py:3").out == "VAT = 0.19\n"
    assert cli("show", "shop/prices.py").out == (in_shop.path / "shop/prices.py").read_text()


def test_show_reads_a_file_at_a_revision(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.git("rm", "-q", "shop/retry.py")
    in_shop.commit(message="Give up")
    assert cli("show", "shop/retry.py").code == 2
    outcome = cli("show", "shop/retry.py:3", "--ref", "HEAD~1")
    assert (outcome.code, outcome.out) == (0, "import time\n")


def test_symbols_are_found_by_name_and_by_file(cli: Cli, in_shop: GitRepository) -> None:
    assert cli("symbols", "Cart", "-n", "1").lines[0].startswith("shop/cart.py:6-18  class Cart")
    names = [line.split()[2] for line in cli("symbols", "--file", "shop/cart.py").lines]
    assert names == ["Cart", "Cart.__init__", "Cart.items", "Cart.add_item", "Cart.checkout"]
    kinds = cli("symbols", "checkout", "--kind", "method", "--json").json["symbols"]
    assert {symbol["kind"] for symbol in kinds} == {"method"}


def test_a_definition_is_found_by_name_and_from_a_use(cli: Cli, in_shop: GitRepository) -> None:
    by_name = cli("definition", "total_price")
    assert by_name.lines[0].startswith("shop/prices.py:6:5: def total_price(items):")
    from_use = cli("definition", "shop/cart.py:18:16")
    assert from_use.lines[0].startswith("shop/prices.py:6:5:")


def test_references_name_the_function_around_them(cli: Cli, in_shop: GitRepository) -> None:
    lines = cli("references", "total_price").lines
    assert any(line.startswith("shop/cart.py:18:16:") and "checkout" in line for line in lines)


def test_blame_groups_lines_by_commit(cli: Cli, in_shop: GitRepository) -> None:
    first = in_shop.git("rev-parse", "HEAD")
    in_shop.write({"README.md": "# Shop\n\nA shop that sells coffee.\n"})
    second = in_shop.commit(message="Sell coffee")
    lines = cli("blame", "README.md").lines
    assert [line.split()[:2] for line in lines] == [
        ["1-2", f"^{first[:10]}"],
        ["3-3", second[:10]],
    ]
    assert lines[1].endswith("Sell coffee")
    assert len(cli("blame", "README.md:3").lines) == 1


def test_history_lists_commits_newest_first(cli: Cli, in_shop: GitRepository) -> None:
    in_shop.write({"README.md": "# Shop\n"})
    in_shop.commit(message="Shorten")
    lines = cli("history", "README.md").lines
    assert [line.rpartition("  ")[2] for line in lines] == ["Shorten", "Open the shop"]
    assert len(cli("history", "README.md", "-n", "1").lines) == 1
    assert cli("history", "README.md", "--author", "nobody").code == 1


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("search", "cart"), SearchAnswer),
        (("grep", "cart"), TextAnswer),
        (("files",), PathsAnswer),
        (("show", "README.md"), FileAnswer),
        (("symbols", "Cart"), SymbolsAnswer),
        (("symbols", "--file", "shop/cart.py"), SymbolsAnswer),
        (("definition", "Cart"), NavigationAnswer),
        (("references", "Cart"), NavigationAnswer),
        (("blame", "README.md"), BlameAnswer),
        (("history", "README.md"), HistoryAnswer),
        (("status",), StatusAnswer),
    ],
)
def test_every_answer_is_printed_as_its_struct(
    cli: Cli, in_shop: GitRepository, words: tuple[str, ...], answer: type
) -> None:
    import msgspec

    cli("index")
    outcome = cli(*words, "--json")
    assert outcome.code == 0
    assert len(outcome.lines) == 1
    msgspec.json.decode(outcome.out, type=answer, strict=True)


def test_several_repositories_are_asked_at_once(
    cli: Cli, in_shop: GitRepository, tmp_path: Path
) -> None:
    other = GitRepository(tmp_path / "bakery")
    other.commit({"bread.py": "def bake_bread():\n    return 'tea'\n"})
    lines = cli("grep", "-l", "tea", in_shop.path, other.path).lines
    assert lines == ["shop:README.md", "shop:tests/test_cart.py", "bakery:bread.py"]
    outcome = cli("grep", "tea", in_shop.path / "web", other.path)
    assert outcome.code == 2
    assert "is a part of one repository" in outcome.err
