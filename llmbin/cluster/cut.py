"""Where to cut the tree: the disjoint nodes that are the best bins, by dynamic programming.

The search is exact: no other set of disjoint nodes is worth more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..genes.quality import MarkerCopies, best_domains
from .arrays import KernelRows, Rows, Values, row_slices
from .groups import groups_of
from .points import Points
from .thresholds import GROUPS
from .tree import Tree, topmost


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
    """Markers of each node of a tree.

    Attributes:
        there: of each domain's set, how many are there: int32 [nodes, domains].
        domain: the one that fits better (see `genes.quality.estimate`), int [nodes].
        worth: see `genes.quality.Quality.worth`, float64 [nodes].
        sizes: of the domains' sets.
    """

    there: KernelRows
    domain: Rows
    worth: Values
    sizes: list[int]

    def complementarity(self, ours: int, theirs: int, together: int) -> float:
        """See `complementarity`, of two nodes that meet in a third."""
        domain = int(self.domain[together])
        first, second, either = (int(self.there[k, domain]) for k in (ours, theirs, together))
        return complementarity(first, second, first + second - either, self.sizes[domain])


def markers_of_nodes(tree: Tree, copies: MarkerCopies) -> NodeMarkers:
    """Those of all nodes, by the marker copies of the contigs [leaves]."""
    from .._kernels import node_markers

    used, sizes = copies.markers.used, copies.markers.sizes
    there, extra = node_markers(copies.counts.astype(np.int16), used, tree.left, tree.right)
    domain, worth = best_domains(there, extra, sizes)
    return NodeMarkers(there, domain, worth, sizes)


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
    from .._kernels import all_near, best_nodes

    n, distance, markers = tree.leaves, merge_distance.copy(), markers_of_nodes(tree, copies)
    for k in np.flatnonzero(distance > GROUPS.same_genome).tolist():
        distance[k] -= markers.complementarity(int(tree.left[k]), int(tree.right[k]), n + k)
    one_genome = all_near(distance <= GROUPS.same_genome, tree.left, tree.right)
    may_be_bin = one_genome.astype(np.bool_) & (tree.size >= min_bin_size)
    worth = np.where(may_be_bin, markers.worth, -1.0)
    return topmost(tree, best_nodes(worth, tree.left, tree.right).astype(np.bool_))


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
    from .._kernels import all_near

    one_genome = all_near(merge_distance <= GROUPS.same_genome, tree.left, tree.right)
    return topmost(tree, one_genome.astype(np.bool_) & (tree.size >= min_bin_size))
