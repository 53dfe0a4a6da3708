"""Log depths of contigs and how certain they are, from coverage.

They are what the metric sees of it. Contigs of many assemblies in many samples have depth in few of
these; what is known of a contig's depths is then far less than its log depths are, which are
computed for the contigs of one assembly at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..coverage.coverage import SHORT_READ, Coverage
from ..coverage.sparse import row_slices
from .arrays import Floats, Lengths, Mask, Rows, Values
from .thresholds import DEPTH_NOISE


@dataclass(frozen=True)
class LogDepths:
    """Log depths of n contigs, computed for those that are asked for.

    Attributes:
        coverage: in times.
        lengths: bases of each contig.
        smallest: is added to depths before logarithms are taken; of all samples, or of each.
        missing: whose depth is not known, bool [n]; None for nobody's.
        known_mean: of the log depths that are known [samples]; the others have it.
    """

    coverage: Coverage
    lengths: Lengths
    smallest: Values | float = DEPTH_NOISE.smallest_depth
    missing: Mask | None = None
    known_mean: Values | None = None

    def of(self, rows: Rows) -> tuple[Floats, Floats]:
        """Log depths and their variances, float32 [rows, samples]."""
        shape = len(rows), len(self.coverage.samples)
        log_depth, variance = (np.empty(shape, np.float32) for _ in range(2))
        for some in row_slices(len(rows), len(self.coverage.samples)):
            part, bases = self.coverage.take(rows[some]), self.lengths[rows[some]]
            log_depth[some] = np.log(part.mean[:] + self.smallest)
            variance[some] = log_depth_variance(independent_reads(part, bases), bases[:, None])
        if self.missing is not None:
            gone = self.missing[rows]
            log_depth[gone], variance[gone] = self.known_mean, DEPTH_NOISE.unknown
        return log_depth, variance

    def without(self, missing: Mask) -> LogDepths:
        """Those in which a missing depth says nothing."""
        return replace(self, missing=missing, known_mean=self._mean(np.flatnonzero(~missing)))

    def _mean(self, rows: Rows) -> Values:
        """Mean over the bases of some contigs: as numpy adds them, one after another."""
        total = np.zeros((0, len(self.coverage.samples)))
        for some in row_slices(len(rows), len(self.coverage.samples)):
            bases = self.lengths[rows[some]][:, None]
            weighed = self.of(rows[some])[0].astype(np.float64) * bases
            total = np.concatenate([total, weighed]).sum(0, keepdims=True)
        mean: Values = total[0] / self.lengths[rows].sum()
        return mean


def log_depth_variance(reads: Values, lengths: Values | Lengths) -> Values:
    """Expected variance of log depths within one genome, of contigs with so many reads.

    Args:
        reads: independent ones, float64 of any shape.
        lengths: bases of the contigs, of a shape that goes with it.
    """
    variance: Values = (
        DEPTH_NOISE.between_contigs**2
        + DEPTH_NOISE.per_read / (reads + 2)
        + DEPTH_NOISE.per_stretch**2 * DEPTH_NOISE.stretch / lengths
    )
    return variance


def independent_reads(coverage: Coverage, lengths: Lengths) -> Values:
    """Reads that would, independently, make a mean depth as certain as it is: [n, samples].

    Of reads of L bases that begin anywhere (Poisson) a contig of n bases at depth d has a mean
    depth with the relative variance L (n - L/3) / (d n^2), or (1 - n / 3L) / d if the reads are
    longer than it: each read is there over the whole contig.
    """
    n, mean = lengths[:, None].astype(np.float64), coverage.mean[:]
    reads: Values = mean * lengths[:, None] / SHORT_READ
    for s, read in enumerate(coverage.read_length):
        if read > SHORT_READ:
            share = np.where(n > read, read * (n - read / 3) / n**2, 1 - n / (3 * read))[:, 0]
            reads[:, s] = mean[:, s] / share
    return reads
