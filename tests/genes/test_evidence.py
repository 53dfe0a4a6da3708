from __future__ import annotations

import numpy as np
import pytest
from builders import MARKERS, homology_of

from llmbin.genes.counts import MarkerCounts
from llmbin.genes.evidence import Evidence


def test_evidence_of_some_contigs() -> None:
    counts = np.arange(12, dtype=np.int16).reshape(3, 4)
    evidence = Evidence(MarkerCounts.of(counts), MARKERS, homology_of((0, 1, 600), (1, 2, 700)))
    part = evidence.take(np.array([1, 2]))
    assert part.marker_copies is not None
    np.testing.assert_array_equal(part.marker_copies.counts[:], counts[1:])
    assert (part.homology.first.tolist(), part.homology.length.tolist()) == ([0], [700])


def test_markers_may_be_off() -> None:
    assert Evidence().marker_copies is None and not len(Evidence().homology)
    assert Evidence().take(np.array([0])).marker_copies is None
    with pytest.raises(ValueError, match="both or neither"):
        Evidence(MarkerCounts.of(np.zeros((3, 4), np.int16)))
    with pytest.raises(ValueError, match="both or neither"):
        Evidence(None, MARKERS)
