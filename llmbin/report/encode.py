"""Numbers and names for a page: few bytes, and nothing that HTML or JSON could stumble over."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

STEPS = 65_535  # of a quantised number

Array = npt.NDArray[Any]


def quantised(values: Array, low: float, high: float) -> dict[str, Any]:
    """Numbers in `STEPS` steps from low to high; those beyond, or NaN, at the ends."""
    share = (np.nan_to_num(np.asarray(values, np.float64), nan=low) - low) / max(high - low, 1e-12)
    steps = np.rint(np.clip(share, 0, 1) * STEPS)
    return {"u16": _base64(steps.astype("<u2")), "low": low, "high": high}


def logarithmic(values: Array) -> dict[str, Any]:
    """Numbers of 0 or more, quantised by their logarithm; what is under a ten-thousandth is 0."""
    logs = np.log10(np.maximum(np.asarray(values, np.float64), 1e-4))
    top = float(np.ceil(max(logs.max(initial=0.0), 0.0)))
    return {**quantised(logs, -4.0, top), "log": True}


def integers(values: Array) -> dict[str, Any]:
    """Integers from -1 to 2^32 - 2, each kept as one more."""
    return {"u32": _base64((np.asarray(values, np.int64) + 1).astype("<u4"))}


def readable(name: str) -> str:
    """A name for people: bytes that are not UTF-8 as ``\\xff``."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def names_in_one(names: Sequence[str]) -> str:
    """Names with line ends between them; they hold none themselves."""
    return "\n".join(map(readable, names))


def number(value: float) -> float | None:
    """For JSON, which has no NaN: six digits."""
    return float(f"{value:.6g}") if np.isfinite(value) else None


def script_json(data: object) -> str:
    """JSON that may stand in a script element: no ``<``, ``>`` or ``&``, ASCII alone."""
    text = json.dumps(data, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _base64(array: Array) -> str:
    return base64.b64encode(array.tobytes()).decode("ascii")
