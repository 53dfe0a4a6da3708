"""The projector: within-genome whitening of [composition | LM], ranked by what tells genomes apart.

A shrunk linear discriminant analysis over fragments of the training genomes. Free networks overfit a few hundred species;
this start is what they have to beat (see docs/measurements.md).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..pack import Projector
from .fragments import FragmentFeatures

log = logging.getLogger("llmbin.training")


@dataclass(frozen=True)
class ProjectorSettings:
    """``shrink`` is added to the diagonal of the within-genome correlation matrix."""

    dims: int = 32
    shrink: float = 0.1
    noise_until_kb: float = 15.0
    effective_dims: float = 10.0


def fit_projector(data: FragmentFeatures, settings: ProjectorSettings) -> Projector:
    """Whiten within genomes, rank directions by between-genome variance, shrink each by its reliability.

    With S_w the within-genome and S_b the between-genome covariance of whitened features, a direction of eigenvalue s
    is scaled by sqrt(s / (s + 1)) (the posterior of a random-effects model). Then the noise of a vector is fitted as
    floor + per_kb / L over the fragments.
    """
    x = data.values.astype(np.float64)
    genomes, inverse, count = np.unique(data.genome, return_inverse=True, return_counts=True)
    centre = np.zeros((len(genomes), x.shape[1]))
    np.add.at(centre, inverse, x)
    centre /= count[:, None]
    mean = centre.mean(axis=0)
    inside = x - centre[inverse]
    deviation = inside.std(axis=0)
    inside /= deviation
    within = inside.T @ inside / (len(x) - len(genomes))
    between = np.cov(((centre - mean) / deviation).T) - within / count.mean()
    values, vectors = np.linalg.eigh(within + settings.shrink * np.eye(x.shape[1]))
    whiten = (vectors * values**-0.5) @ vectors.T
    values, vectors = np.linalg.eigh(whiten @ between @ whiten)
    top = np.argsort(-values, kind="stable")[: settings.dims]
    signal = np.maximum(values[top], 1e-6)
    scale = np.sqrt(signal / (signal + 1))
    directions = vectors[:, top] * np.where(vectors[np.abs(vectors[:, top]).argmax(0), top] < 0, -1, 1)
    matrix = (whiten @ directions * scale) / deviation[:, None]
    z = (x - mean) @ matrix
    floor, per_kb = _noise(z, inverse, count, data.length, settings.noise_until_kb)
    log.info("projector: %d fragments of %d genomes, noise %.3f + %.3f / kb", len(x), len(genomes), floor, per_kb)
    return Projector(
        mean.astype(np.float32),
        matrix.astype(np.float32),
        scale.astype(np.float32),
        floor,
        per_kb,
        settings.noise_until_kb,
        settings.effective_dims,
    )


def _noise(
    z: npt.NDArray[np.float64], inverse: npt.NDArray[np.int64], count: npt.NDArray[np.int64], length: npt.NDArray[np.int64], until: float
) -> tuple[float, float]:
    """Least-squares fit of the mean squared distance to the genome's centre (a dimension) to a + b / min(L, until)."""
    centre = np.zeros((len(count), z.shape[1]))
    np.add.at(centre, inverse, z)
    centre /= count[:, None]
    squared = ((z - centre[inverse]) ** 2).mean(1) * (count / np.maximum(count - 1, 1))[inverse]
    design = np.stack([np.ones(len(length)), 1 / np.minimum(length / 1000, until)], axis=1)
    (floor, per_kb), *_ = np.linalg.lstsq(design, squared, rcond=None)
    return max(float(floor), 0.02), max(float(per_kb), 0.02)
