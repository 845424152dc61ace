"""Exact text search and file listing: ripgrep and the directory walk beside the index."""

import os
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from threading import BoundedSemaphore
from time import perf_counter

from benchmarks.corpora import ripgrep
from benchmarks.report import Measurement, Report, Target, interleaved, summarize
from benchmarks.text_tree import PACKAGES, QUICK_PACKAGES, package_tree
from codeintel.index.trigram import TrigramIndex
from codeintel.index.trigram_writer import TrigramWriter
from codeintel.lang.content import SourceText, read_source
from codeintel.search.globs import compile_globs
from codeintel.search.paths import PathListing
from codeintel.search.text import TextOptions, search_text
from codeintel.search.text_corpus import RepositoryText, TextCorpus
from codeintel.search.text_pattern import TextQuery
from codeintel.store.catalog import Document
from codeintel.types import TextMode

TIMES = "x ripgrep's time"
OLD, NEW = "ripgrep, a process", "index, a page of 100"
N_CLIENTS = 32

SELECTIVE = {
    "name, ignoring case": TextQuery("get_or_create"),
    "name, case kept": TextQuery("ManyToManyField", case="sensitive"),
    "call": TextQuery("transaction.atomic(", case="sensitive"),
    "words with a gap": TextQuery(r"class \w+\(models\.Model\)", regex=True, case="sensitive"),
    "alternatives": TextQuery(r"(select|prefetch)_related\(", regex=True),
    "whole word": TextQuery("QuerySet", word=True),
    "word boundaries": TextQuery(r"\bresolve_lookup_value\b", regex=True),
    "nothing": TextQuery("zqx_not_there"),
}
UNSELECTIVE = {
    "common word": TextQuery("return"),
    "one letter": TextQuery("e"),
    "every line": TextQuery(".", regex=True),
    "identifiers": TextQuery(r"\w+_\w+", regex=True),
    "no trigram, rare": TextQuery(r"[A-Z]{3}\d{4}x", regex=True, case="sensitive"),
    "no trigram, dates": TextQuery(r"\b\d{4}-\d{2}-\d{2}\b", regex=True),
}


def run(*, quick: bool) -> Report:
    report = Report("text")
    tree = package_tree(QUICK_PACKAGES if quick else PACKAGES)
    with tempfile.TemporaryDirectory() as scratch:
        texts = _texts(tree)
        part, documents = _index(report, texts, Path(scratch))
        texts.clear()
        rounds = 3 if quick else 7
        selective = [_search(report, tree, part, *item, rounds) for item in SELECTIVE.items()]
        unselective = [_search(report, tree, part, *item, rounds) for item in UNSELECTIVE.items()]
        modes = [_modes(report, tree, part, *item, rounds) for item in UNSELECTIVE.items()]
        throughput = _throughput(report, tree, part, quick=quick)
        p95_ms = _listing(report, tree, documents)
    report.targets += [
        Target("selective, worst case", min(selective), 20, "x ripgrep's speed", "at least"),
        Target("unselective, worst case", 1 / min(unselective), 1.2, TIMES, "at most"),
        Target("only files, worst case", max(m["files"] for m in modes), 1.2, TIMES, "at most"),
        Target("only counts, worst case", max(m["count"] for m in modes), 1.2, TIMES, "at most"),
        Target(f"{N_CLIENTS} clients", throughput, 20, "x ripgrep's throughput", "at least"),
        Target("index size", float(report.facts["index_share"]), 1.5, "x the corpus", "at most"),
        Target("list 1,000 paths, p95", p95_ms, 5, "ms", "at most"),
    ]
    return report


def _texts(tree: Path) -> dict[str, SourceText]:
    """Read the tree as the indexer does."""
    found = {}
    for path in sorted(p for p in tree.rglob("*") if p.is_file()):
        name = path.relative_to(tree).as_posix()
        source = read_source(name, path.read_bytes())
        if isinstance(source, SourceText):
            found[name] = source
    return dict(sorted(found.items()))


def _index(
    report: Report, texts: dict[str, SourceText], folder: Path
) -> tuple[RepositoryText, list[Document]]:
    """Write the index, timed, and open it."""
    start = perf_counter()
    writer = TrigramWriter(folder)
    for number, source in enumerate(texts.values()):
        writer.add(number, source.text)
    writer.finish()
    index_s = perf_counter() - start
    corpus_bytes = sum(len(source.text.encode()) for source in texts.values())
    index_bytes = sum(path.stat().st_size for path in folder.iterdir())
    documents = [
        Document(number, path, "", "text", source.encoding, len(source.text), 0, "")
        for number, (path, source) in enumerate(texts.items())
    ]
    start = perf_counter()
    part = RepositoryText("r", TextCorpus(documents, TrigramIndex.open(folder)))
    report.facts |= {
        "files": len(texts),
        "corpus_mb": round(corpus_bytes / 1e6, 1),
        "index_s": round(index_s, 2),
        "index_mb": round(index_bytes / 1e6, 1),
        "index_share": round(index_bytes / corpus_bytes, 3),
        "open_ms": round((perf_counter() - start) * 1e3, 1),
        "index_holds": "the texts themselves, and trigram postings over blocks of 8 KiB",
    }
    return part, documents


