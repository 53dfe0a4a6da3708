"""Centres of parts, and how far contigs are from them: what both mixtures share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .arrays import Rows, Values
from .points import Points


@dataclass(frozen=True)
class Centres:
    """Vectors float64 [parts, width], and log depths float64 [parts, samples]."""

    vectors: Values
    log_depth: Values


class WeightedPoints:
    """Contigs in float64, each weighing 1 / noise."""

    def __init__(self, points: Points) -> None:
        self._vectors = points.vectors.astype(np.float64)
        self._log_depth = points.log_depth.astype(np.float64)
        self._weight = 1 / points.noise.astype(np.float64)[:, None]
        self._depth_weight = 1 / points.variance.astype(np.float64)
        self._weighted = self._vectors * self._weight
        self._weighted_depth = self._log_depth * self._depth_weight

    def __len__(self) -> int:
        return len(self._vectors)

    def at(self, rows: Rows | list[int]) -> Centres:
        """Some contigs as centres."""
        return Centres(self._vectors[rows], self._log_depth[rows])

    def centres(self, share: Values, depth_share: Values) -> Centres:
        """Means of the contigs by their shares in each part, float64 [n, parts]."""
        return Centres(
            (share.T @ self._weighted) / np.maximum(share.T @ self._weight, 1e-12),
            (depth_share.T @ self._weighted_depth)
            / np.maximum(depth_share.T @ self._depth_weight, 1e-12),
        )

    def squared(self, centres: Centres) -> tuple[Values, Values]:
        """Squared distances over each contig's noise, of vectors and of log depths: [n, parts]."""
        vectors = (self._vectors[:, None] - centres.vectors[None]) ** 2 * self._weight[:, None]
        log_depth = (self._log_depth[:, None] - centres.log_depth[None]) ** 2
        return vectors.sum(2), (log_depth * self._depth_weight[:, None]).sum(2)
