"""Relatives that the tree cannot tell apart, told apart by homology (see :mod:`llmbin.genes.homology`).

`separate_relatives` takes nodes of the tree apart in which contigs are homologous to each other; `settle` decides once more about contigs with a
homologous contig in a bin next to theirs. Both weigh composition and coverage against repulsion (:mod:`llmbin.cluster.repulsion`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from ..genes.markers import MarkerSet
from ..genes.quality import estimate
from .mixture import Mixture
from .neighbours import Neighbours
from .points import Points
from .recruit import MIN_PROBABILITY, Membership, farthest, votes_of
from .repulsion import Repulsion

HOMOLOGOUS = 0.08  # share of a part's bases in homologous pairs from which it may hold two genomes
APART = 0.2  # bases of homologous pairs between two parts, by those of the smaller, that make them two genomes
APART_ALONE = 0.3  # the same where no markers have a say
TOGETHER = 0.5  # share of the homologous bases that may be left within the two: there may be a third genome
REPEATS = 0.1  # the same from which they may as well be repeats of one genome, which lie in both of its halves, unless
CLEAR = 4.0  # in two parts the contigs are more likely by so many nats each, as they are where there are three genomes
LEAST_PART = 50_000  # bp
MOST_PARTS = 12
ROUNDS = 2
OWN = 0.5  # what a contig's own bin weighs in the vote of its neighbours
FEWEST_VOTES = 1e-4
LEAST_OVERLAP = 1e-3  # chance that two contigs are in one bin from which they are looked at
CHUNK = 1 << 14  # pairs at a time: memory
LONG = 10_000  # bp of a contig that knows its bin better than its neighbours do

Labels = npt.NDArray[np.int32]
Values = npt.NDArray[np.float64]


def separate_relatives(
    points: Points,
    lengths: npt.NDArray[np.int64],
    homology: Homology,
    core: Labels,
    groups: list[npt.NDArray[np.int64]],
    counts: npt.NDArray[np.int16] | None = None,
    markers: MarkerSet | None = None,
) -> Labels:
    """Bins of contigs (``core``, -1 for none) with groups of contigs taken apart that hold two genomes or more.

    A group (ascending; no contig is in two) is what composition and depth alone would take for one genome (`cut_by_separation`). With markers, its parts must be worth no less than
    what the bins of its contigs are, none of which may reach beyond it. Numbers of bins may then be unused.
    """
    core = core.copy()
    group = np.full(len(points), -1, np.int32)
    for j, rows in enumerate(groups):
        group[rows] = j
    for rows, pairs in zip(groups, homology.within(group, len(groups)), strict=True):
        if not len(pairs.first):
            continue
        part = separate(
            points.take(rows), lengths[rows], pairs.take(rows), APART if markers else APART_ALONE
        )
        if not part.any():
            continue
        if counts is not None and markers is not None:
            before = core[rows]
            held = np.unique(before[before >= 0])
            if (np.isin(core, held).sum() > (before >= 0).sum()) or _worth(
                part, counts[rows], markers
            ) < _worth(before, counts[rows], markers) - 1e-9:
                continue
        core[rows] = int(core.max()) + 1 + part
    return core


def _worth(label: Labels, counts: npt.NDArray[np.int16], markers: MarkerSet) -> float:
    return sum(
        max(0.0, estimate(counts[label == b].sum(0), markers).worth)
        for b in np.unique(label[label >= 0])
    )


def separate(
    points: Points, lengths: npt.NDArray[np.int64], pairs: Homology, apart: float
) -> Labels:
    """Parts int32 [n] of some contigs, from 0: cut in two again and again while the halves are ``apart``."""
    part = np.zeros(len(points), np.int32)
    waiting, count = [0], 1
    while waiting and count < MOST_PARTS:
        now = waiting.pop(0)
        rows = np.flatnonzero(part == now)
        half = halves(points.take(rows), lengths[rows], pairs.take(rows), apart)
        if half is None:
            continue
        part[rows[half]] = count
        waiting += [now, count]
        count += 1
        part = Mixture(points, lengths, pairs).parts(np.eye(count)[part])
    return part


def halves(
    points: Points, lengths: npt.NDArray[np.int64], pairs: Homology, apart: float
) -> npt.NDArray[np.bool_] | None:
    """The half bool [n] that a part is cut into, or None if it is one genome."""
    total = int(pairs.length.sum())
    if 2 * total < HOMOLOGOUS * lengths.sum() or not total:
        return None
    mixture = Mixture(points, lengths, pairs)
    part = mixture.parts(colouring(lengths, pairs))
    half: npt.NDArray[np.bool_] = part == 1
    smaller = int(min(lengths[half].sum(), lengths[~half].sum()))
    between = int(pairs.length[half[pairs.first] != half[pairs.second]].sum())
    if smaller < LEAST_PART or between < apart * smaller or total - between > TOGETHER * total:
        return None
    if total - between > REPEATS * total and mixture.value(part) - mixture.value(
        np.zeros_like(part)
    ) < CLEAR * len(part):
        return None
    return half


def colouring(lengths: npt.NDArray[np.int64], pairs: Homology) -> Values:
    """Shares float64 [n, 2] to begin a separation from: one colour each for contigs that hang together by homologous pairs, 0 for all others.

    Along the spanning forest of the longest stretches (Kruskal 1956) the contigs of a pair differ in colour: where two genomes line up with each other,
    this alone tells them apart. Only the tree with most bases is used, for nothing says which colour of one goes with which of the next.
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


