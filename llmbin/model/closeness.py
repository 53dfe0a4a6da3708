"""How close an encoder's vectors are to those of PyTorch in FP32, and what packs promise of it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

# FP32 is PyTorch's answer, FP16 and INT8 are close to it.
MOST_DIFFERENT = {"fp32": 1e-5}
LEAST_COSINE = {"fp32": 0.999999, "fp16": 0.9995, "int8": 0.995}


def least_cosine(reference: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    """Of vectors [n, width] less the mean of the reference's: all contigs share much of one."""
    centre = reference.mean(0)
    x, y = reference - centre, other - centre
    cosine = (x * y).sum(1) / np.maximum(
        np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1), 1e-30
    )
    return float(cosine.min())
