from __future__ import annotations

import numpy as np
from builders import plain

from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.recruit import recruit


def test_recruitment_follows_the_neighbours_and_leaves_doubtful_contigs_out() -> None:
    x = np.concatenate([np.zeros((20, 3)), np.full((20, 3), 10.0), [[0.1, 0, 0], [5, 5, 5]]])
    x[:40] += np.random.default_rng(0).normal(0, 0.1, (40, 3))
    core = np.repeat([0, 1, -1], [20, 20, 2]).astype(np.int32)
    points = plain(x)
    got = recruit(find_neighbours(points, np.arange(len(x), dtype=np.int32)), core)
    assert got.label[:40].tolist() == core[:40].tolist()
    assert got.label[40] == 0
    assert got.probability[40] > 0.99
    assert got.label[41] == -1 or got.probability[41] > 0.7
