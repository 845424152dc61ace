from hypothesis import given, settings
from hypothesis import strategies as st

from codeintel.search.globs import compile_globs
from codeintel.search.paths import PathListing
from codeintel.store.catalog import Document
from codeintel.types import PathEntry, SkippedFile, SkipReason

ANY: frozenset[str] = frozenset()


def listing(*paths: str) -> PathListing:
    documents = [
        Document(n, path, "", "python" if path.endswith(".py") else "text", "utf-8", 10 + n, n, "")
        for n, path in enumerate(sorted(paths))
    ]
    skipped = [SkippedFile("a.png", SkipReason.BINARY), SkippedFile("src/b.key", SkipReason.SECRET)]
    return PathListing("r", documents, skipped)


PATHS = ("README.md", "src/a.py", "src/b/c.py", "src/b/d.txt", "tests/t.py")


def test_files_come_in_path_order_with_their_facts() -> None:
    files = listing(*PATHS)
    entries = files.files(files.select(compile_globs(), ANY), "", 100)
    assert [entry.path for entry in entries] == sorted(PATHS)
    assert entries[1] == PathEntry(
        repo="r", path="src/a.py", language="python", size_bytes=11, n_lines=1
    )


def test_globs_and_languages_both_have_to_hold() -> None:
    files = listing(*PATHS)
    selected = files.select(compile_globs(("src",)), frozenset({"python"}))
    assert [entry.path for entry in files.files(selected, "", 9)] == ["src/a.py", "src/b/c.py"]
    assert files.select(compile_globs(("src",)), frozenset({"python"})) is selected
    assert not files.select(compile_globs(), frozenset({"zig"})).any()


def test_a_page_begins_after_a_path_even_one_that_is_gone() -> None:
    files = listing(*PATHS)
    selected = files.select(compile_globs(), ANY)
    assert [e.path for e in files.files(selected, "src/a.py", 2)] == ["src/b/c.py", "src/b/d.txt"]
    assert [e.path for e in files.files(selected, "src/b/c", 1)] == ["src/b/c.py"]
    assert files.files(selected, "zzz", 5) == []


def test_folders_sum_up_what_is_selected_below_them() -> None:
    files = listing(*PATHS)
    folders = files.folders(files.select(compile_globs(), ANY), "", 10)
    shown = [(f.path, f.kind, f.n_files, f.size_bytes, f.n_lines) for f in folders]
    assert shown == [
        ("src", "folder", 3, 36, 6),
        ("src/b", "folder", 2, 25, 5),
        ("tests", "folder", 1, 14, 4),
    ]
    selected = files.select(compile_globs(("*.txt",)), ANY)
    assert [(f.path, f.n_files) for f in files.folders(selected, "", 10)] == [
        ("src", 1),
        ("src/b", 1),
    ]
    assert [f.path for f in files.folders(selected, "src", 10)] == ["src/b"]


def test_skipped_files_are_listed_with_their_reason() -> None:
    files = listing(*PATHS)
    assert [(e.path, e.skipped) for e in files.skipped_files(compile_globs(), "", 9)] == [
        ("a.png", SkipReason.BINARY),
        ("src/b.key", SkipReason.SECRET),
    ]
    assert [e.path for e in files.skipped_files(compile_globs(("src",)), "", 9)] == ["src/b.key"]
    assert [e.path for e in files.skipped_files(compile_globs(), "a.png", 9)] == ["src/b.key"]


@settings(deadline=None)
@given(st.sets(st.from_regex(r"[ab-]{1,2}(/[ab-]{1,2}){0,2}", fullmatch=True)), st.integers(1, 4))
def test_pages_put_together_are_the_listing(paths: set[str], limit: int) -> None:
    files = listing(*paths)
    selected = files.select(compile_globs(), ANY)
    found: list[str] = []
    while page := files.files(selected, found[-1] if found else "", limit):
        found += [entry.path for entry in page]
    assert found == sorted(paths)
    counts = {entry.path: entry.n_files for entry in files.folders(selected, "", 999)}
    folders = {path[:at] for path in paths for at, char in enumerate(path) if char == "/"}
    assert counts == {
        folder: sum(path.startswith(folder + "/") for path in paths) for folder in folders
    }
