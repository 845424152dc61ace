"""Trains word vectors and word weights so that queries lie near the code they are about.

Symmetric InfoNCE over batches that are made of groups of pairs of one package each.
"""

import math
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from training.dataset import KINDS, Bags, Dataset
from training.recipe import Recipe

# Pairs of these kinds are right about the file, not about the place in it: for them, other pairs
# of the same file are no negatives.
_ABOUT_THE_FILE = ("path", "header", "member", "neighbour")
_WARM_UP_STEPS = 100
_LAST_RATE = 0.03
_LEAST_GROUP = 16


class StaticModel(torch.nn.Module):
    """The table while it is trained: the same sum that `codeintel.embedding.static` computes."""

    def __init__(self, vectors: NDArray[np.float32], data: Dataset, recipe: Recipe) -> None:
        super().__init__()
        idf = np.log(2 * len(data.kinds) / (data.doc_freq + 1)).clip(0.2, 12)
        self.vectors = torch.nn.Parameter(torch.from_numpy(vectors.copy()))
        self.log_weights = torch.nn.Parameter(torch.from_numpy(np.log(idf / 6).astype(np.float32)))
        self.log_scale = torch.nn.Parameter(torch.tensor(math.log(1 / recipe.temperature)))
        self._sides = [_tensors(bags) for bags in (data.queries, data.codes)]
        self._dropout = recipe.dropout

    def embed(self, side: int, pairs: NDArray[np.int64]) -> Tensor:
        """Embed the queries (side 0) or the codes (side 1) of some pairs."""
        bags, tokens, in_text = self._sides[side]
        positions, firsts = bags.take(pairs)
        where = torch.from_numpy(positions)
        chosen = tokens[where].long()
        weights = in_text[where] * torch.exp(self.log_weights[chosen])
        if self.training and self._dropout:
            weights = weights * (torch.rand_like(weights) > self._dropout)
        summed = functional.embedding_bag(
            chosen,
            self.vectors,
            torch.from_numpy(firsts),
            mode="sum",
            per_sample_weights=weights,
        )
        return functional.normalize(summed, dim=1)

    def loss(self, pairs: NDArray[np.int64], data: Dataset) -> Tensor:
        """Symmetric InfoNCE over a batch."""
        scores = self.embed(0, pairs) @ self.embed(1, pairs).T
        scores = scores * self.log_scale.exp().clamp(max=100)
        scores = scores.masked_fill(_no_negatives(pairs, data), -1e4)
        own = torch.arange(len(pairs))
        return 0.5 * (
            functional.cross_entropy(scores, own) + functional.cross_entropy(scores.T, own)
        )


def _tensors(bags: Bags) -> tuple[Bags, Tensor, Tensor]:
    return bags, torch.from_numpy(bags.tokens), torch.from_numpy(bags.weights)


def _no_negatives(pairs: NDArray[np.int64], data: Dataset) -> Tensor:
    loose = np.isin(data.kinds[pairs], [KINDS.index(kind) for kind in _ABOUT_THE_FILE])
    files = data.files[pairs]
    mask = (files[:, None] == files[None, :]) & (loose[:, None] | loose[None, :])
    np.fill_diagonal(mask, False)
    return torch.from_numpy(mask)


def train(
    data: Dataset,
    vectors: NDArray[np.float32],
    pairs: NDArray[np.int64],
    recipe: Recipe,
    seed: int,
    progress: Callable[[str], None],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Train on some pairs, from starting vectors; gives the vectors and weights of all words."""
    torch.set_num_threads(1)  # sums in one order: the same bytes every time
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = StaticModel(vectors, data, recipe)
    rates = [recipe.learning_rate, recipe.learning_rate * recipe.word_weight_rate, 1e-3]
    parameters = [model.vectors, model.log_weights, model.log_scale]
    optimizer = torch.optim.Adam(
        [{"params": [p], "lr": rate} for p, rate in zip(parameters, rates, strict=True)],
        betas=(0.9, 0.98),
        eps=1e-9,
    )
    started = time.perf_counter()
    seen = 0
    for step, batch in enumerate(_batches(data, pairs, recipe, rng)):
        part = _rate(step, seen / (recipe.epochs * len(pairs)))
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * part
        optimizer.zero_grad(set_to_none=True)
        loss = model.loss(batch, data)
        loss.backward()
        optimizer.step()
        seen += len(batch)
        if step % 50 == 0:
            seconds = time.perf_counter() - started
            progress(f"step {step}, {seen} pairs, loss {loss.item():.3f}, {seconds:.0f} s")
    with torch.no_grad():
        return model.vectors.numpy().copy(), model.log_weights.exp().numpy().copy()


def _rate(step: int, done: float) -> float:
    """Give the part of the full learning rate: a short warm-up, then a cosine."""
    cosine = 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))
    return min(1.0, (step + 1) / _WARM_UP_STEPS) * (cosine * (1 - _LAST_RATE) + _LAST_RATE)


def _batches(
    data: Dataset, pairs: NDArray[np.int64], recipe: Recipe, rng: np.random.Generator
) -> Iterator[NDArray[np.int64]]:
    """Give batches until the recipe's epochs are over, each epoch in another order."""
    by_package = [pairs[data.packages[pairs] == p] for p in np.unique(data.packages[pairs])]
    if len(pairs) < recipe.batch:
        raise ValueError(f"{len(pairs)} pairs do not fill a batch of {recipe.batch}")
    total = recipe.epochs * len(pairs)
    seen = 0
    while seen < total:
        groups = []
        for members in by_package:
            shuffled = rng.permutation(members)
            cuts = [shuffled[i : i + recipe.group] for i in range(0, len(members), recipe.group)]
            groups += [cut for cut in cuts if len(cut) > _LEAST_GROUP]
        batch: list[NDArray[np.int64]] = []
        for number in rng.permutation(len(groups)):
            batch.append(groups[number])
            if sum(map(len, batch)) >= recipe.batch:
                joined = np.concatenate(batch)
                yield joined
                seen += len(joined)
                batch = []
                if seen >= total:
                    return
