"""Where to cut the tree: the disjoint nodes that are the best bins, by exact dynamic programming."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .markers import MarkerSet, estimate
from .metric import Points
from .parts import parts_of
from .tree import Tree


def cut_by_markers(tree: Tree, counts: npt.NDArray[np.int16], markers: MarkerSet, min_bin_size: int) -> list[int]:
    """Disjoint nodes with the highest sum of completeness^2 - 5 x contamination.

    A node's quality comes from the marker copies of its contigs (counts int16 [leaves, markers]) in the domain that
    fits better. A node that is as good as the best cut below it is preferred to that cut: contigs without markers
    say nothing, so bins grow until markers speak against it. Nodes below ``min_bin_size`` bp are never bins; a single
    contig of that size may be one.

    Returns:
        chosen nodes, ascending.
    """
    n, size = tree.leaves, tree.size.tolist()
    held: list[npt.NDArray[np.int16] | None] = list(counts)
    best: list[float] = []
    chosen: list[tuple[int, ...]] = []
    for node in range(2 * n - 1):
        below = 0.0
        nodes: tuple[int, ...] = ()
        if node >= n:
            a, b = int(tree.left[node - n]), int(tree.right[node - n])
            held.append(held[a] + held[b])  # type: ignore[operator]
            below, nodes = best[a] + best[b], chosen[a] + chosen[b]
            held[a] = held[b] = None
            chosen[a] = chosen[b] = ()
        value = estimate(held[node], markers).worth if size[node] >= min_bin_size else -1.0  # type: ignore[arg-type]
        take = value > 0 and value >= below - 1e-9
        best.append(value if take else below)
        chosen.append((node,) if take else nodes)
    return sorted(chosen[-1])


def cut_by_separation(tree: Tree, points: Points, min_bin_size: int) -> list[int]:
    """Without markers: the largest nodes in which no two parts of a genome's size are further apart than one genome's would be.

    Two parts of ``min_bin_size`` bp or more that meet at a node are one genome if both are and their distance D
    (`parts`) is at most `Parts.same_genome`; smaller parts join whatever they meet.

    Returns:
        chosen nodes, ascending.
    """
    n = tree.leaves
    held = parts_of(points, np.arange(n), 2 * n - 1)
    big = tree.size >= min_bin_size
    one = np.ones(2 * n - 1, bool)
    chosen: list[tuple[int, ...]] = [(i,) if big[i] else () for i in range(n)]
    for k in range(n - 1):
        node, a, b = n + k, int(tree.left[k]), int(tree.right[k])
        if big[a] and big[b]:
            one[node] = one[a] and one[b] and held.distance(a, np.array([b]))[0] <= held.same_genome
        else:
            one[node] = (one[a] or not big[a]) and (one[b] or not big[b])
        chosen.append((node,) if big[node] and one[node] else chosen[a] + chosen[b])
        chosen[a] = chosen[b] = ()
        held.add(a, node)
        held.add(b, node)
    return sorted(chosen[-1])
