"""Profiles of families as files hold them: all behind each other, bits in whole steps.

A step is a fraction of a bit, of which a byte holds 256: what is out of their range is at its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Profile = tuple[Floats, Floats]
"""Columns float32 [columns, 20], log-odds in bits of the amino acids in alphabetic order of their
letters; transitions float32 [columns, 7], logarithms of base 2 of HMMER's."""


def in_steps(bits: Floats, step: float) -> npt.NDArray[np.int8]:
    """Bits as a file holds them."""
    return np.clip(np.round(bits / step), -128, 127).astype(np.int8)


def stored(profiles: Sequence[Profile], step: float) -> dict[str, Any]:
    """Arrays of a file: ``columns``, ``transitions``, and the ``lengths`` of profiles."""
    columns, transitions = zip(*profiles, strict=True)
    return {
        "columns": np.concatenate([in_steps(part, step) for part in columns]),
        "transitions": np.concatenate([in_steps(part, step) for part in transitions]),
        "lengths": np.array([len(part) for part in columns], np.int32),
    }


def profiles_in(arrays: dict[str, Any], step: float) -> list[Profile]:
    """Profiles of a file's arrays.

    Raises:
        ValueError: the lengths are not those of the columns.
    """
    lengths, columns = arrays["lengths"], len(arrays["columns"])
    ends = np.cumsum(lengths)
    if lengths.min() < 1 or lengths.max() > columns or ends[-1] != columns:
        raise ValueError("lengths that do not add up to the columns")
    bits = (
        np.split(arrays[name].astype(np.float32) * np.float32(step), ends[:-1])
        for name in ("columns", "transitions")
    )
    return list(zip(*bits, strict=True))
