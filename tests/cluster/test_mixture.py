from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from builders import homology_of, plain
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.cluster.mixture import Mixture
from llmbin.cluster.thresholds import MIXTURE
from llmbin.genes.homology import no_homology


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_parts_are_no_less_likely_than_what_expectation_maximisation_ends_with(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, parts = int(rng.integers(3, 12)), int(rng.integers(2, 4))
    found = {(int(a), int(b)) for a, b in rng.integers(0, n, (n, 2)) if a < b}
    pairs = homology_of(*[(a, b, int(rng.integers(500, 9000))) for a, b in found])
    mixture = Mixture(plain(rng.normal(0, 2, (n, 3)), 1.0), rng.integers(1000, 9000, n), pairs)
    begun = np.eye(parts)[rng.integers(0, parts, n)]
    part = mixture.likeliest_parts(begun)
    assert part.shape == (n,) and part.min() >= 0 and part.max() < parts
    assert mixture.log_likelihood(part) >= mixture.log_likelihood(
        mixture.shares(begun).argmax(1).astype(np.int32)
    )


def test_a_move_parts_a_pair_and_leaves_the_rest() -> None:
    x = np.array([[0.0], [0.1], [2.0], [2.1], [1.0]])
    mixture = Mixture(plain(x, 1.0), np.full(5, 1000), homology_of((0, 4, 20_000)))
    assert mixture.after_moves(np.array([0, 0, 1, 1, 0], np.int32), 2).tolist() == [0, 0, 1, 1, 1]
    assert mixture.after_moves(np.array([0, 0, 1, 1, 1], np.int32), 2).tolist() == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("seed", range(6))
def test_parts_are_the_likeliest_of_all(seed: int) -> None:
    """Two genomes of five contigs, one above the other; all 2^10 ways are looked at."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (10, 4))
    x[5:, 0] += 3
    pairs = homology_of(
        *[(i, j, 3000) for i, j in product(range(5), range(5, 10)) if (i - j) % 5 in (0, 1)]
    )
    mixture = Mixture(plain(x, 1.0), np.full(10, 5000), pairs)
    values = {
        part: mixture.log_likelihood(np.array(part, np.int32))
        for part in product([0, 1], repeat=10)
        if 0 < sum(part) < 10
    }
    begun = np.zeros((10, 2))
    begun[0, 0] = begun[5, 1] = 1
    part = mixture.likeliest_parts(begun)
    assert part.tolist() == [0] * 5 + [1] * 5
    assert (
        mixture.log_likelihood(part) > max(values.values()) - 1
    )  # whichever side a contig between the two is on


def test_the_value_is_that_of_the_formula() -> None:
    """One part, whose far contig hardly moves the centre."""
    x = np.array([[0.0], [0.0], [0.0], [0.0], [50.0]])
    mixture = Mixture(plain(x, 1.0), np.full(5, 1000), no_homology())
    value = mixture.log_likelihood(np.zeros(5, np.int32))
    assert value == pytest.approx(-MIXTURE.weight / 2 * np.log1p(50**2 / MIXTURE.knee), abs=0.1)
    together = Mixture(plain(x, 1.0), np.full(5, 1000), homology_of((0, 1, 500))).log_likelihood(
        np.zeros(5, np.int32)
    )
    assert value - together == pytest.approx(1.5)


def test_an_island_does_not_decide_between_two_centres() -> None:
    """Under a Gaussian a contig at 30 would tell centres at 0 and 1 apart by 30 nats."""
    x = np.array([[0.0, 0]] * 6 + [[1.0, 0]] * 6 + [[0.5, 30.0]])
    x[:6, 1], x[6:12, 1] = 0, 1
    begun = np.eye(2)[[0] * 6 + [1] * 6 + [0]]
    share = Mixture(plain(x, 0.05), np.full(13, 1000), no_homology()).shares(begun)
    assert (share[:6, 0] > 0.99).all() and (share[6:12, 1] > 0.99).all()
    assert 0.2 < share[12, 0] < 0.8
