from __future__ import annotations

import numpy as np
from builders import MARKERS

from llmbin.genes.counts import MarkerCounts
from llmbin.genes.quality import MarkedContigs, MarkerCopies


def dense_and_sparse() -> tuple[np.ndarray, MarkerCounts]:
    rng = np.random.default_rng(5)
    dense = rng.integers(0, 3, (200, 4)).astype(np.int16) * (rng.random((200, 1)) < 0.1)
    return dense.astype(np.int16), MarkerCounts.of(dense.astype(np.int16))


def test_counts_of_carriers_alone_are_those_of_all() -> None:
    dense, sparse = dense_and_sparse()
    assert len(sparse) == 200 and sparse.families == 4 and len(sparse.table) < 60
    np.testing.assert_array_equal(sparse[:], dense)
    np.testing.assert_array_equal(sparse.carried, dense.any(1))
    rows = np.flatnonzero(np.arange(200) % 3 == 1)
    np.testing.assert_array_equal(sparse.take(rows)[:], dense[rows])
    np.testing.assert_array_equal(sparse.take(rows[:0])[:], dense[:0])
    assert len(sparse.take(np.flatnonzero(~dense.any(1))).table) == 1


def test_copies_of_groups_and_their_worth() -> None:
    dense, sparse = dense_and_sparse()
    marked, copies = MarkedContigs(sparse, MARKERS), MarkerCopies(dense, MARKERS)
    label = np.arange(200) % 5 - 1
    groups = marked.of_groups(label, 6)
    wanted = [dense[label == group].sum(0) for group in range(6)]
    np.testing.assert_array_equal(groups.counts, wanted)
    bins = [label == 0, label == 2]
    assert marked.sum_of_worths(bins) == copies.sum_of_worths(bins)
    assert marked.quality(np.arange(9)) == copies.quality(np.arange(9))
