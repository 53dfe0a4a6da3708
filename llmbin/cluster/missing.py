"""Contigs without depth in any sample: whether that is missing, or is how much there is of them.

An assembler made the contig of reads, so no depth anywhere mostly means that its reads were
filtered, or that the mapper gave up. Then it says nothing, and composition places the contig among
the others of its genome, which do have depth. But a genome that is in none of the samples has none
on all of its contigs, and one that is thin has none on some; that tells it apart and is kept.

Contigs whose depth is missing are left out of the tree first, which they would chain together, and
recruited. Then they have the depth of the cluster that they went to, and all is done once more: so
they hold their clusters together, and their markers count where the tree is cut.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..coverage.coverage import SHORT_READ, Coverage
from ..coverage.sparse import row_slices
from ..resources import Resources
from .arrays import KernelRows, Labels, Lengths, Mask, Values, rows_of_bins
from .neighbours import nearest
from .points import Points
from .thresholds import DEPTH_NOISE, MISSING_DEPTH


def missing_depth(points: Points, lengths: Lengths, coverage: Coverage, threads: int = 1) -> Mask:
    """Whether the depth of each contig is missing: bool [n]."""
    everyone = np.arange(len(lengths), dtype=np.int32)[:, None]
    own_reads = expected_reads(coverage, lengths, everyone)[:, 0]
    none = own_reads < MISSING_DEPTH.less_than_a_read  # of all contigs, if there are no samples
    if none.all() or none.sum() < MISSING_DEPTH.least_share * len(none):
        return np.zeros(len(none), np.bool_)
    asking = np.flatnonzero(none).astype(np.int32)
    long = np.flatnonzero(lengths >= MISSING_DEPTH.landmark_length).astype(np.int32)
    landmarks = long if (~none[long]).any() else np.arange(len(none), dtype=np.int32)
    k = min(MISSING_DEPTH.neighbours + 1, len(landmarks))
    index, _ = nearest(points.without_depth(), asking, landmarks, k, Resources(threads))
    others = (index >= 0) & (index != asking[:, None])
    expected = expected_reads(coverage, lengths[asking], np.maximum(index, 0))
    against = others & (expected >= MISSING_DEPTH.expected_reads)
    missing = np.zeros(len(none), np.bool_)
    missing[asking] = against.sum(1) >= MISSING_DEPTH.against * others.sum(1)
    return missing


def expected_reads(coverage: Coverage, lengths: Lengths, like: KernelRows) -> Values:
    """Reads of all samples that contigs would have if they were as deep as others are.

    Args:
        coverage: of all contigs.
        lengths: bases of some contigs [rows].
        like: others, for each of them [rows, k].

    Returns:
        float64 [rows, k].
    """
    read = np.array(coverage.read_length)
    per_base, at_all = np.empty(len(coverage.mean)), np.empty(len(coverage.mean))
    for rows in row_slices(*coverage.mean.shape):
        mean = coverage.mean[rows]
        per_base[rows] = (mean / read).sum(1)
        # A long read that begins in front of the contig reaches in.
        at_all[rows] = mean[:, read > SHORT_READ].sum(1)
    expected: Values = per_base[like] * lengths[:, None] + at_all[like]
    return expected


def without_missing(points: Points, lengths: Lengths, missing: Mask) -> Points:
    """Points in which a missing depth says nothing.

    It has the mean of the log depths that are known, and a variance beside which no difference
    counts.
    """
    if not missing.any():
        return points
    if points.later is not None:
        return replace(points, later=points.later.without(missing), missing=missing)
    log_depth, variance = points.log_depth.copy(), points.variance.copy()
    known = points.log_depth[~missing].astype(np.float64)
    log_depth[missing] = np.average(known, axis=0, weights=lengths[~missing])
    variance[missing] = DEPTH_NOISE.unknown
    return replace(points, log_depth=log_depth, variance=variance, missing=missing)


def as_in_its_cluster(points: Points, lengths: Lengths, label: Labels) -> Points:
    """Points in which a missing depth is that of the contig's cluster, int32 [n], -1 for none.

    What is still missing is of contigs in no cluster, or in one without any depth.
    """
    if points.missing is None:
        return points
    log_depth, variance = points.log_depth.copy(), points.variance.copy()
    missing = points.missing.copy()
    for rows in rows_of_bins(label, int(label.max(initial=-1)) + 1):
        known, without = rows[~points.missing[rows]], rows[points.missing[rows]]
        if not len(known) or not len(without):
            continue
        weight = 1 / points.variance[known].astype(np.float64)
        log_depth[without] = (points.log_depth[known] * weight).sum(0) / weight.sum(0)
        variance[without] = np.average(points.variance[known], axis=0, weights=lengths[known])
        missing[without] = False
    still = missing if missing.any() else None
    return replace(points, log_depth=log_depth, variance=variance, missing=still)
