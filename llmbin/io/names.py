"""Names as bytes, a line each: an array of texts has the longest one's room for each."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def packed_names(names: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Bytes of names that hold no line ends."""
    return np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8)


def unpacked_names(packed: npt.NDArray[np.uint8]) -> list[str]:
    """The names that `packed_names` was given."""
    text = packed.tobytes().decode("utf-8", "surrogateescape")
    return text.split("\n") if text else []
