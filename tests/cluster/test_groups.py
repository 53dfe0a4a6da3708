from __future__ import annotations

import numpy as np
import pytest

from llmbin.cluster.groups import groups_of
from llmbin.cluster.points import Points


def test_groups_are_weighted_means_and_add_up() -> None:
    rng = np.random.default_rng(0)
    noise, variance = (
        rng.uniform(0.1, 2, 6).astype(np.float32),
        rng.uniform(0.1, 2, (6, 2)).astype(np.float32),
    )
    x, c = rng.normal(size=(6, 3)).astype(np.float32), rng.normal(size=(6, 2)).astype(np.float32)
    points = Points(x, noise, c, variance, 3.0, 0.3, 0.2)
    label = np.array([0, 0, 0, 1, 1, -1])
    found = groups_of(points, label, 3).distance(0, np.array([1, 2]))
    want = 0.0
    for values, spread, weights in (
        (x, 0.3, np.repeat(1 / noise[:, None], 3, 1)),
        (c, 0.2, 1 / variance),
    ):
        a, b = (np.average(values[label == k], axis=0, weights=weights[label == k]) for k in (0, 1))
        want += (
            (a - b) ** 2
            / (1 / weights[label == 0].sum(0) + 1 / weights[label == 1].sum(0) + 2 * spread)
        ).sum()
    assert found[0] == pytest.approx(want, rel=1e-5)
    assert found[1] == np.inf
