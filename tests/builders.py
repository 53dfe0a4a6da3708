"""Small points, trees, pairs and markers that tests are made of."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from llmbin.cluster.points import Points
from llmbin.cluster.tree import Tree, build_tree, members
from llmbin.genes.homology import Homology
from llmbin.genes.markers import MarkerSet

MARKERS = MarkerSet(
    ["a", "b", "c", "d"],
    [1.0] * 4,
    ["bacteria", "archaea"],
    np.array([[1, 1, 1, 0], [0, 1, 1, 1]], bool),
)


def plain(x: np.ndarray, noise: float = 0.5) -> Points:
    n = len(x)
    return Points(
        np.ascontiguousarray(x, np.float32),
        np.full(n, noise, np.float32),
        np.empty((n, 0), np.float32),
        np.empty((n, 0), np.float32),
        0.0,
    )


def random_tree(rng: np.random.Generator, n: int) -> Tree:
    return build_tree(
        plain(rng.normal(size=(n, 2))), rng.integers(50, 400, n), min_samples=1, core_bases=10**9
    )


def disjoint_sets(tree: Tree, nodes: list[int]) -> bool:
    return not any(set(members(tree, a)) & set(members(tree, b)) for a, b in combinations(nodes, 2))


def homology_of(*pairs: tuple[int, int, int]) -> Homology:
    return Homology(*np.array(pairs or np.empty((0, 3)), np.int32).reshape(-1, 3).T.copy())
