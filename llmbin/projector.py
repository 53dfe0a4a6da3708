"""From features and coverage to points of the calibrated metric."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .coverage import Coverage
from .metric import Floats, Points
from .pack import Projector

# Noise of a log depth, beside the model pack: what a genome's contigs differ by at any depth and length (replication,
# GC bias, mapping), for each read counted (Poisson), and for each stretch of 500 bp (uneven libraries).
BETWEEN_CONTIGS = 0.05
PER_READ = 1.0
PER_STRETCH = 0.25
STRETCH = 500
READ = 150
# Genomes are not of one composition (islands, rRNA, strand), so neighbours in a tree differ by more than the fit to random fragments says.
HETEROGENEITY = 2.0
SMALLEST_DEPTH = 0.05


def project(composition: Floats, lm: Floats, projector: Projector) -> Floats:
    """Vectors z float32 [n, dims] of contigs."""
    features = np.concatenate([composition, lm], axis=1)
    return np.asarray((features - projector.mean) @ projector.weight, np.float32)


def vector_noise(lengths: npt.NDArray[np.int64], projector: Projector) -> Floats:
    """Expected squared distance of a contig's vector from its genome's centre, a dimension: float32 [n]."""
    kb = np.minimum(lengths / 1000, projector.noise_until_kb)
    return np.asarray(HETEROGENEITY * (projector.noise_floor + projector.noise_per_kb / kb), np.float32)


def make_points(z: Floats, lengths: npt.NDArray[np.int64], coverage: Coverage, projector: Projector) -> Points:
    """Points of the metric: vectors with their noise, log depths with theirs."""
    reads = coverage.mean * lengths[:, None] / READ
    variance = BETWEEN_CONTIGS**2 + PER_READ / (reads + 2) + PER_STRETCH**2 * STRETCH / lengths[:, None]
    depth = np.log(coverage.mean + SMALLEST_DEPTH)
    return Points(
        np.ascontiguousarray(z), vector_noise(lengths, projector),
        np.ascontiguousarray(depth, np.float32), np.ascontiguousarray(variance, np.float32), projector.dims,
    )  # fmt: skip
