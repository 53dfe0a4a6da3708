"""Recruitment: which bin every contig belongs to, with a probability.

Cores are the contigs under the chosen nodes. Every other contig asks its nearest core contigs, under the same metric
that built the tree; near ones count more. What is left without a clear majority, or is unlike every bin, stays unbinned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .neighbours import Neighbours
from .points import Points

NEIGHBOURS = 15
MIN_PROBABILITY = 0.7
# A contig of the genome is nearer than this in 99 of 100 cases
# (docs/notes/2026-11-24-limit-of-recruitment.md).
MAX_SQUARED_DISTANCE = 25.0
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


@dataclass(frozen=True)
class Votes:
    """The nearest core contigs of each contig: their index int32, bin int32 (-1: none) and vote float64 [n, neighbours]."""

    index: npt.NDArray[np.int32]
    bins: npt.NDArray[np.int32]
    votes: npt.NDArray[np.float64]

    def share(self, j: int) -> npt.NDArray[np.float64]:
        """Share of all votes that the bin of each contig's j-th neighbour has."""
        mine: npt.NDArray[np.float64] = np.where(
            self.bins == self.bins[:, j : j + 1], self.votes, 0
        ).sum(1)
        share: npt.NDArray[np.float64] = mine / np.maximum(self.votes.sum(1), 1e-300)
        return share

    def by_bin(
        self, rows: npt.NDArray[np.integer]
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float64]]:
        """Distinct bins of some contigs' neighbours int32 [rows, neighbours], -1 for none, and their shares of the votes."""
        part = Votes(self.index[rows], self.bins[rows], self.votes[rows])
        share = np.column_stack([part.share(j) for j in range(part.bins.shape[1])])
        again = np.column_stack(
            [
                (part.bins[:, :j] == part.bins[:, j : j + 1]).any(1)
                for j in range(part.bins.shape[1])
            ]
        )
        none = again | (part.bins < 0)
        return np.where(none, -1, part.bins).astype(np.int32), np.where(none, 0.0, share)


def votes_of(neighbours: Neighbours, core: npt.NDArray[np.int32]) -> Votes | None:
    """Votes of the nearest contigs with a bin in ``core``, near ones for more; None if there are none."""
    held = int((core >= 0).sum())
    if not held:
        return None
    index, distance = neighbours.among(core >= 0, min(NEIGHBOURS, held))
    valid = index >= 0
    closest = np.maximum(distance[:, :1].astype(np.float64), 1e-3)
    votes = np.where(valid, np.exp(-0.5 * (np.where(valid, distance, 0) / closest) ** 2), 0.0)
    if (missing := neighbours.points.missing) is not None:
        # All distances from such a contig hold the logarithm of its variance, so only their differences say something.
        squared = np.where(valid, distance, np.inf)[missing].astype(np.float64) ** 2
        votes[missing] = np.exp(
            -0.5 * (squared - np.where(np.isfinite(squared[:, :1]), squared[:, :1], 0))
        )
    return Votes(index, np.where(valid, core[index], -1).astype(np.int32), votes)


def recruit(neighbours: Neighbours, core: npt.NDArray[np.int32]) -> Membership:
    """Assign contigs by the weighted vote of their nearest core contigs.

    Args:
        neighbours: over all contigs that may be core.
        core: bin of each core contig, -1 for the others.
    """
    n = len(core)
    label, probability = core.copy(), np.zeros(n)
    votes = votes_of(neighbours, core)
    if votes is None:
        return Membership(label, probability, core >= 0, np.full(n, np.inf, np.float32))
    best = np.full(n, -1, np.int32)
    for j in range(
        votes.bins.shape[1]
    ):  # the vote of each neighbour's bin; the first of equals wins, which is the nearest
        mine = votes.share(j)
        better = (mine > probability + 1e-12) & (votes.bins[:, j] >= 0)
        probability[better] = mine[better]
        best[better] = votes.bins[better, j]
    loose = core < 0
    apart = squared_distance(
        neighbours.points, votes.index, votes.bins == np.where(loose, best, core)[:, None]
    )
    fits = (probability > MIN_PROBABILITY) & (apart <= farthest(neighbours.points))
    label[loose] = np.where(fits[loose], best[loose], -1)
    other = ~loose & (best != core)
    probability[other] = 1 - probability[other]
    alone = np.flatnonzero(~loose)[np.bincount(core[~loose])[core[~loose]] == 1]
    probability[alone] = probability_alone(neighbours.points, alone, votes.index[alone])
    return Membership(label, probability, ~loose, apart)


def probability_alone(
    points: Points, rows: npt.NDArray[np.int64], near: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Probability float64 [rows] that contigs which are all of their bin's core are of a genome of their own, and not of one ``near`` them [rows, k].

    None of its genome votes for such a contig, so votes say nothing: each contig next to it speaks against it by its likelihood under one genome.
    """
    x, noise, c, v = points.vectors, points.noise, points.depth, points.variance
    there = np.maximum(near, 0)
    squared = ((x[rows, None] - x[there]) ** 2).sum(2) / (noise[rows, None] + noise[there])
    squared += ((c[rows, None] - c[there]) ** 2 / (v[rows, None] + v[there])).sum(2)
    against = np.where(
        (near >= 0) & (near != rows[:, None]), np.exp(-0.5 * squared.astype(np.float64)), 0.0
    )
    out: npt.NDArray[np.float64] = 1 / (1 + against.sum(1))
    return out


def farthest(points: Points) -> float:
    """Squared distance from its bin beyond which a contig is unlike it, with as many samples as there are."""
    return MAX_SQUARED_DISTANCE + points.slack


def squared_distance(
    points: Points, index: npt.NDArray[np.int32], wanted: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float32]:
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
