"""From features and coverage to points of the calibrated metric."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..cluster.points import Floats, Points
from ..depth.coverage import SHORT_READ, Coverage
from ..errors import DeviceError
from .devices import Device, session
from .pack import Projector

# Noise of a log depth, beside the model pack: what a genome's contigs differ by at any depth and length (replication,
# GC bias, mapping), for each read counted (Poisson), and for each stretch of 500 bp (uneven libraries). The likeliest for communities of
# training genomes are 0.11, 1.1 to 1.3 and 0.22 to 0.23 (docs/notes/2026-11-27-depth-noise.md).
BETWEEN_CONTIGS = 0.1
PER_READ = 1.0
PER_STRETCH = 0.25
STRETCH = 500
# Genomes are not of one composition (islands, rRNA, strand), so neighbours in a tree differ by more than the fit to random fragments says.
HETEROGENEITY = 2.0
SMALLEST_DEPTH = 0.05
CHUNK = 1024


def project(composition: Floats, lm: Floats, projector: Projector) -> Floats:
    """Vectors z float32 [n, dims] of contigs.

    Raises:
        DeviceError: the runtime cannot load the projector, or its shapes do not fit.
    """
    return project_features(np.concatenate([composition, lm], axis=1), projector)


def project_features(features: Floats, projector: Projector) -> Floats:
    """Vectors of [composition | LM] rows. Always on the CPU: this is a thousandth of the encoder's work."""
    run = session(projector.onnx, Device("cpu", 0, "fp32", "projector"))
    # Chunks of one shape, so that a row's sums never depend on how many there are.
    padded = np.pad(features, ((0, -len(features) % CHUNK), (0, 0)))
    try:
        parts = [run({"features": padded[i : i + CHUNK]})[0] for i in range(0, len(padded), CHUNK)]
    except Exception as error:  # onnxruntime raises classes of its own making
        raise DeviceError(
            f"the projector does not fit the encoder: {str(error).splitlines()[0]}"
        ) from None
    return (
        np.concatenate(parts)[: len(features)]
        if parts
        else np.zeros((0, projector.outputs), np.float32)
    )


def vector_noise(lengths: npt.NDArray[np.number], projector: Projector) -> Floats:
    """Expected squared distance of a contig's vector from its genome's centre, a dimension: float32 [n]."""
    kb = np.minimum(lengths / 1000, projector.noise_until_kb)
    return np.asarray(
        HETEROGENEITY * projector.noise_at_1kb * kb**projector.noise_exponent, np.float32
    )


def independent_reads(
    coverage: Coverage, lengths: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Reads that would, independently, make a mean depth as certain as it is: float64 [n, samples].

    Of reads of L bases that begin anywhere (Poisson) a contig of n bases at depth d has a mean depth with the relative variance
    L (n - L/3) / (d n^2), or (1 - n / 3L) / d if the reads are longer than it: each read is there over the whole contig.
    """
    n, mean = lengths[:, None].astype(np.float64), coverage.mean
    reads: npt.NDArray[np.float64] = mean * lengths[:, None] / SHORT_READ
    for s, read in enumerate(coverage.read_length):
        if read > SHORT_READ:
            share = np.where(n > read, read * (n - read / 3) / n**2, 1 - n / (3 * read))[:, 0]
            reads[:, s] = mean[:, s] / share
    return reads


def make_points(
    z: Floats, lengths: npt.NDArray[np.int64], coverage: Coverage, projector: Projector
) -> Points:
    """Points of the metric: vectors with their noise, log depths with theirs."""
    reads = independent_reads(coverage, lengths)
    variance = (
        BETWEEN_CONTIGS**2 + PER_READ / (reads + 2) + PER_STRETCH**2 * STRETCH / lengths[:, None]
    )
    depth = np.log(coverage.mean + SMALLEST_DEPTH)
    longest = vector_noise(np.array([1000 * projector.noise_until_kb]), projector)
    return Points(
        np.ascontiguousarray(z), vector_noise(lengths, projector),
        np.ascontiguousarray(depth, np.float32), np.ascontiguousarray(variance, np.float32),
        projector.dims, float(longest[0]), BETWEEN_CONTIGS**2,
    )  # fmt: skip
