"""Contigs without depth in any sample: whether that is missing, or is how much there is of them.

An assembler made the contig of reads, so no depth anywhere mostly means that its reads were filtered, or that the mapper gave up. Then it says nothing,
and composition places the contig among the others of its genome, which do have depth. But a genome that is in none of the samples has none on all of its
contigs; that tells it apart and is kept.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from .coverage import Coverage
from .metric import NO_EVIDENCE, Points
from .nearest import nearest

NEIGHBOURS = 15
LANDMARK = 2_500  # bp: shorter contigs have vectors that are too noisy to be asked
WITH_DEPTH = 0.5  # share of a contig's neighbours by composition that must have depth, for its own to be missing


def missing_depth(points: Points, lengths: npt.NDArray[np.int64], coverage: Coverage, threads: int = 1) -> npt.NDArray[np.bool_]:
    """Whether the depth of each contig is missing: bool [n]."""
    none = np.asarray((coverage.mean <= 0).all(1))
    if none.all() or not none.any() or not coverage.samples:
        return np.zeros(len(none), np.bool_)
    asked = np.flatnonzero(none).astype(np.int32)
    long = np.flatnonzero(lengths >= LANDMARK).astype(np.int32)
    landmarks = long if (~none[long]).any() else np.arange(len(none), dtype=np.int32)
    nothing = np.empty((len(none), 0), np.float32)
    index, _ = nearest(replace(points, depth=nothing, variance=nothing), asked, landmarks, min(NEIGHBOURS + 1, len(landmarks)), threads)
    others = (index >= 0) & (index != asked[:, None])
    known = others & ~none[np.maximum(index, 0)]
    missing = np.zeros(len(none), np.bool_)
    missing[asked] = known.sum(1) >= WITH_DEPTH * others.sum(1)
    return missing


def without_missing(points: Points, lengths: npt.NDArray[np.int64], missing: npt.NDArray[np.bool_]) -> Points:
    """Points in which a missing depth says nothing: it has the mean of the log depths that are known, and a variance beside which no difference counts."""
    if not missing.any():
        return points
    depth, variance = points.depth.copy(), points.variance.copy()
    depth[missing] = np.average(points.depth[~missing].astype(np.float64), axis=0, weights=lengths[~missing])
    variance[missing] = NO_EVIDENCE
    return replace(points, depth=depth, variance=variance, missing=missing)
