"""Classes of drafts by the MIMAG standard (Bowers et al. 2017)."""

from __future__ import annotations

from .quality import Quality
from .rna import RnaGenes

TRNAS = 18  # amino acids whose tRNA genes a high-quality draft must have
HIGH, MEDIUM, LOW = (f"{level}-quality draft" for level in ("high", "medium", "low"))
CONTAMINATED, UNKNOWN = "contaminated", "unknown"


def draft_class(quality: Quality | None, rna: RnaGenes | None) -> str:
    """The class of a bin whose quality is estimated; ``rna`` has one row.

    A high-quality draft also has genes of all three rRNAs, in parts or whole, and of tRNAs for 18
    amino acids. From 10 % contamination on the standard has no class. What was not looked at is
    unknown.
    """
    if quality is None:
        return UNKNOWN
    if quality.contamination >= 0.1:
        return CONTAMINATED
    if quality.completeness < 0.5:
        return LOW
    if quality.completeness <= 0.9 or quality.contamination >= 0.05:
        return MEDIUM
    if rna is None:
        return UNKNOWN
    return HIGH if has_rna_genes(rna) else MEDIUM


def has_rna_genes(rna: RnaGenes) -> bool:
    """Whether a bin (one row) has the RNA genes that a high-quality draft must have."""
    return bool((rna.rrna[0] > 0).all() and rna.amino_acids[0] >= TRNAS)
