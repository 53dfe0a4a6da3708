"""What genes say of contigs, in one piece: marker copies and homologous stretches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .counts import MarkerCounts
from .homology import Homology, no_homology
from .markers import MarkerSet
from .quality import MarkedContigs


@dataclass(frozen=True)
class Evidence:
    """Copies of markers on n contigs, their families, and homologous pairs.

    ``counts`` and ``markers`` are None where markers are off.
    """

    counts: MarkerCounts | None = None
    markers: MarkerSet | None = None
    homology: Homology = field(default_factory=no_homology)

    def __post_init__(self) -> None:
        if (self.counts is None) != (self.markers is None):
            raise ValueError("counts and markers go together: both or neither")

    @property
    def marker_copies(self) -> MarkedContigs | None:
        """Counts and families, or None where markers are off."""
        if self.counts is None or self.markers is None:
            return None
        return MarkedContigs(self.counts, self.markers)

    def take(self, rows: npt.NDArray[np.integer]) -> Evidence:
        """That of some contigs (ascending), which are then numbered by their place in ``rows``."""
        counts = self.counts.take(rows) if self.counts is not None else None
        return Evidence(counts, self.markers, self.homology.take(rows))
