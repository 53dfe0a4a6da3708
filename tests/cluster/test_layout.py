from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import plain

from llmbin.cluster.layout import choose_landmarks, layout, to_unit_square
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import LAYOUT

FEW = replace(LAYOUT, landmarks=60)


def genomes(each: int = 50, count: int = 6, seed: int = 3) -> tuple[Points, np.ndarray]:
    """Points of some genomes, in an order that mixes them, and their genomes."""
    rng = np.random.default_rng(seed)
    of = rng.permutation(np.repeat(np.arange(count), each))
    middle = rng.normal(scale=12, size=(count, 8))
    return plain(middle[of] + rng.normal(size=(len(of), 8)) / np.sqrt(2)), of


@pytest.mark.parametrize("thresholds", [LAYOUT, FEW], ids=["all landmarks", "few landmarks"])
def test_contigs_of_a_genome_are_together_and_apart_from_others(thresholds) -> None:
    points, of = genomes()
    lengths = np.random.default_rng(0).integers(1000, 90_000, len(of))
    places = layout(points, lengths, 1, thresholds)
    assert places.dtype == np.float32
    assert places.min() >= 0
    assert places.max() <= 1
    assert np.ptp(places, axis=0).max() == pytest.approx(1, abs=1e-5)
    distance = ((places[:, None] - places) ** 2).sum(2) + np.eye(len(of))
    nearest = of[np.argsort(distance, axis=1)[:, :5]]
    assert (nearest == of[:, None]).mean() > 0.98
    assert len(np.unique(places, axis=0)) == len(of)


def test_threads_change_no_bit() -> None:
    points, of = genomes()
    lengths = np.arange(len(of)) + 1000
    one = layout(points, lengths, 1, FEW)
    assert layout(points, lengths, 3, FEW).tobytes() == one.tobytes()
    assert layout(points, lengths, 1, FEW).tobytes() == one.tobytes()


def test_depth_alone_tells_genomes_apart() -> None:
    rng = np.random.default_rng(1)
    of = np.repeat([0, 1], 40)
    same = plain(rng.normal(size=(80, 4)) / np.sqrt(2))
    depth = (3 * of[:, None] + rng.normal(size=(80, 2)) / 10).astype(np.float32)
    points = replace(same, log_depth=depth, variance=np.full((80, 2), 0.01, np.float32))
    x = layout(points, np.full(80, 5000), 1)
    middle = np.array([x[of == g].mean(0) for g in (0, 1)])
    nearer = ((x[:, None] - middle) ** 2).sum(2).argmin(1)
    assert (nearer == of).all()


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 20])
@pytest.mark.parametrize("alike", [True, False])
def test_few_contigs_and_contigs_that_are_alike(n: int, alike: bool) -> None:
    x = np.zeros((n, 3)) if alike else np.random.default_rng(0).normal(size=(n, 3))
    places = layout(plain(x), np.full(n, 2000), 1)
    assert places.shape == (n, 2)
    assert np.isfinite(places).all()
    assert ((places >= 0) & (places <= 1)).all()


def test_landmarks_are_the_longest_and_others_evenly() -> None:
    lengths = np.arange(1000, 2000)
    rows = choose_landmarks(lengths, replace(LAYOUT, landmarks=100))
    assert len(rows) == 100
    assert (np.diff(rows) > 0).all()
    assert set(range(950, 1000)) <= set(rows.tolist())
    assert np.diff(rows[:50]).max() < 25
    assert choose_landmarks(lengths[:30], LAYOUT).tolist() == list(range(30))


def test_both_directions_have_one_scale() -> None:
    x = to_unit_square(np.array([[0.0, 0.0], [4.0, 1.0], [2.0, 2.0]]))
    np.testing.assert_allclose(x, [[0, 0.25], [1, 0.5], [0.5, 0.75]])
