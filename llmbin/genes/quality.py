"""Quality of a set of contigs, from the copies of single-copy marker genes that it holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .counts import MarkerCounts, Rows
from .markers import MarkerSet

Copies = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Quality:
    """Completeness and contamination as fractions, from the markers of ``domain``."""

    completeness: float
    contamination: float
    domain: str

    @property
    def score(self) -> float:
        """Completeness minus five times contamination, the field's score (Parks et al. 2017)."""
        return self.completeness - 5 * self.contamination

    @property
    def worth(self) -> float:
        """What decides where to cut: completeness squared minus five times contamination.

        One whole genome is worth more than its two halves, so that a few markers which this genome
        has twice do not tear it apart.
        """
        return self.completeness**2 - 5 * self.contamination


def estimate(copies: Copies, markers: MarkerSet) -> Quality:
    """Quality of a set of contigs, by the domain that fits better.

    Args:
        copies: of each marker in the set: integers [markers].
        markers: the families.
    """
    best = Quality(0.0, 0.0, markers.domains[0])
    there = (markers.used & (copies > 0)).sum(1).tolist()
    extra = (markers.used * np.maximum(copies - 1, 0)).sum(1).tolist()
    for domain, size, found, more in zip(markers.domains, markers.sizes, there, extra, strict=True):
        if not size:
            continue
        quality = Quality(found / size, more / size, domain)
        if (quality.completeness, quality.score) > (best.completeness, best.score):
            best = quality
    return best


def best_domains(
    there: Copies, extra: Copies, sizes: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The domain of each of n sets of contigs (see `estimate`), int64 [n], and worth, float64 [n].

    Args:
        there: markers of each domain's set that are there, integers [n, domains].
        extra: copies of them beyond the first, integers [n, domains].
        sizes: of the domains' sets; an empty one says nothing.
    """
    best = np.zeros(len(there), np.int64)
    complete, contaminated, score = np.zeros((3, len(there)))
    for domain, size in enumerate(sizes):
        if not size:
            continue
        one, more = there[:, domain] / size, extra[:, domain] / size
        better = (one > complete) | ((one == complete) & (one - 5 * more > score))
        best[better] = domain
        complete[better], contaminated[better] = one[better], more[better]
        score[better] = (one - 5 * more)[better]
    return best, complete**2 - 5 * contaminated


@dataclass(frozen=True)
class MarkerCopies:
    """Copies of each marker on each of some contigs, or in each group: integers [n, markers]."""

    counts: Copies
    markers: MarkerSet

    def __post_init__(self) -> None:
        families = self.markers.used.shape[1]
        if self.counts.ndim != 2 or self.counts.shape[1] != families:
            raise ValueError(f"counts {self.counts.shape} are not of {families} markers")

    def take(self, rows: Rows) -> MarkerCopies:
        """Those of some rows."""
        return MarkerCopies(self.counts[rows], self.markers)

    def quality(self, rows: Rows) -> Quality:
        """Quality of some rows together."""
        return estimate(self.counts[rows].sum(0), self.markers)

    def worth(self, rows: Rows) -> float:
        """What some rows are worth as one bin; 0 if nobody would want it."""
        return max(0.0, self.quality(rows).worth)

    def sum_of_worths(self, bins: Iterable[Rows]) -> float:
        """What some bins, each given by its rows, are worth together."""
        total = 0.0
        for rows in bins:
            total += self.worth(rows)
        return total


@dataclass(frozen=True)
class MarkedContigs:
    """Copies of markers on contigs, and the families."""

    counts: MarkerCounts
    markers: MarkerSet

    def take(self, rows: Rows) -> MarkerCopies:
        """Those of some contigs, a row each."""
        return MarkerCopies(self.counts[rows], self.markers)

    def quality(self, rows: Rows) -> Quality:
        """Quality of some contigs together."""
        return self.take(rows).quality(slice(None))

    def of_groups(self, label: npt.NDArray[np.integer[Any]], count: int) -> MarkerCopies:
        """Those of each of so many groups, by the group of each contig [n]; -1 for none."""
        sums = np.zeros((count, self.counts.families), np.int64)
        rows = np.flatnonzero((label >= 0) & self.counts.carried)
        np.add.at(sums, label[rows], self.counts[rows])
        return MarkerCopies(sums, self.markers)

    def sum_of_worths(self, bins: Iterable[Rows]) -> float:
        """What some bins, each given by its rows, are worth together."""
        total = 0.0
        for rows in bins:
            total += self.take(rows).worth(slice(None))
        return total
