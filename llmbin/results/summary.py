"""Bins as people judge them: size, contiguity, depth, estimated quality."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..cluster.arrays import rows_of_bins
from ..cluster.binning import Binning
from ..coverage.coverage import Coverage
from ..estimator.classes import NOT_JUDGED, draft_class, quality_class
from ..estimator.estimate import Estimate, estimate_bins, with_doubt
from ..estimator.traits import n50s
from ..features.profile import Features
from ..genes.markers import MarkerSet
from ..genes.rna import RnaGenes
from ..kinds.bins import MOBILE, BinKind, judged_contigs, kinds_of_bins
from ..kinds.contigs import ContigKinds


@dataclass(frozen=True)
class Bin:
    """One row of ``bins.tsv``; ``depth`` a sample.

    ``doubt`` is the share of its bases that may be a relative's. Quality, in which that counts, is
    None where markers are off, and for what they cannot judge. ``rna`` has one row, or is None
    where RNA genes were not looked for.
    """

    name: str
    contigs: int
    bp: int
    n50: int
    gc: float
    depth: list[float]
    confidence: float
    kind: BinKind
    doubt: float
    quality: Estimate | None
    rna: RnaGenes | None = None
    assembly: str = ""

    @property
    def quality_class(self) -> str:
        """Its class by completeness and contamination alone."""
        return quality_class(self.quality) if self.kind.judged else NOT_JUDGED

    @property
    def basis(self) -> str:
        """What its quality rests on, or why it has none."""
        if not self.kind.judged:
            return self.kind.why_not_judged
        return self.quality.basis if self.quality is not None else "markers off"

    @property
    def draft(self) -> str:
        """Its class by the MIMAG standard."""
        return draft_class(self.quality, self.rna) if self.kind.judged else NOT_JUDGED


@dataclass(frozen=True)
class Outcome:
    """All that a run found of the contigs, for its tables.

    ``assemblies`` are those that the contigs come from; ``missing`` says whose depth is not
    known, None where all are.
    """

    features: Features
    kinds: ContigKinds
    coverage: Coverage
    binning: Binning
    assemblies: Sequence[str]
    missing: npt.NDArray[np.bool_] | None = None


def hosts_of(kinds: ContigKinds, binning: Binning) -> npt.NDArray[np.int32]:
    """The bin that a virus or plasmid is in, or nearest to: int32 [n], -1 for other contigs."""
    return np.where(np.isin(kinds.kind, MOBILE), binning.best, -1).astype(np.int32)


def n50(lengths: npt.NDArray[np.int64]) -> int:
    """Length such that contigs at least that long hold half of the bases."""
    return int(n50s(np.zeros(len(lengths), np.int64), lengths.astype(np.float64), 1)[0])


def summarise(outcome: Outcome, names: Sequence[str], markers: MarkerSet | None) -> list[Bin]:
    """One summary a bin, in order of number; they are called by ``names``.

    The depth of a bin is the mean over the bases of those of its contigs whose depth is known.
    """
    features, binning, missing = outcome.features, outcome.binning, outcome.missing
    held = rows_of_bins(binning.label, binning.bins)
    kinds = kinds_of_bins(features, outcome.kinds, held, markers)
    judged = judged_contigs(outcome.kinds, held)
    doubt = [float(np.average(binning.doubt[r], weights=features.ungapped[r])) for r in judged]
    known: Sequence[Estimate | None] = [None] * len(held)
    if markers is not None:
        known = list(map(with_doubt, estimate_bins(features, judged, markers), doubt))
    out = []
    for b, rows in enumerate(held):
        length = features.lengths[rows]
        deep = rows if missing is None or missing[rows].all() else rows[~missing[rows]]
        weight = features.lengths[deep]
        depth = np.average(outcome.coverage.mean[deep], axis=0, weights=weight)
        out.append(
            Bin(
                name=names[b],
                contigs=len(rows),
                bp=int(length.sum()),
                n50=n50(length),
                gc=float(np.average(features.gc[rows], weights=features.ungapped[rows])),
                depth=[float(d) for d in depth],
                confidence=float(np.average(binning.probability[rows], weights=length)),
                kind=kinds[b],
                doubt=doubt[b],
                quality=known[b] if kinds[b].judged else None,
                rna=features.rna.together(rows) if features.rna is not None else None,
                assembly=outcome.assemblies[rows[0]],
            )
        )
    return out
