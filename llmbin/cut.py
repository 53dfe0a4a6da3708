"""Where to cut the tree: the disjoint nodes that are the best bins, by exact dynamic programming."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .markers import MarkerSet, estimate
from .tree import Tree


def cut_by_markers(tree: Tree, counts: npt.NDArray[np.int16], markers: MarkerSet, min_bin_size: int) -> list[int]:
    """Disjoint nodes with the highest sum of completeness - 5 x contamination.

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
        value = estimate(held[node], markers).score if size[node] >= min_bin_size else -1.0  # type: ignore[arg-type]
        take = value > 0 and value >= below - 1e-9
        best.append(value if take else below)
        chosen.append((node,) if take else nodes)
    return sorted(chosen[-1])


def cut_by_leaves(tree: Tree, min_bin_size: int) -> list[int]:
    """HDBSCAN's leaf clusters with sizes in bp: the nodes that never again split in two parts of ``min_bin_size``."""
    n = tree.leaves
    big = tree.size >= min_bin_size
    splits = np.zeros(2 * n - 1, bool)  # two parts of that size come together at the node or below it
    chosen: list[int] = []
    for node in range(n, 2 * n - 1):
        a, b = int(tree.left[node - n]), int(tree.right[node - n])
        parts = big[a] and big[b]
        splits[node] = parts or splits[a] or splits[b]
        if parts:
            chosen += [x for x in (a, b) if not splits[x]]
    root = 2 * n - 2
    if big[root] and not splits[root]:
        chosen.append(root)
    return sorted(chosen)
