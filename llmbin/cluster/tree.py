"""The cluster tree: HDBSCAN's hierarchy of contigs, built exactly under the calibrated metric.

HDBSCAN (Campello, Moulavi & Sander 2013) links points by mutual reachability, max(core_i, core_j,
d_ij), where the core distance is that within which a point has enough company: so many bases of
contigs with its own, but at most ``min_samples`` neighbours, for a genome may have but a few long
contigs. Here d is a metric with a noise term a contig (see `points.py`), so the spanning tree comes
from our own kernel; sizes are in base pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..resources import Resources
from .arrays import Floats, KernelRows, Labels, Lengths, Mask
from .neighbours import nearest
from .points import Points
from .thresholds import NEIGHBOURS, TREE, NeighbourThresholds, TreeThresholds


@dataclass(frozen=True)
class Tree:
    """A single-linkage tree over n contigs.

    Node i < n is contig i; node n + k joins ``left[k]`` and ``right[k]`` at ``distance[k]``, and
    distances do not fall with k. ``size`` is the base pairs of every node [2n - 1].
    """

    leaves: int
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    distance: npt.NDArray[np.float32]
    size: npt.NDArray[np.int64]


def build_tree(
    points: Points,
    lengths: Lengths,
    resources: Resources,
    known: tuple[KernelRows, Floats] | None = None,
    thresholds: TreeThresholds = TREE,
    search: NeighbourThresholds = NEIGHBOURS,
) -> Tree:
    """HDBSCAN's single-linkage tree of all points, ties broken by contig order.

    Exact, or over a graph of neighbours beyond some 25,000 contigs.

    Args:
        points: the contigs of the tree.
        lengths: their bases.
        resources: for a search of neighbours.
        known: index and distance of more than ``min_samples`` neighbours, if they were looked for
            before.
        thresholds: of the tree.
        search: of a search of neighbours; up to its ``exact_pairs`` the tree is exact.
    """
    from .._kernels import spanning_forest, spanning_tree

    n = len(points)
    if n == 1:
        return link(np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.float32), lengths)
    rows = np.arange(n, dtype=np.int32)
    k = max(1, min(thresholds.min_samples, n - 1))
    exact = n * n <= search.exact_pairs
    wanted = k if exact else thresholds.graph_neighbours
    index, distance = known or nearest(points, rows, rows, wanted, resources, search)
    core = core_distance(index[:, :k], distance[:, :k], lengths, thresholds.core_bases)
    if exact:
        edges = spanning_tree(*points.arrays(), core)
    else:
        near = slice(thresholds.graph_neighbours)
        edges = spanning_forest(
            np.ascontiguousarray(index[:, near]), np.ascontiguousarray(distance[:, near]), core
        )
    return link(*edges, lengths)


def core_distance(index: KernelRows, distance: Floats, lengths: Lengths, core_bases: int) -> Floats:
    """Distance float32 [n] to the neighbour that completes ``core_bases``; 0 for a long contig.

    ``index`` and ``distance`` are of neighbours [n, k], nearest first.
    """
    company = np.where(index >= 0, lengths[np.maximum(index, 0)], 0)
    enough = np.cumsum(np.column_stack([lengths, company]), axis=1) >= core_bases
    last = np.where(enough.any(axis=1), enough.argmax(axis=1), distance.shape[1])
    steps = np.column_stack([np.zeros(len(lengths), np.float32), distance])
    core = steps[np.arange(len(lengths)), last]
    return np.where(np.isfinite(core), core, 0).astype(np.float32)


def link(start: KernelRows, stop: KernelRows, distance: Floats, lengths: Lengths) -> Tree:
    """Single-linkage tree of a spanning tree's n - 1 edges."""
    from .._kernels import linked_tree

    low, high = np.minimum(start, stop), np.maximum(start, stop)
    order = np.lexsort((high, low, distance))
    left, right, size = linked_tree(low[order], high[order], lengths)
    return Tree(len(lengths), left, right, distance[order], size)


def topmost(tree: Tree, wanted: Mask) -> list[int]:
    """The topmost of the ``wanted`` nodes [2n - 1], ascending."""
    from .._kernels import nodes_above

    above = nodes_above(wanted, tree.left, tree.right)
    nodes: list[int] = np.unique(above[above >= 0]).tolist()
    return nodes


def place_of_node(tree: Tree, nodes: Sequence[int]) -> Labels:
    """Which of ``nodes``, ascending and none under another, each contig is under: int32 [n].

    Its place among them; -1 for contigs under none.
    """
    from .._kernels import nodes_above

    wanted = np.zeros(2 * tree.leaves - 1, np.bool_)
    wanted[list(nodes)] = True
    above = nodes_above(wanted, tree.left, tree.right)
    return np.where(above >= 0, np.searchsorted(nodes, above), -1).astype(np.int32)


def contigs_under(tree: Tree, node: int) -> list[int]:
    """Contigs under a node, in ascending order."""
    stack, out = [node], []
    while stack:
        x = stack.pop()
        if x < tree.leaves:
            out.append(x)
        else:
            stack += [int(tree.left[x - tree.leaves]), int(tree.right[x - tree.leaves])]
    return sorted(out)
