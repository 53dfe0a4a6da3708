from __future__ import annotations

from itertools import product

import numpy as np
from builders import homology_of
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.cluster.repulsion import Repulsion
from llmbin.genes.homology import no_homology


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
    repulsion = Repulsion(options, pairs)
    repulsion.choose(rng.normal(size=logs.shape))  # what was asked before makes no difference
    np.testing.assert_allclose(repulsion.choose(logs), want, atol=0.02)


def test_no_pairs_leave_each_contig_to_itself() -> None:
    logs = np.log([[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(
        Repulsion(np.zeros((2, 2), np.int32), no_homology()).choose(logs), np.exp(logs)
    )
