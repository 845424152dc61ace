"""Indexes and asks with semble: run by semble's own Python, with a job as JSON on its input.

The job names the folder of our table (`table`), where to keep it in the format of model2vec
(`model`), a folder for indexes (`scratch`), and for each repository its folder and its questions.
Printed is one JSON object: what indexing took, what each question took, and what was found.
"""

import json
import os
import resource
import shutil
import sys
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
from model2vec import StaticModel
from semble import SembleIndex
from semble.cache import save_index_to_cache
from semble.index.dense import load_model
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

_K = 10
# Words end where case or class changes, as in codeintel.embedding.words.
_BOUNDARY = (
    r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])"
)


def export(table: Path, model: Path) -> None:
    """Write our table as a model of model2vec: same words, same vectors, same cut of unknown words.

    model2vec counts a word as often as it stands there, ours by the root of that: the format has
    no place for it.
    """
    words = (table / "vocabulary.txt").read_text("ascii").split("\n")[:-1]
    costs = np.load(table / "costs.npy").tolist()
    vectors = np.load(table / "vectors.npy") * np.load(table / "scales.npy")[:, None]
    unknown = ("[UNK]", -max(costs) * 2)
    tokenizer = Tokenizer(
        models.Unigram([unknown, *zip(words, (-cost for cost in costs), strict=True)], 0, False)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFKD(),
            normalizers.StripAccents(),
            normalizers.Replace(Regex(_BOUNDARY), " "),
            normalizers.Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[^a-z0-9]+"), "removed")
    rows = np.vstack([np.zeros((1, vectors.shape[1])), vectors]).astype(np.float32)
    StaticModel(rows, tokenizer, normalize=True).save_pretrained(model)


def main() -> None:
    job = json.load(sys.stdin)
    model, scratch = Path(job["model"]), Path(job["scratch"])
    if not (model / "model.safetensors").exists():
        export(Path(job["table"]), model)
    os.environ["SEMBLE_CACHE_LOCATION"] = str(scratch)
    start = perf_counter()
    load_model(str(model))
    answer: dict[str, object] = {"load_s": perf_counter() - start, "repositories": {}}
    for name, asked in job["repositories"].items():
        answer["repositories"][name] = measure(Path(asked["folder"]), asked["queries"], str(model))
    answer["max_rss_kb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    shutil.rmtree(scratch, ignore_errors=True)
    json.dump(answer, sys.stdout)


def measure(folder: Path, queries: list[str], model: str) -> dict[str, object]:
    """Index one repository from nothing to disk, and ask its questions once warm."""
    start, cpu = perf_counter(), process_time()
    index = SembleIndex.from_path(folder, model_path=model)
    save_index_to_cache(index, str(folder))
    taken = {"index_s": perf_counter() - start, "index_cpu_s": process_time() - cpu}
    times, found = [], {}
    for query in (queries[0], *queries):
        start = perf_counter()
        results = index.search(query, top_k=_K)
        times.append(perf_counter() - start)
        found[query] = [
            (result.chunk.file_path, result.chunk.start_line, result.chunk.end_line)
            for result in results
        ]
    n_files = index.stats.indexed_files
    return {**taken, "times_s": times[1:], "found": found, "n_files": n_files}


if __name__ == "__main__":
    main()
