"""How much alike the copies of marker families in a bin are.

A lineage that has a family twice got the second gene long ago; a relative's gene is much like the
genome's own (docs/notes/2026-11-29-how-alike-copies-are.md).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..genes.matches import Genes
from ..genes.prints import SPREAD, WIDTH, Prints, words_shared

BANDS = (0.05, 0.12, 0.2, 0.3, 0.45)  # of the words that two genes could share, those that they do
KINDS = len(BANDS) + 1
LEAST_OVERLAP = 0.1  # of the profile, that both cover
MOST_COPIES = 8  # of a family in a bin, the largest, that are looked at
AT_ONCE = 1 << 16  # pairs

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


def copies_by_likeness(genes: Genes, bin_of: Ints, bins: int, markers: int) -> Floats:
    """Second copies of a bin's families on other contigs, by how much alike they are to the first.

    Args:
        genes: those of the first so many families are looked at.
        bin_of: bin of each contig, -1 for none: int64 [contigs].
        bins: their number.
        markers: number of families.

    Returns:
        float32 [bins, KINDS]: profiles that copies cover beside a larger one, from those that share
        fewest words to those that share most.
    """
    first, second, overlap = _pairs(genes, bin_of, markers)
    alike = np.empty(len(first), np.float32)
    bounds = [*range(0, len(first), AT_ONCE), len(first)]
    for begin, end in pairwise(bounds):
        rows = slice(begin, end)
        alike[rows] = words_shared(genes.prints[first[rows]], genes.prints[second[rows]])
    cover = genes.end - genes.begin
    # Of two proteins' words together, as many are shared as of what both have, had they the same.
    alike *= (cover[first] + cover[second]) / ((1 + alike) * overlap)
    return _best(genes, bin_of, bins, (second, alike, overlap))


def _pairs(genes: Genes, bin_of: Ints, markers: int) -> tuple[Ints, Ints, Floats]:
    """Genes of one family in a bin, on two contigs: the larger, the other, and what both cover."""
    rows = np.flatnonzero((bin_of[genes.contig] >= 0) & (genes.family < markers))
    key = bin_of[genes.contig[rows]] * markers + genes.family[rows]
    begin, cover = genes.begin[rows], genes.end[rows] - genes.begin[rows]
    order = np.lexsort((_mark(genes.prints[rows]), begin, -cover, key))
    rows, key = rows[order], key[order]
    starts = np.concatenate([[True], np.diff(key) != 0])[: len(key)]
    rank = np.arange(len(key)) - np.maximum.accumulate(np.where(starts, np.arange(len(key)), 0))
    found = [np.empty((2, 0), np.int64)]
    for lag in range(1, MOST_COPIES):
        later = np.flatnonzero((rank >= lag) & (rank < MOST_COPIES))
        found.append(np.stack([rows[later - lag], rows[later]]))
    first, second = np.concatenate(found, axis=1)
    overlap = np.minimum(genes.end[first], genes.end[second])
    overlap = overlap - np.maximum(genes.begin[first], genes.begin[second])
    kept = (overlap >= LEAST_OVERLAP) & (genes.contig[first] != genes.contig[second])
    return first[kept], second[kept], overlap[kept]


def _mark(prints: Prints) -> npt.NDArray[np.uint64]:
    """A number for each print, so that genes as large have an order that is not the contigs'."""
    odd = np.arange(1, 2 * WIDTH, 2, dtype=np.uint64) * SPREAD
    return np.asarray(prints.astype(np.uint64) @ odd, np.uint64)


def _best(genes: Genes, bin_of: Ints, bins: int, pairs: tuple[Ints, Floats, Floats]) -> Floats:
    """What each second copy covers, in the column of the larger one that it is most like."""
    second, alike, overlap = pairs
    order = np.lexsort((overlap, alike, second))
    last = np.append(np.diff(second[order]) != 0, True)[: len(order)]
    chosen = order[last]
    column = np.searchsorted(BANDS, alike[chosen], side="right")
    at = bin_of[genes.contig[second[chosen]]] * KINDS + column
    return np.bincount(at, overlap[chosen], bins * KINDS).reshape(bins, KINDS).astype(np.float32)
