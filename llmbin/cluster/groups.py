"""Group distance: how far apart two groups of contigs are, were they of one genome.

    D(A, B) = |z_A - z_B|^2 / (s_A + s_B + 2 s) + sum_s (c_A - c_B)^2 / (v_A + v_B + 2 v)

z and c are means of vectors and log depths over the contigs of a group, weighted by 1 / noise; s_A
and v_A are their variances. s and v are what long stretches of one genome differ by whatever their
length (islands, strand, replication). Two groups of one genome have a D of about the number of
terms; `GroupThresholds.same_genome` is where doubt begins.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .arrays import KernelRows, Rows, Values
from .points import Points
from .thresholds import GROUPS


@dataclass(frozen=True)
class Groups:
    """Sums over the contigs of each group.

    Attributes:
        vectors: of z / noise, float64 [groups, width].
        weight: of 1 / noise, float64 [groups, 1].
        log_depth: of log depth / variance, float64 [groups, samples].
        log_depth_weight: of 1 / variance, float64 [groups, samples].
        stretch_noise: s.
        stretch_variance: v.
    """

    vectors: Values
    weight: Values
    log_depth: Values
    log_depth_weight: Values
    stretch_noise: float
    stretch_variance: float

    def distance(self, a: int | Rows, others: Rows) -> Values:
        """D between one group and others, or pair by pair: float64 [others].

        It is inf where a group has no contigs.
        """
        composition = _squared(self.vectors, self.weight, a, others, self.stretch_noise)
        depth = _squared(self.log_depth, self.log_depth_weight, a, others, self.stretch_variance)
        return composition + depth

    def of_nodes(self, left: KernelRows, right: KernelRows) -> Groups:
        """Those of all nodes of a tree whose leaves these groups are (see `tree.Tree`)."""
        from .._kernels import node_sums

        return replace(
            self,
            vectors=node_sums(self.vectors, left, right),
            weight=node_sums(self.weight, left, right),
            log_depth=node_sums(self.log_depth, left, right),
            log_depth_weight=node_sums(self.log_depth_weight, left, right),
        )

    def add(self, source: int, target: int) -> None:
        """The contigs of group ``source`` count for group ``target`` too."""
        for sums in (self.vectors, self.weight, self.log_depth, self.log_depth_weight):
            sums[target] += sums[source]


def _squared(sums: Values, weights: Values, a: int | Rows, others: Rows, spread: float) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        squared = (sums[others] / weights[others] - sums[a] / weights[a]) ** 2
        out: Values = (squared / (1 / weights[others] + 1 / weights[a] + 2 * spread)).sum(1)
    return np.where(np.isnan(out), np.inf, out)


def groups_of(points: Points, label: Rows, count: int) -> Groups:
    """Groups 0 to ``count`` - 1 of labelled contigs; those labelled -1 are in none."""
    rows = np.flatnonzero(label >= 0)
    weight = 1 / points.noise[rows].astype(np.float64)[:, None]
    log_depth_weight = 1 / points.variance[rows].astype(np.float64)
    tables = (
        points.vectors[rows] * weight,
        weight,
        points.log_depth[rows] * log_depth_weight,
        log_depth_weight,
    )
    sums = []
    for table in tables:
        total = np.zeros((count, table.shape[1]))
        np.add.at(total, label[rows], table)
        sums.append(total)
    return Groups(sums[0], sums[1], sums[2], sums[3], points.stretch_noise, points.stretch_variance)


def same_genome_distance(points: Points) -> float:
    """The D up to which two groups may be one genome, with as many samples as there are."""
    return GROUPS.same_genome + points.samples_allowance
