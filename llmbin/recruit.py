"""Recruitment: which bin every contig belongs to, with a probability.

Cores are the contigs under the chosen nodes. Every other contig asks its nearest core contigs, under the same metric
that built the tree; near ones count more. What is left without a clear majority stays unbinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .metric import Points

NEIGHBOURS = 15
MIN_PROBABILITY = 0.7


@dataclass(frozen=True)
class Membership:
    """Bin of each contig (-1: none) int32 [n], and the probability of its best bin float64 [n]; core: was under a chosen node."""

    label: npt.NDArray[np.int32]
    probability: npt.NDArray[np.float64]
    core: npt.NDArray[np.bool_]


def recruit(points: Points, core: npt.NDArray[np.int32], threads: int = 1) -> Membership:
    """Assign contigs by the weighted vote of their nearest core contigs.

    Args:
        core: bin of each core contig, -1 for the others.
    """
    from ._kernels import neighbours

    n = len(core)
    held = np.flatnonzero(core >= 0).astype(np.int32)
    label, probability = core.copy(), np.zeros(n)
    if not len(held):
        return Membership(label, probability, core >= 0)
    rows = np.arange(n, dtype=np.int32)
    k = min(NEIGHBOURS, len(held))
    index, distance = neighbours(*points.arrays(), rows, held, k, threads)
    valid = index >= 0
    nearest = np.maximum(distance[:, :1].astype(np.float64), 1e-3)
    votes = np.where(valid, np.exp(-0.5 * (np.where(valid, distance, 0) / nearest) ** 2), 0.0)
    bins = np.where(valid, core[index], -1)
    total = votes.sum(1)
    best = np.full(n, -1, np.int32)
    for j in range(k):  # the vote of each neighbour's bin; the first of equals wins, which is the nearest
        mine = np.where(bins == bins[:, j : j + 1], votes, 0).sum(1) / np.maximum(total, 1e-300)
        better = (mine > probability + 1e-12) & valid[:, j]
        probability[better] = mine[better]
        best[better] = bins[better, j]
    loose = core < 0
    label[loose] = np.where(probability[loose] > MIN_PROBABILITY, best[loose], -1)
    agree = ~loose & (best != core)
    probability[agree] = 1 - probability[agree]
    return Membership(label, probability, ~loose)
