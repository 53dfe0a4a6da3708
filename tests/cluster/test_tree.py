from __future__ import annotations

import numpy as np
from builders import plain

from llmbin._kernels import (
    neighbours,
    spanning_forest,
    spanning_tree,
)
from llmbin.cluster.tree import build_tree, contigs_under, core_distance, link
from llmbin.resources import Resources


def test_tree_equals_hdbscan() -> None:
    import hdbscan

    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(c, 0.3, (40, 5)) for c in (-2, 0, 3)]).astype(np.float32)
    ours = build_tree(plain(x), np.ones(len(x), np.int64), Resources())
    theirs = hdbscan.HDBSCAN(min_cluster_size=30, min_samples=5, algorithm="generic").fit(
        x.astype(np.float64)
    )
    np.testing.assert_allclose(
        ours.distance, np.sort(theirs.single_linkage_tree_.to_numpy()[:, 2]), rtol=1e-4
    )
    assert theirs.labels_.max() == 2
    tops = [node for node in range(120, 239) if 30 <= ours.size[node] <= 45]
    assert {int(theirs.labels_[contigs_under(ours, node)].max()) for node in tops} == {0, 1, 2}


def test_a_long_contig_is_company_enough() -> None:
    index = np.array([[1, 2], [0, 2], [1, 0]], np.int32)
    distance = np.array([[0.1, 0.2], [0.1, 0.3], [0.3, 0.4]], np.float32)
    core = core_distance(index, distance, np.array([60_000, 10_000, 30_000]), 50_000)
    np.testing.assert_allclose(core, [0, 0.1, 0.4])


def test_link_breaks_ties_by_order() -> None:
    tree = link(
        np.array([2, 0, 1], np.int32),
        np.array([3, 1, 2], np.int32),
        np.ones(3, np.float32),
        np.array([1, 2, 3, 4]),
    )
    assert tree.left.tolist() == [0, 4, 5]
    assert tree.right.tolist() == [1, 2, 3]
    assert tree.size.tolist() == [1, 2, 3, 4, 3, 6, 10]


def test_a_graph_of_all_neighbours_gives_the_exact_tree() -> None:
    rng = np.random.default_rng(0)
    points, core = plain(rng.normal(size=(60, 4))), rng.random(60).astype(np.float32)
    rows = np.arange(60, dtype=np.int32)
    index, distance = neighbours(*points.arrays(), rows, rows, 59)
    exact = spanning_tree(*points.arrays(), core)
    graph = spanning_forest(index, distance, core)
    np.testing.assert_allclose(np.sort(graph[2]), np.sort(exact[2]), rtol=1e-6)
    sparse = spanning_forest(index[:, :1].copy(), distance[:, :1].copy(), core)
    assert len(sparse[0]) == 59
    assert sparse[2].max() > 2 * distance[:, 0].max()
