"""Words of residues that tell kinds of genomes apart (kernels/peptides.hpp), as they ship.

A word is kept that several groups of one kind share and hardly any of another (data/KINDS.md).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..io.shipped import shipped, shipped_arrays

if TYPE_CHECKING:
    from .._kernels import PeptideTable

DATA = Path(__file__).parent.parent / "data" / "peptides.npz"
SHAPES = {"steps": "words", "column": "words"}
WORD_KINDS = 5  # bacteria, archaea, eukaryotes, viruses and plasmids
SHARED = (2, 3, 6)  # groups that share a word, from which on it counts in a kind's next column
COLUMNS = WORD_KINDS * len(SHARED)


@cache
def load_peptide_table() -> PeptideTable:
    """The one that ships with the package.

    Raises:
        InstallationError: it is missing or damaged.
    """
    from .._kernels import PeptideTable

    arrays = shipped_arrays(DATA, SHAPES)
    with shipped(DATA):
        words = np.cumsum(arrays["steps"], dtype=np.uint32)
        return PeptideTable(words, arrays["column"], COLUMNS)


def packed_table(words: npt.NDArray[np.uint32], column: npt.NDArray[np.uint8]) -> dict[str, Any]:
    """Arrays of the file: rising words [n], as steps, which take less room, and their columns."""
    return {"steps": np.diff(words, prepend=np.uint32(0)), "column": column}
