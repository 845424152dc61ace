"""Every number of the training run, in one place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is trained, and how.

    Attributes
    ----------
    name
        Name and version of the table.
    exponent
        A word that stands n times in a text counts ``n ** exponent``.
    path_weight, symbol_weight
        How much more the words of a document's path and of its symbol count.
    least_doc_freq, most_words
        The vocabulary: in how many texts a word has to occur, and how many words are kept.
    validation_packages
        Packages that are kept out of training to measure on.
    batch, group
        Pairs in a batch, and pairs of one package that stay together in it: negatives of the same
        package are the hard ones.
    word_weight_rate
        How much faster the weight of a word is learned than its vector.
    dropout
        Part of the words of a text that is left out at random in a training step.
    runs
        Tables that are trained from different seeds and averaged.
    """

    name: str = "codeintel-static-1"
    seed: int = 1
    dim: int = 256
    exponent: float = 0.5
    path_weight: float = 1.0
    symbol_weight: float = 1.0
    least_doc_freq: int = 6
    most_words: int = 56_000
    validation_packages: int = 40
    epochs: float = 1.5
    batch: int = 2048
    group: int = 256
    learning_rate: float = 3e-3
    word_weight_rate: float = 3.0
    temperature: float = 0.06
    dropout: float = 0.1
    runs: int = 1
