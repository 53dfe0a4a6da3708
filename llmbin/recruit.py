"""Recruitment: which bin every contig belongs to, with a probability.

Cores are the contigs under the chosen nodes. Every other contig asks its nearest core contigs, under the same metric
that built the tree; near ones count more. What is left without a clear majority, or is unlike every bin, stays unbinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .metric import Points
from .nearest import Neighbours

NEIGHBOURS = 15
MIN_PROBABILITY = 0.7
MAX_SQUARED_DISTANCE = 25.0  # a contig of the genome is nearer than this in 99 of 100 cases (docs/measurements.md)
CHUNK = 4096


@dataclass(frozen=True)
class Membership:
    """Bin of each contig (-1: none) int32 [n], and the probability of its best bin float64 [n].

    ``core``: was under a chosen node. ``distance`` float32 [n]: median squared distance from the neighbours in its best bin.
    """

    label: npt.NDArray[np.int32]
    probability: npt.NDArray[np.float64]
    core: npt.NDArray[np.bool_]
    distance: npt.NDArray[np.float32]


def recruit(neighbours: Neighbours, core: npt.NDArray[np.int32]) -> Membership:
    """Assign contigs by the weighted vote of their nearest core contigs.

    Args:
        neighbours: over all contigs that may be core.
        core: bin of each core contig, -1 for the others.
    """
    n = len(core)
    held = np.flatnonzero(core >= 0)
    label, probability = core.copy(), np.zeros(n)
    if not len(held):
        return Membership(label, probability, core >= 0, np.full(n, np.inf, np.float32))
    k = min(NEIGHBOURS, len(held))
    index, distance = neighbours.among(core >= 0, k)
    valid = index >= 0
    closest = np.maximum(distance[:, :1].astype(np.float64), 1e-3)
    votes = np.where(valid, np.exp(-0.5 * (np.where(valid, distance, 0) / closest) ** 2), 0.0)
    bins = np.where(valid, core[index], -1)
    total = votes.sum(1)
    best = np.full(n, -1, np.int32)
    for j in range(k):  # the vote of each neighbour's bin; the first of equals wins, which is the nearest
        mine = np.where(bins == bins[:, j : j + 1], votes, 0).sum(1) / np.maximum(total, 1e-300)
        better = (mine > probability + 1e-12) & valid[:, j]
        probability[better] = mine[better]
        best[better] = bins[better, j]
    loose = core < 0
    apart = squared_distance(neighbours.points, index, bins == np.where(loose, best, core)[:, None])
    fits = (probability > MIN_PROBABILITY) & (apart <= farthest(neighbours.points))
    label[loose] = np.where(fits[loose], best[loose], -1)
    other = ~loose & (best != core)
    probability[other] = 1 - probability[other]
    return Membership(label, probability, ~loose, apart)


def farthest(points: Points) -> float:
    """Squared distance from its bin beyond which a contig is unlike it, with as many samples as there are."""
    return MAX_SQUARED_DISTANCE + points.slack


def squared_distance(points: Points, index: npt.NDArray[np.int32], wanted: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Median over the wanted neighbours [n, k] of the squared difference over its expected value; inf without any."""
    out = np.full(len(index), np.inf, np.float32)
    x, noise, c, v = points.vectors, points.noise, points.depth, points.variance
    for begin in range(0, len(index), CHUNK):
        rows = slice(begin, begin + CHUNK)
        near = np.maximum(index[rows], 0)
        squared = ((x[rows, None] - x[near]) ** 2).sum(2) / (noise[rows, None] + noise[near])
        squared += ((c[rows, None] - c[near]) ** 2 / (v[rows, None] + v[near])).sum(2)
        some = wanted[rows].any(1)
        held = np.where(wanted[rows], squared, np.nan)[some]
        out[rows][some] = np.nanmedian(held, axis=1)
    return out
