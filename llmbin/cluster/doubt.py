"""Doubt: how likely each contig is of a relative of the genome that its cluster is taken for.

Relatives at like depth look alike, and are told apart by homology alone (`relatives.py`): of two
contigs that are homologous each is in another cluster. But contigs that hang together by pairs are
a component of their own, and which of its two sides goes with which side of the next one only
composition and depth say. Where these say nothing, two clusters may each hold a half of both
genomes, and have every marker once: no count of markers sees that. Here it is asked how sure they
are (docs/notes/2026-11-29-doubt-of-relatives.md).

A contig as against one cluster that is related to its own is a *side*.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from .arrays import Labels, Lengths, Mask, Values, row_slices
from .neighbours import Neighbours
from .recruit import NEXT_TO_NONE, likelihood_shares
from .thresholds import DOUBT, JOIN, RECRUIT

Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Sides:
    """Contigs as against clusters that are related to their own.

    Attributes:
        contig: row of each side's contig, int64 [sides].
        own: the contig's cluster, int64 [sides].
        rival: the other cluster, int64 [sides].
        bases: of the contig, float64 [sides].
        for_own: share of its neighbours' votes that its own cluster has, float64 [sides].
        for_rival: the share that the other has, float64 [sides].
    """

    contig: Numbers
    own: Numbers
    rival: Numbers
    bases: Values
    for_own: Values
    for_rival: Values

    def take(self, rows: Numbers) -> Sides:
        """Some of them."""
        return Sides(*(getattr(self, field.name)[rows] for field in fields(self)))


def doubts(
    neighbours: Neighbours, lengths: Lengths, label: Labels, voting: Mask, homology: Homology
) -> Values:
    """Chance of each contig to be of a relative of its cluster's genome: float64 [n].

    The nearest voting contigs vote by their likelihood; what pairs hold together decides as one.

    Args:
        neighbours: of all contigs.
        lengths: their bases.
        label: their clusters, -1 for none.
        voting: contigs whose clusters count in votes, bool [n].
        homology: the pairs.
    """
    clusters, inside = int(label.max(initial=-1)) + 1, label >= 0
    bases = np.bincount(label[inside], lengths[inside], clusters).astype(np.float64)
    pairs = between_relatives(homology, label, bases)
    if not len(pairs):
        return np.zeros(len(label))
    paired = np.concatenate(  # sides, as numbers: that of a pair's first contig, of its second
        [
            numbered(pairs.first, label[pairs.second], clusters),
            numbered(pairs.second, label[pairs.first], clusters),
        ]
    )
    sides = sides_of(neighbours, lengths, label, voting & inside, paired)
    chance = sides.for_rival.copy()
    place = np.searchsorted(numbered(sides.contig, sides.rival, clusters), paired)
    linked, place = np.unique(place, return_inverse=True)
    first, second = place.reshape(2, -1)
    together = components(first, second, len(linked))
    votes = sides.for_own + sides.for_rival
    chance[linked] = votes[linked] * chance_of_swap(sides.take(linked), together)
    return np.minimum(np.bincount(sides.contig, weights=chance, minlength=len(label)), 1)


def numbered(a: npt.NDArray[np.integer], b: npt.NDArray[np.integer], width: int) -> Numbers:
    """One number for two, of which the second is less than ``width``."""
    out: Numbers = a.astype(np.int64) * width + b
    return out


def numbered_either_way(
    a: npt.NDArray[np.integer], b: npt.NDArray[np.integer], width: int
) -> Numbers:
    """One number for two that are both less than ``width``, in whichever order."""
    return numbered(np.minimum(a, b), np.maximum(a, b), width)


def between_relatives(homology: Homology, label: Labels, bases: Values) -> Homology:
    """Pairs between clusters that are related: they share enough for the smaller of the two.

    ``bases`` are those of clusters.
    """
    a, b = label[homology.first], label[homology.second]
    pairs = homology.select((a >= 0) & (b >= 0) & (a != b))
    a, b = label[pairs.first], label[pairs.second]
    _, of = np.unique(numbered_either_way(a, b, len(bases)), return_inverse=True)
    shared = np.bincount(of, pairs.length)[of]
    return pairs.select(shared >= JOIN.relatives * np.minimum(bases[a], bases[b]))


def sides_of(
    neighbours: Neighbours, lengths: Lengths, label: Labels, voting: Mask, paired: Numbers
) -> Sides:
    """All sides that have votes or are ``paired``, by contig and rival.

    A side that is paired is given as the contig's row and the rival, `numbered`.
    """
    clusters = int(label.max()) + 1
    related = np.unique(numbered(label[paired // clusters], paired % clusters, clusters))
    has_rivals = np.zeros(clusters + 1, np.bool_)  # the last is no cluster, -1
    has_rivals[related // clusters] = True
    rows = np.flatnonzero(has_rivals[label])
    index, distance = neighbours.among(voting, min(RECRUIT.voters, int(voting.sum())))
    for_own, voted, votes = np.zeros(len(label)), [paired[:0]], [np.empty(0)]
    for some in row_slices(len(rows)):
        row = rows[some]
        weight = likelihood_shares(distance[row])
        own, cluster = label[row][:, None], np.where(index[row] >= 0, label[index[row]], -1)
        for_own[row] = (weight * (cluster == own)).sum(1)
        rival = (cluster >= 0) & np.isin(numbered(own, cluster, clusters), related)
        voted.append(numbered(row[:, None], cluster, clusters)[rival])
        votes.append(weight[rival])
    number, of = np.unique(np.concatenate([*voted, paired]), return_inverse=True)
    contig, by_vote = number // clusters, of[: -len(paired)]
    return Sides(
        contig=contig,
        own=label[contig].astype(np.int64),
        rival=number % clusters,
        bases=lengths[contig].astype(np.float64),
        for_own=for_own[contig],
        for_rival=np.bincount(by_vote, np.concatenate(votes), len(number)).astype(np.float64),
    )


def components(a: Numbers, b: Numbers, n: int) -> Numbers:
    """The least node of each node's component, int64 [n], by edges from ``a`` to ``b``."""
    least = np.arange(n)
    while True:
        before = least.copy()
        np.minimum.at(least, before[a], before[b])  # of what a node is joined to, too
        np.minimum.at(least, before[b], before[a])
        least = least[least]
        if (least == before).all():
            return least


def chance_of_swap(sides: Sides, component: Numbers) -> Values:
    """Chance that a ``component`` [sides] has its contigs the wrong way round: float64 [sides].

    It decides as one, and contigs of one genome err together: n of them count as the cube root of
    n. The largest component between two clusters is where it should be, for the other way round
    only their names would change.
    """
    votes = np.maximum(sides.for_own + sides.for_rival, NEXT_TO_NONE)
    share = np.clip(sides.for_rival / votes, NEXT_TO_NONE, 1 - NEXT_TO_NONE)
    odds = np.clip(np.log(share / (1 - share)), -DOUBT.surest, DOUBT.surest)
    _, first, of = np.unique(component, return_index=True, return_inverse=True)
    bases = np.bincount(of, sides.bases)
    mean = np.bincount(of, odds * sides.bases) / bases
    chance: Values = 1 / (1 + np.exp(-mean * np.cbrt(np.bincount(of))))
    own, rival = sides.own[first], sides.rival[first]
    pair = numbered_either_way(own, rival, int(max(own.max(), rival.max())) + 1)
    largest_first = np.lexsort((-bases, pair))
    chance[largest_first[np.unique(pair[largest_first], return_index=True)[1]]] = 0
    return chance[of]