def settle(
    neighbours: Neighbours,
    lengths: npt.NDArray[np.int64],
    found: Membership,
    in_tree: npt.NDArray[np.bool_],
    homology: Homology,
) -> Membership:
    """Membership with contigs that have a homologous contig in a bin of their own neighbourhood decided about again, by votes and repulsion.

    Contigs of the tree that have `LONG` bases keep their bin; they repel others from it.
    """
    for _ in range(ROUNDS):
        votes = votes_of(neighbours, np.where(in_tree, found.label, -1).astype(np.int32))
        if votes is None or not len(homology.first):
            return found
        concerned = np.unique(np.concatenate([homology.first, homology.second]))
        options, share = votes.by_bin(concerned)
        own = np.where(in_tree & (found.label >= 0), found.label, -1)[concerned]
        options, share = _with_own(options, share, own)
        firm = (own >= 0) & (lengths[concerned] >= LONG)
        options = np.where(firm[:, None] & (options != own[:, None]), -1, options)
        pairs = homology.take(concerned)
        with np.errstate(divide="ignore"):
            logs = np.where(options >= 0, np.log(np.maximum(share, FEWEST_VOTES)), -np.inf)
        held = np.any(options >= 0, axis=1)
        alike = _overlap(options, share, pairs) & held[pairs.first] & held[pairs.second]
        pairs = Homology(pairs.first[alike], pairs.second[alike], pairs.length[alike])
        moved = np.unique(np.concatenate([pairs.first, pairs.second]))
        if not len(moved):
            return found
        chance = Repulsion(options[moved], pairs.take(moved)).choose(logs[moved])
        best = chance.argmax(1)
        probability = chance[np.arange(len(moved)), best]
        rows = concerned[moved]
        label, sure = found.label.copy(), found.probability.copy()
        near = in_tree[rows] | (found.distance[rows] <= farthest(neighbours.points))
        clear = (probability > MIN_PROBABILITY) & near
        label[rows[clear]] = options[moved][clear, best[clear]]
        label[rows[~clear & ~in_tree[rows]]] = -1
        sure[rows] = probability
        found = replace(found, label=label, probability=sure)
    return found


def _with_own(options: Labels, share: Values, own: Labels) -> tuple[Labels, Values]:
    """Options and shares with ``OWN`` of the weight on each contig's own bin, where it has one."""
    has = own >= 0
    there = (options == own[:, None]) & has[:, None]
    share = np.where(has[:, None], (1 - OWN) * share + OWN * there, share)
    missing = has & ~there.any(1)
    extra = np.where(missing, own, -1).astype(np.int32)
    return np.column_stack([options, extra]), np.column_stack([share, np.where(missing, OWN, 0.0)])


def _overlap(options: Labels, share: Values, pairs: Homology) -> npt.NDArray[np.bool_]:
    """Whether the two contigs of a pair might be in one bin: bool [pairs]."""
    out = np.empty(len(pairs.first), np.bool_)
    for begin in range(0, len(out), CHUNK):
        rows = slice(begin, begin + CHUNK)
        a, b = pairs.first[rows], pairs.second[rows]
        same = (options[a][:, :, None] == options[b][:, None, :]) & (options[a] >= 0)[:, :, None]
        out[rows] = (share[a][:, :, None] * share[b][:, None, :] * same).sum((1, 2)) > LEAST_OVERLAP
    return out
