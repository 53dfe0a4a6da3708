from __future__ import annotations

import numpy as np
import pytest
from builders import MARKERS

from llmbin.genes.markers import MarkerSet
from llmbin.genes.quality import MarkerCopies, estimate


def test_quality_takes_the_domain_that_fits_better() -> None:
    markers = MarkerSet(
        ["a", "b", "c", "d"],
        [1.0] * 4,
        ["bacteria", "archaea"],
        np.array([[1, 1, 0, 0], [0, 0, 1, 1]], bool),
    )
    assert estimate(np.array([2, 1, 1, 0]), markers) == estimate(np.array([2, 1, 0, 0]), markers)
    q = estimate(np.array([2, 1, 1, 0]), markers)
    assert (q.domain, q.completeness, q.contamination, q.score) == ("bacteria", 1.0, 0.5, -1.5)
    assert estimate(np.array([0, 1, 1, 3]), markers).domain == "archaea"
    assert estimate(np.zeros(4, int), markers).score == 0


def test_bins_are_worth_what_their_contigs_hold_together() -> None:
    counts = np.array([[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 0]], np.int16)
    copies = MarkerCopies(counts, MARKERS)
    assert copies.quality([0, 1]).worth == copies.worth([0, 1]) == 1
    assert copies.quality([0, 2]).worth < 0 == copies.worth([0, 2])
    assert copies.sum_of_worths([[0, 1], [2]]) == 2
    assert copies.sum_of_worths([]) == 0
    assert copies.take([2]).worth([0]) == 1


def test_counts_must_be_of_the_markers() -> None:
    for counts in (np.zeros((3, 5), np.int16), np.zeros(4, np.int16)):
        with pytest.raises(ValueError, match="4 markers"):
            MarkerCopies(counts, MARKERS)
