"""Files that are part of the program: profiles, networks, references."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InstallationError, LlmbinError, first_line


@contextlib.contextmanager
def shipped(path: Path) -> Iterator[None]:
    """Around what reads such a file: whatever is wrong with it, nobody but an installer mends it.

    Raises:
        InstallationError: it is missing or damaged.
    """
    try:
        yield
    except (MemoryError, LlmbinError):
        raise
    except Exception as error:  # damaged zip files make zipfile and numpy raise all sorts
        raise InstallationError(
            f"{path}: a part of llmbin-fast is missing or damaged ({first_line(error)}); install "
            "it again: `pip install --force-reinstall llmbin-fast`"
        ) from None


def shipped_arrays(path: Path) -> dict[str, Any]:
    """Arrays by name.

    Raises:
        InstallationError: the file is missing or damaged.
    """
    with shipped(path), np.load(path, allow_pickle=False) as held:
        return {name: held[name] for name in held.files}
