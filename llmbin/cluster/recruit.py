"""Recruitment: which cluster every contig belongs to, with a probability.

Core contigs are those under the chosen nodes. Every other contig asks its nearest core contigs,
under the same metric that built the tree; near ones count more. What is left without a clear
majority, or is unlike every cluster, stays without one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Floats, KernelRows, Labels, Mask, Rows, Values, share_rows
from .neighbours import Neighbours
from .points import Points
from .thresholds import RECRUIT

NEXT_TO_NONE = 1e-9  # of votes: can be divided by


@dataclass(frozen=True)
class Membership:
    """Which cluster each contig is in, and how surely.

    Attributes:
        label: int32 [n], -1 for none.
        probability: of the contig's best cluster, float64 [n]: of recruitment's votes, and at last
            (`confidence.py`) of contigs in a cluster how likely they are of its genome.
        core: whether it was under a chosen node, bool [n].
        squared_distance: median from the neighbours in its best cluster, float32 [n].
        best: the cluster that most of its neighbours are in, int32 [n], -1 for none.
        doubt: chance to be of a relative of its cluster's genome (`doubt.py`), float64 [n].
    """

    label: Labels
    probability: Values
    core: Mask
    squared_distance: Floats
    best: Labels
    doubt: Values

    @property
    def clusters(self) -> int:
        """Numbers of clusters in use end below this."""
        return int(self.label.max(initial=-1)) + 1


@dataclass(frozen=True)
class Votes:
    """The nearest core contigs of each contig.

    Attributes:
        index: int32 [n, voters], nearest first; -1 where there are fewer.
        cluster: theirs, int32 [n, voters]; -1 for none.
        weight: of their votes, float64 [n, voters].
    """

    index: KernelRows
    cluster: KernelRows
    weight: Values

    def share(self, j: int) -> Values:
        """Share of all votes that the cluster of each contig's j-th neighbour has."""
        same = self.cluster == self.cluster[:, j : j + 1]
        share: Values = np.where(same, self.weight, 0).sum(1) / np.maximum(
            self.weight.sum(1), 1e-300
        )
        return share

    def take(self, rows: Rows | slice) -> Votes:
        """Those of some contigs."""
        return Votes(self.index[rows], self.cluster[rows], self.weight[rows])

    def winners(self) -> tuple[Values, Labels]:
        """The largest share, float64 [n], and whose it is, int32 [n], -1 for nobody's."""
        share, best = np.zeros(len(self.index)), np.full(len(self.index), -1, np.int32)
        for j in range(self.cluster.shape[1]):  # the first of equals wins, which is the nearest
            of_it = self.share(j)
            better = (of_it > share + 1e-12) & (self.cluster[:, j] >= 0)
            share[better], best[better] = of_it[better], self.cluster[better, j]
        return share, best

    def by_cluster(self, rows: Rows) -> tuple[KernelRows, Values]:
        """Distinct clusters of some contigs' neighbours, and their shares of the votes.

        int32 [rows, voters], -1 for none, and float64 [rows, voters].
        """
        part = self.take(rows)
        voters = range(part.cluster.shape[1])
        share = np.column_stack([part.share(j) for j in voters])
        again = np.column_stack(
            [(part.cluster[:, :j] == part.cluster[:, j : j + 1]).any(1) for j in voters]
        )
        none = again | (part.cluster < 0)
        return np.where(none, -1, part.cluster).astype(np.int32), np.where(none, 0.0, share)


def votes_of(neighbours: Neighbours, core_label: Labels) -> Votes | None:
    """Votes of the nearest contigs with a cluster, near ones for more; None if there are none."""
    labelled = int((core_label >= 0).sum())
    if not labelled:
        return None
    index, distance = neighbours.among(core_label >= 0, min(RECRUIT.voters, labelled))
    valid = index >= 0
    weight, missing = np.empty(index.shape), neighbours.points.missing

    def weigh(rows: slice) -> None:
        unknown = missing[rows] if missing is not None else None
        weight[rows] = vote_weights(distance[rows], valid[rows], unknown)

    share_rows(len(index), neighbours.resources.threads, weigh)
    return Votes(index, np.where(valid, core_label[index], -1).astype(np.int32), weight)


