"""Families that lie scattered over genomes: for estimates of quality alone.

The single-copy markers lie together in operons, so that two of them say little more than one does.
These families lie elsewhere. Lineages lack some of them, which those that learn from them have to
know; the cut goes by the markers. They are looked for together with the markers, and decided by
the alignment alone (see ``llmbin/data/SCATTERED.md``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ..io.shipped import shipped, shipped_arrays
from .stored_profiles import Floats, profiles_in, stored

DATA = Path(__file__).parent.parent / "data" / "scattered.npz"
SHAPES = {
    "columns": "columns 20",
    "transitions": "columns 7",
    "lengths": "families",
    "cutoffs": "families",
}
STEP = 1 / 16  # bits, in which profiles are written


@dataclass(frozen=True)
class Scattered:
    """Profile of a family.

    ``columns`` float32 [columns, 20], log-odds in bits of the amino acids in alphabetic order of
    their letters; ``transitions`` float32 [columns, 7], logarithms of base 2 of HMMER's; ``cutoff``
    in bits.
    """

    columns: Floats
    transitions: Floats
    cutoff: float


def arrays_of(families: Sequence[Scattered]) -> dict[str, Any]:
    """Families as arrays for a file; bits in steps of `STEP`, those below -8 as -8."""
    profiles = stored([(f.columns, f.transitions) for f in families], STEP)
    return profiles | {"cutoffs": np.array([f.cutoff for f in families], np.float32)}


@cache
def load_scattered() -> tuple[Scattered, ...]:
    """The families that ship with the package.

    Raises:
        InstallationError: they are missing or damaged.
    """
    with shipped(DATA):
        arrays = shipped_arrays(DATA, SHAPES)
        profiles = profiles_in(arrays, STEP)
        if not np.isfinite(arrays["cutoffs"]).all():
            raise ValueError("cut-offs that are no numbers")
        cutoffs = arrays["cutoffs"].tolist()
        return tuple(Scattered(*p, cutoff) for p, cutoff in zip(profiles, cutoffs, strict=True))