def _ripgrep(
    tree: Path, query: TextQuery, flag: str = "-n", *, first_lines: bool = False
) -> Callable[[], int]:
    """Give a call of ripgrep that returns the number of lines it printed."""
    case = {"smart": "-S", "ignore": "-i", "sensitive": "-s"}[query.case]
    command = [ripgrep(), "--no-config", "--no-ignore", "--hidden", flag, "--crlf"]
    command += [case, *([] if query.regex else ["-F"]), *(["-w"] if query.word else [])]
    command += ["-e", query.pattern, "."]

    def call() -> int:
        if first_lines:
            with subprocess.Popen(command, cwd=tree, stdout=subprocess.PIPE) as process:
                assert process.stdout
                n_lines = sum(1 for _, line in zip(range(100), process.stdout, strict=False))
                process.kill()
            return n_lines
        return subprocess.run(command, cwd=tree, stdout=subprocess.PIPE).stdout.count(b"\n")

    return call


def _search(
    report: Report, tree: Path, part: RepositoryText, name: str, query: TextQuery, rounds: int
) -> float:
    """Time one query both ways; gives how many times faster the index is."""
    patient = TextOptions(mode="count", limit=1, deadline_s=120, count_totals_s=120)
    page = search_text([part], query, patient)
    n_lines = _ripgrep(tree, query)()
    assert page.exhaustive, f"{name}: not counted within two minutes"
    assert page.n_matches == n_lines, f"{name}: {page.n_matches} lines, ripgrep has {n_lines}"
    variants: dict[str, Callable[[], object]] = {
        OLD: _ripgrep(tree, query),
        NEW: lambda: search_text([part], query),
    }
    if n_lines > 1_000:
        variants["ripgrep, its first 100 lines"] = _ripgrep(tree, query, first_lines=True)
    times = interleaved(variants, rounds)
    measured: dict[str, Measurement] = {}
    for variant, values in times.items():
        measured[variant] = summarize(name, variant, values, lines=n_lines)
    ratio = measured[OLD].p50_ms / measured[NEW].p50_ms
    measured[NEW].extra["times_faster"] = round(ratio, 1)
    report.measurements += measured.values()
    return ratio


def _modes(
    report: Report, tree: Path, part: RepositoryText, name: str, query: TextQuery, rounds: int
) -> dict[str, float]:
    """Time the modes that give no lines beside ripgrep's; gives our times as shares of its."""
    shares: dict[str, float] = {}
    pairs: tuple[tuple[TextMode, str], ...] = (("files", "-l"), ("count", "-c"))
    for mode, flag in pairs:
        options = TextOptions(mode=mode)
        variants: dict[str, Callable[[], object]] = {
            f"ripgrep {flag}": _ripgrep(tree, query, flag),
            f"index, mode {mode}": partial(search_text, [part], query, options),
        }
        old, new = (
            summarize(f"{name}, {mode}", variant, times)
            for variant, times in interleaved(variants, max(3, rounds // 2)).items()
        )
        page = search_text([part], query, options)
        new.extra["totals"] = "exact" if page.exhaustive else "lower bounds, after a second"
        shares[mode] = new.p50_ms / old.p50_ms
        new.extra["x_ripgrep"] = round(shares[mode], 2)
        report.measurements += [old, new]
    return shares


def _throughput(report: Report, tree: Path, part: RepositoryText, *, quick: bool) -> float:
    """Let many clients ask selective queries at once; gives the ratio of the throughputs."""
    queries = list(SELECTIVE.values())
    rates = {}
    rounds = {OLD: 1 if quick else 2, NEW: 10 if quick else 40}
    # As in the server: all wait at one door, which lets as many work as there are cores.
    door = BoundedSemaphore(os.cpu_count() or 1)

    def search(query: TextQuery) -> object:
        with door:
            return search_text([part], query)

    asks: dict[str, Callable[[TextQuery], object]] = {
        OLD: lambda query: _ripgrep(tree, query)(),
        NEW: search,
    }
    for variant, ask in asks.items():
        work = queries * (rounds[variant] * N_CLIENTS // len(queries))
        times: list[float] = []

        def timed(query: TextQuery, ask=ask, times=times) -> None:  # type: ignore[no-untyped-def]
            begun = perf_counter()
            ask(query)
            times.append(perf_counter() - begun)

        start = perf_counter()
        with ThreadPoolExecutor(N_CLIENTS) as pool:
            list(pool.map(timed, work))
        rates[variant] = len(work) / (perf_counter() - start)
        case = f"{N_CLIENTS} clients, selective"
        rate = round(rates[variant], 1)
        report.measurements.append(summarize(case, variant, times, per_second=rate))
    return rates[NEW] / rates[OLD]


def _listing(report: Report, tree: Path, documents: list[Document]) -> float:
    """List 1,000 files by a glob, from a walk and from memory; gives our p95 in milliseconds."""
    listing = PathListing("r", documents)
    globs = compile_globs(("**/*.py",), ("tests",))

    def walk() -> int:
        found = 0
        for folder, folders, names in os.walk(tree):
            folders[:] = [name for name in folders if name != "tests"]
            for name in names:
                if name.endswith(".py"):
                    found += os.stat(os.path.join(folder, name)).st_size > 0
        return found

    def ours() -> int:
        return len(listing.files(listing.select(globs, frozenset()), "", 1_000))

    start = perf_counter()
    ours()
    report.facts["first_listing_ms"] = round((perf_counter() - start) * 1e3, 1)
    names = ("directory walk", "from memory, 1,000 files")
    times = interleaved({names[0]: walk, names[1]: ours}, 20)
    for name, values in times.items():
        report.measurements.append(summarize("list paths", name, values))
    return report.measurements[-1].p95_ms
