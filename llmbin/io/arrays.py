"""Arrays in numpy's formats, of which none is larger than its file: what is damaged may say so."""

from __future__ import annotations

import math
import zipfile
from io import BytesIO
from pathlib import Path
from typing import IO, Any, TypeAlias

import numpy as np

Array: TypeAlias = np.ndarray[Any, Any]
Shape: TypeAlias = tuple[int, ...]


def npz_arrays(file: Path | IO[bytes]) -> dict[str, Array]:
    """Arrays by name.

    Raises:
        ValueError: an array is none, or is larger than what there is of it.
        Exception: what `zipfile` and numpy raise of damaged files, which is all sorts.
    """
    with zipfile.ZipFile(file) as held:
        return {entry.removesuffix(".npy"): _array(held.read(entry)) for entry in held.namelist()}


def _array(data: bytes) -> Array:
    handle = BytesIO(data)
    read_header(handle, len(data))
    handle.seek(0)
    return np.lib.format.read_array(handle, allow_pickle=False)


def read_header(handle: IO[bytes], most: int) -> tuple[Shape, bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type of the array that follows in ``handle``.

    Raises:
        ValueError: it is none, or has more than ``most`` bytes: numpy would ask for so much memory
            before it reads.
    """
    np.lib.format.read_magic(handle)
    shape, by_column, dtype = np.lib.format.read_array_header_1_0(handle)
    if math.prod(shape) * dtype.itemsize > most:
        raise ValueError(f"an array of {shape} in {most:,} bytes")
    return shape, by_column, dtype
