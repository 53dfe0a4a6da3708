from __future__ import annotations

import tracemalloc
from itertools import product

import numpy as np
import pytest
from builders import homology_of
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.cluster import repulsion
from llmbin.cluster.repulsion import Repulsion
from llmbin.genes.homology import Homology, no_homology


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 3))
@settings(deadline=None, max_examples=60)
def test_choices_equal_those_of_all_combinations_where_pairs_make_no_cycle(
    seed: int, n: int, parts: int
) -> None:
    rng = np.random.default_rng(seed)
    logs = rng.normal(0, 2, (n, parts))
    logs[rng.random((n, parts)) < 0.15] = -np.inf
    logs[:, 0] = np.maximum(logs[:, 0], -5)
    options = np.array([rng.permutation(5)[:parts] for _ in range(n)], np.int32)
    pairs = homology_of(
        *[(int(rng.integers(i)), i, int(rng.integers(500, 30_000))) for i in range(1, n)]
    )
    want = np.zeros((n, parts))
    for choice in product(range(parts), repeat=n):
        same = [
            options[a, choice[a]] == options[b, choice[b]]
            for a, b in zip(pairs.first, pairs.second, strict=True)
        ]
        weight = np.exp(sum(logs[i, c] for i, c in enumerate(choice)) - pairs.evidence[same].sum())
        want[np.arange(n), choice] += weight
    want /= want.sum(1, keepdims=True)
    chooser = Repulsion(options, pairs)
    chooser.choose(rng.normal(size=logs.shape))  # what was asked before makes no difference
    np.testing.assert_allclose(chooser.choose(logs), want, atol=0.02)


def test_no_pairs_leave_each_contig_to_itself() -> None:
    logs = np.log([[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(
        Repulsion(np.zeros((2, 2), np.int32), no_homology()).choose(logs), np.exp(logs)
    )


def asked(pairs: int, options: int) -> tuple[np.ndarray, Homology, np.ndarray]:
    """Options of 50 contigs, some of which are none, pairs of them, and log likelihoods."""
    rng = np.random.default_rng(1)
    choices = np.array([rng.permutation(20)[:options] for _ in range(50)], np.int32)
    choices[:, 1:][rng.random((50, options - 1)) < 0.2] = -1
    ends = np.sort([rng.permutation(50)[:2] for _ in range(pairs)]).T.astype(np.int32)
    logs = np.where(choices >= 0, rng.normal(0, 2, choices.shape), -np.inf)
    return choices, Homology(*ends, rng.integers(500, 9_000, pairs).astype(np.int32)), logs


@pytest.mark.parametrize(("pairs", "options"), [(1, 2), (6, 3), (7, 12), (40, 9)])
def test_edges_together_change_no_bit(
    pairs: int, options: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    choices, homology, logs = asked(pairs, options)
    whole = Repulsion(choices, homology).choose(logs)
    for some in (2, 3, 14, 79):
        monkeypatch.setattr(repulsion, "BLOCK", some)
        assert Repulsion(choices, homology).choose(logs).tobytes() == whole.tobytes()


def test_many_pairs_take_little_more_than_their_messages() -> None:
    choices, homology, logs = asked(40_000, 12)
    tracemalloc.start()
    Repulsion(choices, homology).choose(logs)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50 * 80_000 * 12  # bytes of an option and edge: two messages are 16
