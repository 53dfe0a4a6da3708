"""Classes of bins: the limits that the field uses, and the MIMAG standard (Bowers et al. 2017)."""

from __future__ import annotations

from ..genes.rna import RnaGenes
from .estimate import Estimate

NEAR_COMPLETE = "near-complete"
CLASSES = (NEAR_COMPLETE, "high", "medium", "low")
HIGH_DRAFT, MEDIUM_DRAFT, LOW_DRAFT = (
    f"{level}-quality draft" for level in ("high", "medium", "low")
)
CONTAMINATED, UNKNOWN = "contaminated", "unknown"
NOT_JUDGED = "not judged"  # eukaryotes, viruses and plasmids: marker genes say nothing of them
DRAFTS = (HIGH_DRAFT, MEDIUM_DRAFT, LOW_DRAFT, CONTAMINATED)
TRNAS = 18  # amino acids whose tRNA genes a high-quality draft must have


def quality_class(quality: Estimate | None) -> str:
    """One of `CLASSES`, by completeness and contamination alone."""
    if quality is None:
        return UNKNOWN
    complete, contaminated = quality.completeness, quality.contamination
    if complete > 0.9 and contaminated < 0.05:
        return NEAR_COMPLETE
    if complete > 0.7 and contaminated < 0.1:
        return "high"
    return "medium" if complete >= 0.5 and contaminated < 0.1 else "low"


def draft_class(quality: Estimate | None, rna: RnaGenes | None) -> str:
    """One of `DRAFTS`; ``rna`` has one row.

    A high-quality draft is near-complete and has genes of all three rRNAs, in parts or whole, and
    of tRNAs for 18 amino acids. From 10 % contamination on the standard has no class. What was not
    looked at is unknown.
    """
    if quality is None:
        return UNKNOWN
    if quality.contamination >= 0.1:
        return CONTAMINATED
    if quality.completeness < 0.5:
        return LOW_DRAFT
    if quality_class(quality) != NEAR_COMPLETE:
        return MEDIUM_DRAFT
    if rna is None:
        return UNKNOWN
    whole_set = (rna.rrna[0] > 0).all() and rna.amino_acids[0] >= TRNAS
    return HIGH_DRAFT if whole_set else MEDIUM_DRAFT
