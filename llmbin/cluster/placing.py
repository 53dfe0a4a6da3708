"""From vectors and coverage to points of the calibrated metric."""

from __future__ import annotations

import numpy as np

from ..coverage.coverage import Coverage
from ..coverage.sparse import SparseTable
from ..model.pack import Projector
from ..model.projector import vector_noise
from .arrays import Floats, Lengths, Values
from .log_depths import LogDepths
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

    ``smallest_depth``, of all samples or of each, is added before logarithms are taken. Log depths
    of a sparse coverage are computed when points are taken.
    """
    longest = vector_noise(np.array([1000 * projector.noise_until_kb]), projector)
    later = LogDepths(coverage, lengths, smallest_depth)
    sparse = isinstance(coverage.mean, SparseTable)
    log_depth, variance = later.of(np.arange(0 if sparse else len(lengths)))
    return Points(
        np.ascontiguousarray(z),
        vector_noise(lengths, projector),
        log_depth,
        variance,
        projector.dims,
        float(longest[0]),
        DEPTH_NOISE.between_contigs**2,
        later=later if sparse else None,
    )
