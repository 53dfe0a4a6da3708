"""What is known of contigs besides depth, and what kinds of things they are, told."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..features.profile import Features
from ..genes.markers import MarkerSet
from ..kinds.contigs import CELLS, KINDS, ContigKinds

log = logging.getLogger("llmbin")


@dataclass(frozen=True)
class Known:
    """What is known of contigs besides depth; ``markers`` is None where they are off."""

    features: Features
    kinds: ContigKinds
    markers: MarkerSet | None


def describe_kinds(kinds: ContigKinds, lengths: npt.NDArray[np.int64]) -> None:
    """Say how many bases are of each kind, if there is anything but bacteria and archaea."""
    bases = np.bincount(kinds.kind, lengths, len(KINDS))
    contigs = np.bincount(kinds.kind, minlength=len(KINDS))
    told = [
        f"{KINDS[k]} {bases[k] / 1e6:.1f} Mbp on {contigs[k]:,} contigs"
        for k in range(len(KINDS))
        if k >= CELLS and contigs[k]
    ]
    if told:
        log.info("besides bacteria and archaea: %s", ", ".join(told))
