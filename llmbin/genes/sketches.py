"""Sketches of contigs: a few of their words, by which a genome is known again in other pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

SKETCH_RATE = 512  # a power of two: one in so many words; a genome of 3 Mb has some 6,000

Hashes = npt.NDArray[np.uint32]
Ends = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sketches:
    """Of n contigs: hashes of one in `SKETCH_RATE` of their spaced words.

    ``words`` uint32 [words], contig by contig; ``ends`` int64 [n], where those of each end.
    """

    words: Hashes
    ends: Ends

    def of_groups(self, label: npt.NDArray[np.integer], groups: int) -> list[Hashes]:
        """The words of each group of contigs, each once, ascending.

        Args:
            label: the group of each contig, int [n], -1 for none.
            groups: how many there are.
        """
        of_word = np.repeat(label, np.diff(self.ends, prepend=0))
        order = np.argsort(of_word, kind="stable")
        bounds = np.searchsorted(of_word[order], np.arange(groups + 1))
        return [np.unique(self.words[order[a:b]]) for a, b in pairwise(bounds)]


def no_sketches() -> Sketches:
    """Of no contigs."""
    return Sketches(np.empty(0, np.uint32), np.empty(0, np.int64))


def thinned(words: npt.NDArray[np.uint32], ends: Ends) -> Sketches:
    """Sketches of contigs, of more of their words.

    Args:
        words: uint32 [words, 2]: hash, and place; of one in `SKETCH_RATE` or more.
        ends: int64 [n]: where the words of each contig end.
    """
    kept = np.flatnonzero((words[:, 0] & (SKETCH_RATE - 1)) == 0)
    return Sketches(words[kept, 0], np.searchsorted(kept, ends).astype(np.int64))


def join_sketches(parts: Sequence[Sketches]) -> Sketches:
    """Those of all parts, in a row."""
    parts = [no_sketches(), *parts]
    begins = np.cumsum([0, *(len(part.words) for part in parts[:-1])]).tolist()
    return Sketches(
        np.concatenate([part.words for part in parts]),
        np.concatenate([part.ends + begin for part, begin in zip(parts, begins, strict=True)]),
    )
