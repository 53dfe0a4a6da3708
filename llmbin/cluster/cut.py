"""Where to cut the tree: the disjoint nodes that are the best bins, by dynamic programming.

The search is exact: no other set of disjoint nodes is worth more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..genes.quality import MarkerCopies, Quality, quality_of
from .arrays import Values, row_slices
from .groups import groups_of
from .points import Points
from .thresholds import GROUPS
from .tree import Tree


def merge_distances(tree: Tree, points: Points, min_bin_size: int) -> Values:
    """Group distance of the two groups that meet at each inner node: float64 [leaves - 1].

    Less what it grows by with many samples. -inf where one of the two is smaller than
    ``min_bin_size`` bp: too noisy to say anything, it joins whatever it meets.
    """
    n = tree.leaves
    out, large = np.full(n - 1, -np.inf), tree.size >= min_bin_size
    rows = np.flatnonzero(large[tree.left] & large[tree.right])
    groups = groups_of(points, np.arange(n), n).of_nodes(tree.left, tree.right)
    for some in row_slices(len(rows)):
        pairs = rows[some]
        distance = groups.distance(tree.left[pairs], tree.right[pairs])
        out[pairs] = distance - points.samples_allowance
    return out


@dataclass(frozen=True)
class NodeMarkers:
    """Markers of each node of a tree, by domain: how many are there, and copies beyond the first.

    ``there`` and ``extra`` are lists [nodes] of lists [domains], ``sizes`` those of the domains'
    sets.
    """

    there: list[list[int]]
    extra: list[list[int]]
    sizes: list[int]
    domains: list[str]

    def quality(self, node: int) -> Quality:
        """That of a node, by the domain that fits better."""
        return quality_of(self.there[node], self.extra[node], self.sizes, self.domains)

    def complementarity(self, ours: int, theirs: int, together: int) -> float:
        """See `complementarity`, of two nodes that meet in a third."""
        domain = self.domains.index(self.quality(together).domain)
        first, second, either = (self.there[node][domain] for node in (ours, theirs, together))
        return complementarity(first, second, first + second - either, self.sizes[domain])


def markers_of_nodes(tree: Tree, copies: MarkerCopies) -> NodeMarkers:
    """Those of all nodes, by the marker copies of the contigs [leaves]."""
    from .._kernels import node_markers

    markers, counts = copies.markers, np.asarray(copies.counts, np.int16)
    there, extra = node_markers(counts, markers.used, tree.left, tree.right)
    return NodeMarkers(there.tolist(), extra.tolist(), markers.sizes, markers.domains)


def cut_by_markers(
    tree: Tree, merge_distance: Values, copies: MarkerCopies, min_bin_size: int
) -> list[int]:
    """Disjoint nodes with the highest sum of completeness^2 - 5 x contamination.

    A node's quality comes from the marker copies of its contigs [leaves] in the domain that fits
    better. A node that is as good as the best cut below it is preferred to that cut: contigs
    without markers say nothing, so bins grow until markers speak against it. But where genomes have
    few markers, or half of their contigs are missing, hardly any speak. So a node is no bin if
    groups meet in it that are further apart (`merge_distances`) than those of one genome are,
    unless these two share as few markers as only parts of one genome do (`complementarity`). Nodes
    below ``min_bin_size`` bp are never bins; a single contig of that size may be one.

    Returns:
        chosen nodes, ascending.
    """
    n, size = tree.leaves, tree.size.tolist()
    left, right = tree.left.tolist(), tree.right.tolist()
    markers = markers_of_nodes(tree, copies)
    one_genome = [True] * (2 * n - 1)
    best: list[float] = []
    chosen: list[tuple[int, ...]] = []
    for node in range(2 * n - 1):
        best_below = 0.0
        chosen_below: tuple[int, ...] = ()
        if node >= n:
            a, b, distance = left[node - n], right[node - n], merge_distance[node - n]
            if distance > GROUPS.same_genome:
                distance -= markers.complementarity(a, b, node)
            near = bool(distance <= GROUPS.same_genome)
            one_genome[node] = one_genome[a] and one_genome[b] and near
            best_below, chosen_below = best[a] + best[b], chosen[a] + chosen[b]
            chosen[a] = chosen[b] = ()
        worth = -1.0
        if one_genome[node] and size[node] >= min_bin_size:
            worth = markers.quality(node).worth
        is_bin = worth > 0 and worth >= best_below - 1e-9
        best.append(worth if is_bin else best_below)
        chosen.append((node,) if is_bin else chosen_below)
    return sorted(chosen[-1])


def complementarity(first: int, second: int, both: int, total: int) -> float:
    """What markers take off the group distance of two groups.

    -2 ln of the chance that parts of two genomes, with so many markers each, share so few. The
    chance is that of the hypergeometric distribution; nothing is taken off where they share as many
    as chance would have it.

    Args:
        first: markers that the one has, of those in a domain's set.
        second: those of the other.
        both: those that both have.
        total: all in the set.
    """
    if both * total >= first * second:
        return 0.0
    ln_chance = (
        _ln_choose(first, both)
        + _ln_choose(total - first, second - both)
        - _ln_choose(total, second)
    )
    return -2 * ln_chance


def _ln_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def cut_by_distance(tree: Tree, merge_distance: Values, min_bin_size: int) -> list[int]:
    """Without markers: the largest nodes in which no groups meet that are too far apart.

    Nodes of ``min_bin_size`` bp or more; too far (`merge_distances`) for parts of one genome.

    Returns:
        chosen nodes, ascending.
    """
    n, large = tree.leaves, tree.size >= min_bin_size
    one_genome = [True] * (2 * n - 1)
    chosen: list[tuple[int, ...]] = [(i,) if large[i] else () for i in range(n)]
    for k in range(n - 1):
        node, a, b = n + k, int(tree.left[k]), int(tree.right[k])
        near = bool(merge_distance[k] <= GROUPS.same_genome)
        one_genome[node] = one_genome[a] and one_genome[b] and near
        chosen.append((node,) if large[node] and one_genome[node] else chosen[a] + chosen[b])
        chosen[a] = chosen[b] = ()
    return sorted(chosen[-1])
