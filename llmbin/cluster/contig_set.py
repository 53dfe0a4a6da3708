"""What is binned: contigs as points of the metric, with their lengths and evidence."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..genes.evidence import Evidence
from .arrays import Lengths, Rows
from .points import Points


@dataclass(frozen=True)
class ContigSet:
    """n contigs: points of the metric, bases int64 [n], and what genes say of them.

    ``written`` are their bases with gaps, where these are not the same: bins are numbered by them.
    """

    points: Points
    lengths: Lengths
    evidence: Evidence = field(default_factory=Evidence)
    written: Lengths | None = None

    def __post_init__(self) -> None:
        n = len(self.lengths)
        if len(self.points) != n:
            raise ValueError(f"{len(self.points)} points, but {n} lengths")
        counts, pairs = self.evidence.counts, self.evidence.homology
        if counts is not None and len(counts) != n:
            raise ValueError(f"marker counts of {len(counts)} contigs, but {n} lengths")
        if len(pairs) and int(pairs.second.max()) >= n:
            raise ValueError(f"homologous pairs of contigs that are not among the {n}")

    def __len__(self) -> int:
        return len(self.lengths)

    def take(self, rows: Rows) -> ContigSet:
        """Some of the contigs (ascending)."""
        written = None if self.written is None else self.written[rows]
        evidence = self.evidence.take(rows)
        return ContigSet(self.points.take(rows), self.lengths[rows], evidence, written)


@dataclass(frozen=True)
class BinLimits:
    """Least bases of a contig that may begin a bin, and of a bin."""

    min_length: int
    min_bin_size: int
