"""Names as files have them, and many as bytes, a line each.

An array of texts would have the longest one's room for each.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def text_of(raw: bytes | bytearray) -> str:
    """A name, or what else a file says; bytes that are not UTF-8 are surrogates (PEP 383)."""
    return raw.decode("utf-8", "surrogateescape")


def packed_names(names: Iterable[str]) -> npt.NDArray[np.uint8]:
    """Bytes of names that hold no line ends."""
    return np.frombuffer("\n".join(names).encode("utf-8", "surrogateescape"), np.uint8)


def unpacked_names(packed: npt.NDArray[np.uint8]) -> list[str]:
    """The names that `packed_names` was given."""
    text = text_of(packed.tobytes())
    return text.split("\n") if text else []
