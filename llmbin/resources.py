"""What a run may use of this machine."""

from __future__ import annotations

import os
from dataclasses import dataclass


def usable_cores() -> int:
    """CPU cores that this process may use; all there are, on systems that do not tell."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Resources:
    """CPU threads, and the GPU (its number; None for none) that searches neighbours."""

    threads: int = 1
    gpu: int | None = None
