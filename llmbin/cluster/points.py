"""One calibrated metric for composition and coverage.

    d(i, j)^2 = |z_i - z_j|^2 / (noise_i + noise_j) + dims log(noise_i + noise_j)
              + sum_s [ (c_is - c_js)^2 / (v_is + v_js) + log(v_is + v_js) ]  -  constant

This is -2 log likelihood of the difference between two contigs, were they of one genome. Parts weigh what they
are worth: short contigs have noisy vectors, thin coverage has noisy logarithms, and no weight is set by hand for a dataset.
The logarithms keep a noisy contig from looking close to everything.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
NO_EVIDENCE = 1e6  # variance of a log depth that is not known


@dataclass(frozen=True)
class Points:
    """Contigs as the metric sees them: vectors [n, dims], noise [n], log depth and its variance [n, samples].

    ``stretch_noise`` and ``stretch_variance`` are what remains of noise and variance in long stretches of a genome. ``missing`` bool [n]: the
    contig's depth is not known (see :mod:`llmbin.cluster.missing`) and has a variance of `NO_EVIDENCE`; None where all are known.
    """

    vectors: Floats
    noise: Floats
    depth: Floats
    variance: Floats
    dims: float
    stretch_noise: float = 0.0
    stretch_variance: float = 0.0
    missing: npt.NDArray[np.bool_] | None = None

    @property
    def slack(self) -> float:
        """What thresholds of squared distances, which were set at up to three samples, grow by with more: a sample adds one, give or take sqrt(2)."""
        samples = int(self.depth.shape[1])
        return max(0.0, samples + math.sqrt(2 * samples) - (3 + math.sqrt(6)))

    def __len__(self) -> int:
        return len(self.vectors)

    def arrays(self) -> tuple[Floats, Floats, Floats, Floats, float]:
        """In the order that the kernels take."""
        return self.vectors, self.noise, self.depth, self.variance, self.dims

    def take(self, rows: npt.NDArray[np.int64]) -> Points:
        """Some of the contigs."""
        part = [
            np.ascontiguousarray(a[rows])
            for a in (self.vectors, self.noise, self.depth, self.variance)
        ]
        missing = None if self.missing is None else self.missing[rows]
        return Points(
            part[0],
            part[1],
            part[2],
            part[3],
            self.dims,
            self.stretch_noise,
            self.stretch_variance,
            missing,
        )
