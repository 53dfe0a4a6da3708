"""Weights of words of six bases, whose means tell kinds of genomes apart (kernels/hexamers.hpp).

They are a linear discriminant of the words' frequencies, as it ships (data/KINDS.md).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..io.shipped import shipped_arrays

DATA = Path(__file__).parent.parent / "data" / "hexamers.npz"
WORDS, WEIGHTS = 2_080, 5  # of bacteria, archaea, eukaryotes, viruses and plasmids
SHAPES = {"weights": f"{WEIGHTS} {WORDS}"}

Weights = npt.NDArray[np.int16]


@cache
def load_hexamer_weights() -> Weights:
    """Those that ship with the package: int16 [5, 2080].

    Raises:
        InstallationError: they are missing or damaged.
    """
    return np.ascontiguousarray(shipped_arrays(DATA, SHAPES)["weights"], np.int16)
