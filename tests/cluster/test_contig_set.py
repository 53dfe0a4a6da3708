from __future__ import annotations

import numpy as np
import pytest
from builders import contigs_of, homology_of, plain


def test_contigs_are_taken_with_all_that_is_known_of_them() -> None:
    x, counts = np.arange(6.0).reshape(3, 2), np.arange(12, dtype=np.int16).reshape(3, 4)
    contigs = contigs_of(plain(x), np.array([10, 20, 30]), counts, pairs=homology_of((1, 2, 900)))
    part = contigs.take(np.array([1, 2]))
    assert len(part) == 2
    np.testing.assert_array_equal(part.points.vectors, x[1:])
    assert part.lengths.tolist() == [20, 30]
    assert part.evidence.counts is not None
    np.testing.assert_array_equal(part.evidence.counts, counts[1:])
    assert (part.evidence.homology.first[0], part.evidence.homology.second[0]) == (0, 1)


def test_what_does_not_fit_together_is_refused() -> None:
    points, lengths = plain(np.zeros((3, 2))), np.full(3, 10)
    with pytest.raises(ValueError, match="3 points, but 2 lengths"):
        contigs_of(points, lengths[:2])
    with pytest.raises(ValueError, match="counts of 2 contigs"):
        contigs_of(points, lengths, np.zeros((2, 4), np.int16))
    with pytest.raises(ValueError, match="not among the 3"):
        contigs_of(points, lengths, pairs=homology_of((1, 3, 900)))
