"""From vectors and coverage to points of the calibrated metric."""

from __future__ import annotations

import numpy as np

from ..coverage.coverage import SHORT_READ, Coverage
from ..model.pack import Projector
from ..model.projector import vector_noise
from .arrays import Floats, Lengths, Values, row_slices
from .points import Points
from .thresholds import DEPTH_NOISE


def make_points(
    z: Floats,
    lengths: Lengths,
    coverage: Coverage,
    projector: Projector,
    smallest_depth: Values | float = DEPTH_NOISE.smallest_depth,
) -> Points:
    """Points of the metric: vectors float32 [n, width] with their noise, log depths with theirs.

    ``smallest_depth``, of all samples or of each, is added before logarithms are taken.
    """
    longest = vector_noise(np.array([1000 * projector.noise_until_kb]), projector)
    log_depth, variance = (np.empty(coverage.mean.shape, np.float32) for _ in range(2))
    for rows in row_slices(len(lengths)):
        some, bases = coverage.take(rows), lengths[rows]
        log_depth[rows] = np.log(some.mean + smallest_depth)
        variance[rows] = log_depth_variance(independent_reads(some, bases), bases[:, None])
    return Points(
        np.ascontiguousarray(z),
        vector_noise(lengths, projector),
        log_depth,
        variance,
        projector.dims,
        float(longest[0]),
        DEPTH_NOISE.between_contigs**2,
    )


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
    n, mean = lengths[:, None].astype(np.float64), coverage.mean
    reads: Values = mean * lengths[:, None] / SHORT_READ
    for s, read in enumerate(coverage.read_length):
        if read > SHORT_READ:
            share = np.where(n > read, read * (n - read / 3) / n**2, 1 - n / (3 * read))[:, 0]
            reads[:, s] = mean[:, s] / share
    return reads