def vote_weights(distance: Floats, valid: Mask, missing: Mask | None) -> Values:
    """Weights of neighbours' votes by their distance, nearest first: float64 [n, voters].

    0 where a neighbour is not ``valid`` [n, voters]; of contigs whose depth is ``missing`` [n] by
    differences.
    """
    closest = np.maximum(distance[:, :1].astype(np.float64), 1e-3)
    near = np.where(valid, distance, 0) / closest
    weight: Values = np.where(valid, np.exp(-0.5 * near**2), 0.0)
    if missing is not None:
        # All distances from such a contig hold the logarithm of its variance, so only their
        # differences say something.
        weight[missing] = likelihoods(np.where(valid, distance, np.inf)[missing])
    return weight


def likelihoods(distance: Floats) -> Values:
    """Likelihood of neighbours, as against that of the nearest: float64 [n, neighbours].

    ``distance``: theirs, the nearest first, inf where there are fewer.
    """
    squared = distance.astype(np.float64) ** 2
    least = np.where(np.isfinite(squared[:, :1]), squared[:, :1], 0)
    return np.asarray(np.exp(-0.5 * (squared - least)), np.float64)


def likelihood_shares(distance: Floats) -> Values:
    """What each neighbour's likelihood is of all of them: float64 [n, neighbours]."""
    likelihood = likelihoods(distance)
    shares: Values = likelihood / np.maximum(likelihood.sum(1, keepdims=True), NEXT_TO_NONE)
    return shares


def recruit(neighbours: Neighbours, core_label: Labels) -> Membership:
    """Assign contigs by the weighted vote of their nearest core contigs.

    Args:
        neighbours: over all contigs that may be core.
        core_label: cluster of each core contig, -1 for the others.
    """
    n, points = len(core_label), neighbours.points
    label, probability = core_label.copy(), np.zeros(n)
    votes = votes_of(neighbours, core_label)
    if votes is None:
        far = np.full(n, np.inf, np.float32)
        nowhere = np.full(n, -1, np.int32)
        return Membership(label, probability, core_label >= 0, far, nowhere, np.zeros(n))
    best, threads = np.full(n, -1, np.int32), neighbours.resources.threads

    def choose(rows: slice) -> None:
        probability[rows], best[rows] = votes.take(rows).winners()

    share_rows(n, threads, choose)
    core = core_label >= 0
    in_best = votes.cluster == np.where(core, core_label, best)[:, None]
    squared = median_squared_distance(points, votes.index, in_best, threads)
    fits = (probability > RECRUIT.min_probability) & (squared <= max_squared_distance(points))
    label[~core] = np.where(fits[~core], best[~core], -1)
    outvoted = core & (best != core_label)
    probability[outvoted] = 1 - probability[outvoted]
    alone = np.flatnonzero(core)[np.bincount(core_label[core])[core_label[core]] == 1]
    probability[alone] = probability_alone(points, alone, votes.index[alone])
    return Membership(label, probability, core, squared, best, np.zeros(n))


def probability_alone(points: Points, rows: Rows, near: KernelRows) -> Values:
    """Probability that contigs which are all of their cluster's core are of their own genome.

    None of its genome votes for such a contig, so votes say nothing: each contig next to it speaks
    against it by its likelihood under one genome.

    Args:
        points: all contigs.
        rows: those that are alone.
        near: neighbours of each, int32 [rows, k].

    Returns:
        float64 [rows].
    """
    squared = points.squared_differences(rows, np.maximum(near, 0)).astype(np.float64)
    others = (near >= 0) & (near != rows[:, None])
    out: Values = 1 / (1 + np.where(others, np.exp(-0.5 * squared), 0.0).sum(1))
    return out


def max_squared_distance(points: Points) -> float:
    """Squared distance beyond which a contig is unlike a cluster, with so many samples."""
    return RECRUIT.max_squared_distance + points.samples_allowance


def median_squared_distance(
    points: Points, index: KernelRows, wanted: Mask, threads: int = 1
) -> Floats:
    """Median over the wanted neighbours of `Points.squared_differences`: float32 [n].

    ``index`` and ``wanted`` are [n, k]; inf where no neighbour is wanted.
    """
    out = np.full(len(index), np.inf, np.float32)

    def middle(rows: slice) -> None:
        squared = points.squared_differences(rows, np.maximum(index[rows], 0))
        some = wanted[rows].any(1)
        out[rows][some] = np.nanmedian(np.where(wanted[rows], squared, np.nan)[some], axis=1)

    share_rows(len(index), threads, middle)
    return out
