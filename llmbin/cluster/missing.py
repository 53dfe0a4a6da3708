"""Contigs without depth in any sample: whether that is missing, or is how much there is of them.

An assembler made the contig of reads, so no depth anywhere mostly means that its reads were filtered, or that the mapper gave up. Then it says nothing,
and composition places the contig among the others of its genome, which do have depth. But a genome that is in none of the samples has none on all of its
contigs, and one that is thin has none on some; that tells it apart and is kept.

Contigs whose depth is missing are left out of the tree first, which they would chain together, and recruited. Then they have the depth of the bin that they
went to, and all is done once more: so they hold their bins together, and their markers count where the tree is cut.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..depth.coverage import SHORT_READ, Coverage
from .neighbours import nearest
from .points import NO_EVIDENCE, Points

NEIGHBOURS = 15
LANDMARK = 2_500  # bp: shorter contigs have vectors that are too noisy to be asked
FEWEST = 0.01  # share of all contigs below which those without depth are what thin genomes leave, and cost none
AGAINST = (
    1 / 3
)  # share of a contig's neighbours by composition that must speak against a depth of zero, for its own to be missing
LESS_THAN_A_READ = 0.5  # what is left of one by rounding, or at a contig's end, is none
EXPECTED = 7.0  # reads that a contig would have at a neighbour's depth, from which it has none in one case of a thousand only


def missing_depth(
    points: Points, lengths: npt.NDArray[np.int64], coverage: Coverage, threads: int = 1
) -> npt.NDArray[np.bool_]:
    """Whether the depth of each contig is missing: bool [n]."""
    own = expected_reads(coverage, lengths, np.arange(len(lengths), dtype=np.int32)[:, None])[:, 0]
    none = np.asarray((coverage.mean <= 0).all(1) | (own < LESS_THAN_A_READ))
    if none.all() or none.sum() < FEWEST * len(none) or not none.any() or not coverage.samples:
        return np.zeros(len(none), np.bool_)
    asked = np.flatnonzero(none).astype(np.int32)
    long = np.flatnonzero(lengths >= LANDMARK).astype(np.int32)
    landmarks = long if (~none[long]).any() else np.arange(len(none), dtype=np.int32)
    nothing = np.empty((len(none), 0), np.float32)
    index, _ = nearest(
        replace(points, depth=nothing, variance=nothing),
        asked,
        landmarks,
        min(NEIGHBOURS + 1, len(landmarks)),
        threads,
    )
    others = (index >= 0) & (index != asked[:, None])
    against = others & (expected_reads(coverage, lengths[asked], np.maximum(index, 0)) >= EXPECTED)
    missing = np.zeros(len(none), np.bool_)
    missing[asked] = against.sum(1) >= AGAINST * others.sum(1)
    return missing


def expected_reads(
    coverage: Coverage, lengths: npt.NDArray[np.int64], like: npt.NDArray[np.int32]
) -> npt.NDArray[np.float64]:
    """Reads of all samples that contigs of some lengths [rows] would have if they were as deep as other contigs (``like`` [rows, k]): float64 [rows, k]."""
    read = np.array(coverage.read_length)
    per_base, at_all = (
        (coverage.mean / read).sum(1),
        coverage.mean[:, read > SHORT_READ].sum(1),
    )  # a long read that begins in front reaches in
    expected: npt.NDArray[np.float64] = per_base[like] * lengths[:, None] + at_all[like]
    return expected


def without_missing(
    points: Points, lengths: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_]
) -> Points:
    """Points in which a missing depth says nothing: it has the mean of the log depths that are known, and a variance beside which no difference counts."""
    if not missing.any():
        return points
    depth, variance = points.depth.copy(), points.variance.copy()
    depth[missing] = np.average(
        points.depth[~missing].astype(np.float64), axis=0, weights=lengths[~missing]
    )
    variance[missing] = NO_EVIDENCE
    return replace(points, depth=depth, variance=variance, missing=missing)


def as_in_its_bin(
    points: Points, lengths: npt.NDArray[np.int64], label: npt.NDArray[np.int32]
) -> Points:
    """Points in which a missing depth is that of the contig's bin, int32 [n], -1 for none.

    What is still missing belongs to contigs that are in no bin, or in one without any depth.
    """
    if points.missing is None:
        return points
    depth, variance, missing = points.depth.copy(), points.variance.copy(), points.missing.copy()
    for b in np.unique(label[missing & (label >= 0)]):
        known, without = (label == b) & ~points.missing, (label == b) & points.missing
        if known.any():
            weight = 1 / points.variance[known].astype(np.float64)
            depth[without] = (points.depth[known] * weight).sum(0) / weight.sum(0)
            variance[without] = np.average(points.variance[known], axis=0, weights=lengths[known])
            missing[without] = False
    return replace(
        points, depth=depth, variance=variance, missing=missing if missing.any() else None
    )
