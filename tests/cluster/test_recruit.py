from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import plain

from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.recruit import recruit
from llmbin.resources import Resources


def test_recruitment_follows_the_neighbours_and_leaves_doubtful_contigs_out() -> None:
    x = np.concatenate([np.zeros((20, 3)), np.full((20, 3), 10.0), [[0.1, 0, 0], [5, 5, 5]]])
    x[:40] += np.random.default_rng(0).normal(0, 0.1, (40, 3))
    core = np.repeat([0, 1, -1], [20, 20, 2]).astype(np.int32)
    points = plain(x)
    got = recruit(find_neighbours(points, np.arange(len(x), dtype=np.int32), Resources()), core)
    assert got.label[:40].tolist() == core[:40].tolist()
    assert got.label[40] == 0
    assert got.probability[40] > 0.99
    assert got.label[41] == -1 or got.probability[41] > 0.7


@pytest.mark.parametrize(("apart", "low", "high"), [(30.0, 0.999, 1.0), (0.0, 0.0, 0.6)])
def test_a_contig_that_is_all_of_its_bin_belongs_there(
    apart: float, low: float, high: float
) -> None:
    """Unless another bin's contig is just like it."""
    vectors = np.array([[0.0, 0], [apart, 0], [100, 100], [100, 101]], np.float32)
    points = replace(plain(vectors, 1.0), effective_dims=2.0)
    near = find_neighbours(points, np.arange(4, dtype=np.int32), Resources())
    found = recruit(near, np.array([0, 1, 2, 2], np.int32))
    assert found.label.tolist() == [0, 1, 2, 2]
    for row in (0, 1):
        assert low <= found.probability[row] <= high
    assert found.probability[2:].min() > 0.9
