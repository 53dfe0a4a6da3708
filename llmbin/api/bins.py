"""What is known of bins, of a run or of any binner, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..estimator.estimate import Estimate
from ..genes.rna import AMINO_ACIDS, KINDS, RnaGenes
from ..kinds.bins import BinKind
from ..results.tables import ESTIMATE_TITLES, KIND_TITLES, RNA_TITLES
from .table import Columns, Doubles, Integers, Table, Texts, texts

Counts = npt.NDArray[np.int16]


@dataclass(frozen=True, eq=False, repr=False)
class Bins(Table):
    """n bins: their sizes in bp, estimated quality in percent, RNA genes, and classes.

    Attributes:
        names: object [n].
        contigs, bp, n50: int64 [n].
        gc: fraction of known bases, float64 [n].
        completeness, contamination: float64 [n], NaN where markers are off; the truth is between
            ``_low`` and ``_high`` with a probability of 80 %.
        quality_basis: in words, what the estimate rests on, object [n].
        quality: class by completeness and contamination alone, object [n].
        rrna, rrna_whole: genes of 5S, 16S and 23S rRNA, in parts or whole, and whole: int16 [n, 3].
        trna: genes for each of the 20 amino acids, in order of their letters: int16 [n, 20].
        mimag: class by the MIMAG standard, object [n].
        kind: what most of its bases are of, object [n]; ``bp_of_kinds`` int64 [n, 6] has the bases
            of bacteria, archaea, eukaryotes, viruses and plasmids, and of what is unclear.
    """

    names: Texts
    contigs: Integers
    bp: Integers
    n50: Integers
    gc: Doubles
    completeness: Doubles
    contamination: Doubles
    completeness_low: Doubles
    completeness_high: Doubles
    contamination_low: Doubles
    contamination_high: Doubles
    quality_basis: Texts
    quality: Texts
    rrna: Counts
    rrna_whole: Counts
    trna: Counts
    mimag: Texts
    kind: Texts
    bp_of_kinds: Integers

    @property
    def trna_amino_acids(self) -> Integers:
        """How many of the twenty amino acids have a tRNA gene: int64 [n]."""
        return np.asarray((self.trna > 0).sum(1), np.int64)

    def _size_columns(self) -> Columns:
        sizes: Columns = {"bin": self.names, "contigs": self.contigs, "bp": self.bp}
        return {**sizes, "n50": self.n50, "gc": self.gc}

    def _quality_columns(self) -> Columns:
        estimates: Columns = {title: getattr(self, title) for title in ESTIMATE_TITLES}
        classes: Columns = {"quality": self.quality, "quality_basis": self.quality_basis}
        rna = dict(zip(RNA_TITLES, [*self.rrna.T, self.trna_amino_acids], strict=True))
        kinds = dict(zip(KIND_TITLES, self.bp_of_kinds.T, strict=True))
        return {**estimates, **classes, **rna, "mimag": self.mimag, "kind": self.kind, **kinds}


def kind_arrays(found: Sequence[BinKind]) -> dict[str, Any]:
    """Fields of `Bins` that kinds fill."""
    bases = np.array([kind.bases for kind in found], np.int64).reshape(-1, len(KIND_TITLES))
    return {"kind": texts(kind.name for kind in found), "bp_of_kinds": bases}


def estimate_arrays(found: Sequence[Estimate | None], basis: Sequence[str]) -> dict[str, Any]:
    """Fields of `Bins` that estimates fill, and what they rest on."""
    rows = [[np.nan] * len(ESTIMATE_TITLES) if e is None else _percent(e) for e in found]
    numbers = np.array(rows, np.float64).reshape(-1, len(ESTIMATE_TITLES))
    columns = dict(zip(ESTIMATE_TITLES, numbers.T.copy(), strict=True))
    return {**columns, "quality_basis": texts(basis)}


def _percent(e: Estimate) -> list[float]:
    within, foreign = e.completeness_interval, e.contamination_interval
    ends = (within.low, within.high, foreign.low, foreign.high)
    return [100 * fraction for fraction in (e.completeness, e.contamination, *ends)]


def rna_arrays(found: Sequence[RnaGenes | None]) -> dict[str, Any]:
    """Fields of `Bins` that RNA genes fill.

    Raises:
        ValueError: they were not looked for.
    """
    genes = [g for g in found if g is not None]
    if len(genes) != len(found):
        raise ValueError("RNA genes were not looked for")
    widths = {"rrna": len(KINDS), "whole": len(KINDS), "trna": len(AMINO_ACIDS)}
    rrna, whole, trna = (
        np.concatenate([np.empty((0, width), np.int16), *(getattr(g, what) for g in genes)])
        for what, width in widths.items()
    )
    return {"rrna": rrna, "rrna_whole": whole, "trna": trna}
