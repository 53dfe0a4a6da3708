"""Separation of relatives that the tree cannot tell apart, by homology (`genes/homology.py`).

Groups of contigs that are homologous to each other are taken apart. Composition and coverage are
weighed against repulsion (`mixture.py`, `repulsion.py`).
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from ..genes.quality import MarkerCopies
from .arrays import Labels, Lengths, Mask, Rows, Values, each
from .contig_set import ContigSet
from .mixture import Mixture
from .points import Points
from .thresholds import SEPARATE

Separated: TypeAlias = dict[tuple[bytes, ...], Labels]
"""Parts of groups that were looked at, by their contigs and the depths of these."""


def separate_relatives(
    contigs: ContigSet,
    core_label: Labels,
    groups: list[npt.NDArray[np.int64]],
    threads: int = 1,
    separated: Separated | None = None,
) -> Labels:
    """Clusters of contigs with groups taken apart that hold two genomes or more.

    With markers, the parts of a group must be worth no less than the clusters of its contigs are,
    none of which may reach beyond it. Numbers of clusters may then be unused.

    Args:
        contigs: all.
        core_label: their clusters, -1 for none.
        groups: rows (ascending) of what composition and depth alone would take for one genome
            (`cut_by_distance`); no contig is in two.
        threads: for as many groups at once.
        separated: groups of the same contigs, but for their depths, that need not be looked at
            again; those that are looked at are added.
    """
    core_label = core_label.copy()
    top = int(core_label.max(initial=-1))
    held = np.bincount(core_label[core_label >= 0], minlength=top + 1)
    group = np.full(len(contigs), -1, np.int32)
    for j, rows in enumerate(groups):
        group[rows] = j
    copies, homology = contigs.evidence.marker_copies, contigs.evidence.homology
    between = SEPARATE.between if copies is not None else SEPARATE.between_alone
    of_groups = zip(groups, homology.within(group, len(groups)), strict=True)
    paired = [(rows, pairs) for rows, pairs in of_groups if len(pairs)]

    known: Separated = {} if separated is None else separated

    def parts_of(of_group: tuple[Rows, Homology]) -> Labels:
        rows, pairs = of_group
        points = contigs.points.take(rows)
        key = (rows.tobytes(), points.log_depth.tobytes(), points.variance.tobytes())
        if key not in known:
            known[key] = separate(points, contigs.lengths[rows], pairs.take(rows), between)
        return known[key]

    for (rows, _), part in zip(paired, each(paired, threads, parts_of), strict=True):
        if not part.any():
            continue
        before = core_label[rows]
        if copies is None or no_loss(part, before, held, copies.take(rows)):
            core_label[rows] = top + 1 + part
            top += 1 + int(part.max())
            held -= np.bincount(before[before >= 0], minlength=len(held))
            held = np.append(held, np.bincount(part))
    return core_label


def no_loss(part: Labels, before: Labels, held: Rows, copies: MarkerCopies) -> bool:
    """Whether parts are worth no less than the clusters, which do not reach beyond their contigs.

    ``part``, the clusters ``before`` and ``copies`` are of some contigs; ``held`` says how many
    contigs each cluster has.
    """
    clusters = np.unique(before[before >= 0])
    if held[clusters].sum() > (before >= 0).sum():
        return False
    worth = copies.sum_of_worths(part == k for k in np.unique(part))
    return worth >= copies.sum_of_worths(before == k for k in clusters) - 1e-9


def separate(points: Points, lengths: Lengths, pairs: Homology, between: float) -> Labels:
    """Parts int32 [n] of a group, from 0: cut in two again and again while halves are genomes.

    ``between``: see `second_half`.
    """
    part = np.zeros(len(points), np.int32)
    waiting, count = [0], 1
    while waiting and count < SEPARATE.most_parts:
        now = waiting.pop(0)
        rows = np.flatnonzero(part == now)
        half = second_half(points.take(rows), lengths[rows], pairs.take(rows), between)
        if half is None:
            continue
        part[rows[half]] = count
        waiting += [now, count]
        count += 1
        part = Mixture(points, lengths, pairs).likeliest_parts(np.eye(count)[part])
    return part


def second_half(points: Points, lengths: Lengths, pairs: Homology, between: float) -> Mask | None:
    """What a group is cut off, bool [n], or None if it is one genome.

    ``between``: bases of pairs between the halves, by those of the smaller half, from which they
    are two genomes.
    """
    total = int(pairs.length.sum())
    if 2 * total < SEPARATE.homologous * lengths.sum() or not total:
        return None
    mixture = Mixture(points, lengths, pairs)
    part = mixture.likeliest_parts(two_colours(lengths, pairs))
    half: Mask = part == 1
    smaller = int(min(lengths[half].sum(), lengths[~half].sum()))
    across = int(pairs.length[half[pairs.first] != half[pairs.second]].sum())
    inside = total - across
    if smaller < SEPARATE.least_part or across < between * smaller:
        return None
    if inside > SEPARATE.within * total:
        return None
    if inside > SEPARATE.repeats * total:
        gain = mixture.log_likelihood(part) - mixture.log_likelihood(np.zeros_like(part))
        if gain < SEPARATE.clear_gain * len(part):
            return None
    return half


def two_colours(lengths: Lengths, pairs: Homology) -> Values:
    """Shares float64 [n, 2] to begin a separation from: one colour each for some contigs.

    Those that hang together by homologous pairs; all others have 0 of both colours. Along the
    spanning forest of the longest stretches (Kruskal 1956) the contigs of a pair differ in colour:
    where two genomes line up with each other, this alone tells them apart. Only the tree with most
    bases is used, for nothing says which colour of one goes with which of the next.
    """
    n = len(lengths)
    tree, colour = np.arange(n), np.zeros(n, np.int64)
    members = {i: [i] for i in range(n)}
    for pair in np.argsort(-pairs.length, kind="stable").tolist():
        a, b = int(pairs.first[pair]), int(pairs.second[pair])
        large, small = sorted((int(tree[a]), int(tree[b])), key=lambda t: -len(members[t]))
        if large == small:
            continue
        moved = members.pop(small)
        if colour[a] == colour[b]:
            colour[moved] ^= 1
        tree[moved] = large
        members[large] += moved
    largest = max((m for m in members.values() if len(m) > 1), key=lambda m: int(lengths[m].sum()))
    share = np.zeros((n, 2))
    share[largest, colour[largest]] = 1
    return share
