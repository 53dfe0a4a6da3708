"""Files that are part of the program: profiles, networks, references."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InstallationError, LlmbinError, first_line
from ..resources import check_room
from .arrays import npz_arrays


@contextlib.contextmanager
def shipped(path: Path) -> Iterator[None]:
    """Around what reads such a file: whatever is wrong with it, nobody but an installer mends it.

    Raises:
        InstallationError: it is missing or damaged.
    """
    try:
        yield
    except LlmbinError:
        raise
    except Exception as error:  # damaged zip files make zipfile and numpy raise all sorts
        check_room(error)
        raise InstallationError(
            f"{path}: a part of llmbin-fast is missing or damaged ({first_line(error)}); install "
            "it again: `pip install --force-reinstall llmbin-fast`"
        ) from None


def shipped_arrays(path: Path, shapes: Mapping[str, str]) -> dict[str, Any]:
    """Arrays by name.

    ``shapes`` are those of arrays that must be there and hold something: a number or a word for
    each dimension, the same word where two have the same size.

    Raises:
        InstallationError: the file is missing or damaged, or an array has another shape.
    """
    with shipped(path):
        arrays = npz_arrays(path)
        _check_shapes(arrays, shapes)
        return arrays


def _check_shapes(arrays: Mapping[str, Any], shapes: Mapping[str, str]) -> None:
    sizes: dict[str, int] = {}
    for name, shape in shapes.items():
        words, held = shape.split(), arrays[name].shape
        expected = [
            int(word) if word.isdigit() else sizes.setdefault(word, size)
            for word, size in zip(words, held, strict=False)
        ]
        if len(words) != len(held) or 0 in held or expected != list(held):
            raise ValueError(f"array {name} is of {held}, not of ({', '.join(words)})")
        if arrays[name].dtype.kind == "f" and not np.isfinite(arrays[name]).all():
            raise ValueError(f"array {name} holds what is no number")
