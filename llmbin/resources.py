"""What a run may use of this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Resources:
    """CPU threads, and the GPU (its number; None for none) that searches neighbours."""

    threads: int = 1
    gpu: int | None = None
