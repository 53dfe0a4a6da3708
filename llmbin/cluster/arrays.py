"""Names of the arrays that go from one stage to the next; n is the number of contigs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]
"""Cluster or group of each contig [n], numbered from 0; -1 for none."""
Lengths = npt.NDArray[np.int64]
"""Bases of each contig [n]."""
Rows = npt.NDArray[np.integer[Any]]
"""Numbers of some contigs among the n."""
KernelRows = npt.NDArray[np.int32]
"""The same, as the kernels take and give them."""
