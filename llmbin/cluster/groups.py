"""How far apart two parts of genomes are, in units of what is expected within one genome.

    D(A, B) = |z_A - z_B|^2 / (s_A + s_B + 2 s) + sum_s (c_A - c_B)^2 / (v_A + v_B + 2 v)

z and c are means of vectors and log depths over the contigs of a part, weighted by 1 / noise; s_A and v_A are their variances.
s and v are what long stretches of one genome differ by whatever their length (islands, strand, replication). Two parts of one
genome have a D of about the number of terms; `SAME_GENOME` is where doubt begins (docs/notes/2026-11-25-noise-cores-cut-and-joining.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .points import Points

SAME_GENOME = 40.0

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Parts:
    """Sums over the contigs of each part: 1 / noise [parts, 1 or samples], and values over noise [parts, dims or samples]."""

    z: Values
    z_weight: Values
    depth: Values
    depth_weight: Values
    stretch_noise: float
    stretch_variance: float
    slack: float

    @property
    def same_genome(self) -> float:
        """The D up to which two parts may be one genome, with as many samples as there are."""
        return SAME_GENOME + self.slack

    def distance(self, a: int, others: npt.NDArray[np.int64]) -> Values:
        """D between one part and others: float64 [others]; inf where a part has no contigs."""
        vectors = _squared(self.z, self.z_weight, a, others, self.stretch_noise)
        return vectors + _squared(self.depth, self.depth_weight, a, others, self.stretch_variance)

    def add(self, source: int, target: int) -> None:
        """The contigs of part ``source`` count for part ``target`` too."""
        for sums in (self.z, self.z_weight, self.depth, self.depth_weight):
            sums[target] += sums[source]


def _squared(
    sums: Values, weights: Values, a: int, others: npt.NDArray[np.int64], spread: float
) -> Values:
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = (sums[others] / weights[others] - sums[a] / weights[a]) ** 2
        out: Values = (apart / (1 / weights[others] + 1 / weights[a] + 2 * spread)).sum(1)
    return np.where(np.isnan(out), np.inf, out)


def parts_of(points: Points, label: npt.NDArray[np.integer], count: int) -> Parts:
    """Parts 0 to ``count`` - 1 of labelled contigs; those labelled -1 are in none."""
    rows = np.flatnonzero(label >= 0)
    weight = 1 / points.noise[rows].astype(np.float64)[:, None]
    depth_weight = 1 / points.variance[rows].astype(np.float64)
    tables = (
        points.vectors[rows] * weight,
        weight,
        points.depth[rows] * depth_weight,
        depth_weight,
    )
    sums = []
    for table in tables:
        total = np.zeros((count, table.shape[1]))
        np.add.at(total, label[rows], table)
        sums.append(total)
    return Parts(
        sums[0],
        sums[1],
        sums[2],
        sums[3],
        points.stretch_noise,
        points.stretch_variance,
        points.slack,
    )
