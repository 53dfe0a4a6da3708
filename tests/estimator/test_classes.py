from __future__ import annotations

import numpy as np
import pytest

from llmbin.estimator.classes import draft_class, quality_class
from llmbin.estimator.estimate import Estimate, Interval
from llmbin.genes.rna import RnaGenes


def estimated(completeness: float, contamination: float) -> Estimate:
    return Estimate(completeness, contamination, Interval(0, 1), Interval(0, 1), "markers")


def rna(rrna: tuple[int, int, int] = (1, 1, 1), amino_acids: int = 20) -> RnaGenes:
    counts = np.array([rrna], np.int16)
    return RnaGenes(counts, 0 * counts, (np.arange(20) < amino_acids).astype(np.int16)[None])


@pytest.mark.parametrize(
    ("completeness", "contamination", "usual", "draft"),
    [
        (0.91, 0.04, "near-complete", "high-quality draft"),
        (0.90, 0.04, "high", "medium-quality draft"),
        (0.91, 0.05, "high", "medium-quality draft"),
        (0.70, 0.09, "medium", "medium-quality draft"),
        (0.50, 0.09, "medium", "medium-quality draft"),
        (0.49, 0.00, "low", "low-quality draft"),
        (0.99, 0.10, "low", "contaminated"),
    ],
)
def test_limits(completeness: float, contamination: float, usual: str, draft: str) -> None:
    quality = estimated(completeness, contamination)
    assert (quality_class(quality), draft_class(quality, rna())) == (usual, draft)


def test_a_high_quality_draft_has_all_rrnas_and_eighteen_trnas() -> None:
    good = estimated(0.95, 0.01)
    assert draft_class(good, rna(amino_acids=18)) == "high-quality draft"
    for lacking in (rna(amino_acids=17), rna((0, 1, 1)), rna((1, 0, 1)), rna((1, 1, 0))):
        assert draft_class(good, lacking) == "medium-quality draft"


def test_what_was_not_looked_at_is_unknown() -> None:
    assert quality_class(None) == draft_class(None, rna()) == "unknown"
    assert draft_class(estimated(0.95, 0.01), None) == "unknown"
    assert draft_class(estimated(0.6, 0.01), None) == "medium-quality draft"
