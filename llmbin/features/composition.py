"""Composition of contigs: tetranucleotides, and codons of open frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from ..model.pack import COMPOSITION

TETRANUCLEOTIDES = 136
SENSE = np.array([c for c in range(64) if c not in (48, 50, 56)])  # all but TAA, TAG, TGA
SHORTEST_FRAME = 150  # bases; open frames of random sequence are mostly shorter

Floats = npt.NDArray[np.float32]


def composition_vectors(contigs: list[npt.NDArray[np.uint8]]) -> Floats:
    """Square roots of frequencies: float32 [contigs, 136 canonical 4-mers + 61 codons].

    The square root makes the variance of a frequency independent of the frequency (Hellinger).
    Half a count and a quarter are added to each: a short contig looks like an average one.
    """
    from .._kernels import codons, tetranucleotides

    words = tetranucleotides(contigs).astype(np.float64) + 0.5
    usage = codons(contigs, SHORTEST_FRAME)[:, SENSE].astype(np.float64) + 0.25
    shares = [counts / counts.sum(1, keepdims=True) for counts in (words, usage)]
    return np.asarray(np.sqrt(np.concatenate(shares, axis=1)), np.float32)


class Compositions:
    """Composition of the contigs that go by (see `scan.watched`)."""

    def __init__(self) -> None:
        self._rows = [np.empty((0, COMPOSITION), np.float32)]

    def look(self, contigs: list[Contig]) -> Floats:
        """See `composition_vectors`."""
        return composition_vectors([contig.codes for contig in contigs])

    def keep(self, contigs: list[Contig], found: Floats) -> None:
        """The next rows."""
        self._rows.append(found)

    def result(self) -> Floats:
        """One row a contig: float32 [n, 197]."""
        return np.concatenate(self._rows)
