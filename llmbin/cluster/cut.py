"""Where to cut the tree: the disjoint nodes that are the best bins, by dynamic programming.

The search is exact: no other set of disjoint nodes is worth more.
"""

from __future__ import annotations

import math

import numpy as np

from ..genes.markers import MarkerSet
from ..genes.quality import Copies, MarkerCopies, estimate
from .arrays import Values
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
    groups = groups_of(points, np.arange(n), 2 * n - 1)
    large = tree.size >= min_bin_size
    out = np.full(n - 1, -np.inf)
    for k in range(n - 1):
        a, b = int(tree.left[k]), int(tree.right[k])
        if large[a] and large[b]:
            out[k] = groups.distance(a, np.array([b]))[0] - points.samples_allowance
        groups.add(a, n + k)
        groups.add(b, n + k)
    return out


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
    markers = copies.markers
    copies_of: list[Copies | None] = list(copies.counts)  # None once its parent has them
    one_genome = [True] * (2 * n - 1)
    best: list[float] = []
    chosen: list[tuple[int, ...]] = []
    for node in range(2 * n - 1):
        best_below = 0.0
        chosen_below: tuple[int, ...] = ()
        if node >= n:
            a, b = int(tree.left[node - n]), int(tree.right[node - n])
            ours, theirs = copies_of[a], copies_of[b]
            assert ours is not None and theirs is not None
            copies_of.append(ours + theirs)
            distance = merge_distance[node - n]
            if distance > GROUPS.same_genome:
                distance -= complementarity(ours, theirs, markers)
            near = bool(distance <= GROUPS.same_genome)
            one_genome[node] = one_genome[a] and one_genome[b] and near
            best_below, chosen_below = best[a] + best[b], chosen[a] + chosen[b]
            copies_of[a] = copies_of[b] = None
            chosen[a] = chosen[b] = ()
        worth = -1.0
        here = copies_of[node]
        if here is not None and one_genome[node] and size[node] >= min_bin_size:
            worth = estimate(here, markers).worth
        is_bin = worth > 0 and worth >= best_below - 1e-9
        best.append(worth if is_bin else best_below)
        chosen.append((node,) if is_bin else chosen_below)
    return sorted(chosen[-1])


def complementarity(ours: Copies, theirs: Copies, markers: MarkerSet) -> float:
    """What markers take off the group distance of two groups.

    -2 ln of the chance that parts of two genomes, with so many markers each, share so few. The
    chance is that of the hypergeometric distribution; nothing is taken off where they share as many
    as chance would have it.
    """
    used = markers.used[markers.domains.index(estimate(ours + theirs, markers).domain)]
    a, b = ours[used] > 0, theirs[used] > 0
    total, first, second, both = len(a), int(a.sum()), int(b.sum()), int((a & b).sum())
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
