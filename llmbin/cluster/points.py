"""One calibrated metric for composition and coverage.

    d(i, j)^2 = |z_i - z_j|^2 / (noise_i + noise_j) + e log(noise_i + noise_j)
              + sum_s [ (c_is - c_js)^2 / (v_is + v_js) + log(v_is + v_js) ]  -  constant

z are vectors, of e effective dimensions, and c log depths with variances v in samples s. This is
-2 log likelihood of the difference between two contigs, were they of one genome. Both weigh what
they are worth: short contigs have noisy vectors, thin coverage has noisy logarithms, and no weight
is set by hand for a dataset. The logarithms keep a noisy contig from looking close to everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Floats, Mask, Rows
from .log_depths import LogDepths
from .thresholds import GROUPS


@dataclass(frozen=True)
class Points:
    """Contigs as the metric sees them.

    Attributes:
        vectors: z, float32 [n, width].
        noise: variance of the vectors, a dimension: float32 [n].
        log_depth: natural logarithm of depth, float32 [n, samples].
        variance: that of the log depth, float32 [n, samples].
        effective_dims: what the width counts for in the logarithm of the noise.
        stretch_noise: noise that remains in long stretches of a genome.
        stretch_variance: variance of log depths that remains in long stretches of a genome.
        missing: whether the depth is not known (see `missing.py`), bool [n]; the variance is then
            so large that no difference counts. None where all depths are known.
        later: log depths that are computed for contigs when these are taken; log_depth and variance
            have no rows then. None where they are there.
    """

    vectors: Floats
    noise: Floats
    log_depth: Floats
    variance: Floats
    effective_dims: float
    stretch_noise: float = 0.0
    stretch_variance: float = 0.0
    missing: Mask | None = None
    later: LogDepths | None = None

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def samples_allowance(self) -> float:
        """What thresholds of squared distances grow by with many samples.

        They were set at up to three; every sample adds one to a squared distance, give or take
        sqrt(2).
        """
        samples, free = int(self.log_depth.shape[1]), GROUPS.free_samples
        return max(0.0, samples + math.sqrt(2 * samples) - (free + math.sqrt(2 * free)))

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats, float]:
        """In the order that the kernels take."""
        if self.later is not None:
            raise ValueError("the log depths are computed when points are taken")
        return self.vectors, self.noise, self.log_depth, self.variance, self.effective_dims

    def take(self, rows: Rows) -> Points:
        """Some of the contigs."""
        log_depth, variance = self._log_depths(rows)
        return replace(
            self,
            vectors=np.ascontiguousarray(self.vectors[rows]),
            noise=np.ascontiguousarray(self.noise[rows]),
            log_depth=log_depth,
            variance=variance,
            missing=None if self.missing is None else self.missing[rows],
            later=None,
        )

    def _log_depths(self, rows: Rows) -> tuple[Floats, Floats]:
        if self.later is not None:
            return self.later.of(rows)
        log_depth, variance = self.log_depth[rows], self.variance[rows]
        return np.ascontiguousarray(log_depth), np.ascontiguousarray(variance)

    def without_depth(self) -> Points:
        """The same by composition alone."""
        none = np.empty((len(self), 0), np.float32)
        return replace(self, log_depth=none, variance=none, later=None)

    def squared_differences(self, rows: Rows | slice, others: Rows) -> Floats:
        """Squared differences of contigs and their neighbours, over their expected values.

        Args:
            rows: the contigs.
            others: some neighbours of each of them [rows, k].

        Returns:
            float32 [rows, k]; about the width plus the number of samples within one genome.
        """
        x, noise, c, v = self.vectors, self.noise, self.log_depth, self.variance
        out = ((x[rows, None] - x[others]) ** 2).sum(2) / (noise[rows, None] + noise[others])
        out += ((c[rows, None] - c[others]) ** 2 / (v[rows, None] + v[others])).sum(2)
        return np.asarray(out, np.float32)
