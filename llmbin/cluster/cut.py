"""Where to cut the tree: the disjoint nodes that are the best bins, by exact dynamic programming."""

from __future__ import annotations

import math

import numpy as np

from ..genes.markers import Counts, MarkerSet
from ..genes.quality import estimate
from .groups import SAME_GENOME, Values, parts_of
from .points import Points
from .tree import Tree


def meetings(tree: Tree, points: Points, min_bin_size: int) -> Values:
    """D (`parts`), less `Points.slack`, of the two parts that meet at each inner node: float64 [leaves - 1].

    -inf where one of them is smaller than ``min_bin_size`` bp: too noisy to say anything, it joins whatever it meets.
    """
    n = tree.leaves
    held = parts_of(points, np.arange(n), 2 * n - 1)
    big = tree.size >= min_bin_size
    apart = np.full(n - 1, -np.inf)
    for k in range(n - 1):
        a, b = int(tree.left[k]), int(tree.right[k])
        if big[a] and big[b]:
            apart[k] = held.distance(a, np.array([b]))[0] - points.slack
        held.add(a, n + k)
        held.add(b, n + k)
    return apart


def cut_by_markers(
    tree: Tree, apart: Values, counts: Counts, markers: MarkerSet, min_bin_size: int
) -> list[int]:
    """Disjoint nodes with the highest sum of completeness^2 - 5 x contamination.

    A node's quality comes from the marker copies of its contigs (counts int16 [leaves, markers]) in the domain that
    fits better. A node that is as good as the best cut below it is preferred to that cut: contigs without markers
    say nothing, so bins grow until markers speak against it. But where genomes have few markers, or half of their contigs are missing, hardly
    any speak; so a node is no bin if parts meet in it that are further ``apart`` (`meetings`) than parts of one genome are, unless these two share as few
    markers as only parts of one genome do (`complement`). Nodes below ``min_bin_size`` bp are never bins; a single contig of that size may be one.

    Returns:
        chosen nodes, ascending.
    """
    n, size = tree.leaves, tree.size.tolist()
    held: list[Counts | None] = list(counts)
    one = [True] * (2 * n - 1)
    best: list[float] = []
    chosen: list[tuple[int, ...]] = []
    for node in range(2 * n - 1):
        below = 0.0
        nodes: tuple[int, ...] = ()
        if node >= n:
            a, b = int(tree.left[node - n]), int(tree.right[node - n])
            ours, theirs = held[a], held[b]
            assert ours is not None and theirs is not None
            held.append(ours + theirs)
            gap = apart[node - n]
            if gap > SAME_GENOME:
                gap -= complement(ours, theirs, markers)
            one[node] = one[a] and one[b] and bool(gap <= SAME_GENOME)
            below, nodes = best[a] + best[b], chosen[a] + chosen[b]
            held[a] = held[b] = None
            chosen[a] = chosen[b] = ()
        copies = held[node]
        assert copies is not None
        value = (
            estimate(copies, markers).worth if one[node] and size[node] >= min_bin_size else -1.0
        )
        take = value > 0 and value >= below - 1e-9
        best.append(value if take else below)
        chosen.append((node,) if take else nodes)
    return sorted(chosen[-1])


def complement(ours: Counts, theirs: Counts, markers: MarkerSet) -> float:
    """What markers take off the D of two parts: -2 ln of the chance that parts of two genomes, with so many markers each, share so few.

    The chance is that of the hypergeometric distribution; nothing is taken off where they share as many as chance would have it.
    """
    used = markers.used[markers.domains.index(estimate(ours + theirs, markers).domain)]
    a, b = ours[used] > 0, theirs[used] > 0
    total, first, second, both = len(a), int(a.sum()), int(b.sum()), int((a & b).sum())
    if both * total >= first * second:
        return 0.0
    ways = (
        _ln_choose(first, both)
        + _ln_choose(total - first, second - both)
        - _ln_choose(total, second)
    )
    return -2 * ways


def _ln_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def cut_by_separation(tree: Tree, apart: Values, min_bin_size: int) -> list[int]:
    """Without markers: the largest nodes of ``min_bin_size`` bp or more in which no parts meet that are further ``apart`` (`meetings`) than one genome's.

    Returns:
        chosen nodes, ascending.
    """
    n, big = tree.leaves, tree.size >= min_bin_size
    one = [True] * (2 * n - 1)
    chosen: list[tuple[int, ...]] = [(i,) if big[i] else () for i in range(n)]
    for k in range(n - 1):
        node, a, b = n + k, int(tree.left[k]), int(tree.right[k])
        one[node] = one[a] and one[b] and bool(apart[k] <= SAME_GENOME)
        chosen.append((node,) if big[node] and one[node] else chosen[a] + chosen[b])
        chosen[a] = chosen[b] = ()
    return sorted(chosen[-1])
