"""Traits of bins, from which their quality is estimated: marker genes, sizes, composition."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..genes.markers import MarkerSet
from ..genes.matches import Genes
from .copies import copies_by_likeness

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

FAR, FARTHER = 2.5, 5.0  # times what a contig's squared distance from its genome is expected to be


@dataclass(frozen=True)
class Ruler:
    """How composition is measured within a bin: directions in which genomes differ most.

    ``centre`` float32 [197] and ``directions`` float32 [197, k] of linear discriminants; a contig
    of L bases is expected at a squared distance of ``spread`` + ``noise`` / L from its genome.
    """

    centre: Floats
    directions: Floats
    spread: float
    noise: float

    def places(self, composition: Floats) -> Floats:
        """Where contigs lie, by composition [n, 197]: float32 [n, k]."""
        return np.asarray((composition - self.centre) @ self.directions, np.float32)


@dataclass(frozen=True)
class ContigTraits:
    """What is known of n contigs: bases int64 [n], ``places`` (see `Ruler`), marker genes."""

    lengths: Ints
    places: Floats
    genes: Genes


@dataclass(frozen=True)
class BinTraits:
    """What is known of n bins.

    ``once`` and ``more`` float32 [n, families]: see `Genes.cover`. ``alike`` float32
    [n, `copies.KINDS`]: see `copies.copies_by_likeness`. ``sizes`` float32 [n, 7]: the share of
    cover that is in parts of genes; log10 of bases, contigs and N50; of the contigs' squared
    distances from the bin's centre, relative to what is expected: the log of the mean, and the
    shares of bases that are far and farther.
    """

    once: Floats
    more: Floats
    alike: Floats
    sizes: Floats


def bin_traits(
    contigs: ContigTraits, ruler: Ruler, bin_of: Ints, bins: int, markers: MarkerSet
) -> BinTraits:
    """Traits of bins; ``bin_of`` [contigs] is the bin of each, -1 for none. No bin is empty."""
    once, more = contigs.genes.cover(bin_of, bins, markers.families)
    alike = copies_by_likeness(contigs.genes, bin_of, bins, len(markers.names))
    rows = np.flatnonzero(bin_of >= 0)
    own, length = bin_of[rows], contigs.lengths[rows].astype(np.float64)
    total, number = np.bincount(own, length, bins), np.bincount(own, minlength=bins)
    broken = (once * (1 - once)).sum(1) / np.maximum(once.sum(1), 1)
    sizes = np.log10([total, number, n50s(own, length, bins)])
    apart = distances(contigs.places[rows], own, length, bins) / (
        ruler.spread + ruler.noise / length
    )
    mean, far, farther = (
        np.bincount(own, length * x, bins) / total for x in (apart, apart > FAR, apart > FARTHER)
    )
    columns = [broken, *sizes, np.log(mean + 1e-3), far, farther]
    return BinTraits(once, more, alike, np.stack(columns, 1).astype(np.float32))


def n50s(own: Ints, length: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.float64]:
    """N50 of each bin, by the bin and bases of each contig."""
    order = np.lexsort((-length, own))
    ordered = length[order]
    total = np.bincount(own, length, bins)
    before = np.cumsum(total) - total
    half = np.searchsorted(np.cumsum(ordered), before + total / 2)
    return ordered[np.minimum(half, len(ordered) - 1)]


def distances(
    places: Floats, own: Ints, length: npt.NDArray[np.float64], bins: int
) -> npt.NDArray[np.float64]:
    """Squared distance of each contig from its bin's centre, the mean over its bases."""
    total = np.bincount(own, length, bins)
    apart = np.zeros(len(own))
    for column in places.T.astype(np.float64):
        centre = np.bincount(own, length * column, bins) / total
        apart += (column - centre[own]) ** 2
    return apart
