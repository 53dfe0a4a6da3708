"""Second decision about contigs that have a homologous contig in a cluster next to theirs.

Votes of their neighbours are weighed against repulsion (`repulsion.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..genes.homology import Homology
from .arrays import KernelRows, Labels, Lengths, Mask, Rows, Values, share_rows
from .neighbours import Neighbours
from .recruit import Membership, Votes, max_squared_distance, votes_of
from .repulsion import Repulsion
from .thresholds import REASSIGN, RECRUIT


def reassign(
    neighbours: Neighbours,
    lengths: Lengths,
    membership: Membership,
    voting: Mask,
    homology: Homology,
) -> Membership:
    """Membership, decided again where homologous contigs are in one neighbourhood.

    Voting contigs that are long keep their cluster; they repel others from it.

    Args:
        neighbours: of all contigs.
        lengths: their bases.
        membership: the first decision.
        voting: contigs of the tree, whose clusters count in votes: bool [n].
        homology: the pairs.
    """
    for _ in range(REASSIGN.rounds):
        label = membership.label
        votes = votes_of(neighbours, np.where(voting, label, -1).astype(np.int32))
        if votes is None or not len(homology):
            return membership
        paired = homology.contigs
        own = np.where(voting & (label >= 0), label, -1)[paired]
        firm = (own >= 0) & (lengths[paired] >= REASSIGN.firm_length)
        options, share = options_of(votes, paired, own, firm)
        pairs = homology.take(paired)
        able = np.any(options >= 0, axis=1)
        close = may_be_together(options, share, pairs, neighbours.resources.threads)
        close &= able[pairs.first] & able[pairs.second]
        pairs = pairs.select(close)
        doubtful = pairs.contigs
        if not len(doubtful):
            return membership
        options, share = options[doubtful], share[doubtful]
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(share, REASSIGN.least_share))
        logs = np.where(options >= 0, logs, -np.inf)
        chance = Repulsion(options, pairs.take(doubtful)).choose(logs)
        membership = decided(neighbours, membership, voting, paired[doubtful], options, chance)
    return membership


def options_of(votes: Votes, rows: Rows, own: Labels, firm: Mask) -> tuple[KernelRows, Values]:
    """Clusters that contigs may choose, int32 [rows, options], and their shares of the votes.

    ``own`` is the cluster a contig has [rows], -1 for none: part of the weight is on it, and a
    ``firm`` contig chooses no other.
    """
    options, share = votes.by_cluster(rows)
    has = own >= 0
    there = (options == own[:, None]) & has[:, None]
    weight = REASSIGN.own_weight
    share = np.where(has[:, None], (1 - weight) * share + weight * there, share)
    absent = has & ~there.any(1)
    options = np.column_stack([options, np.where(absent, own, -1).astype(np.int32)])
    share = np.column_stack([share, np.where(absent, weight, 0.0)])
    return np.where(firm[:, None] & (options != own[:, None]), -1, options), share


def may_be_together(options: KernelRows, share: Values, pairs: Homology, threads: int = 1) -> Mask:
    """Whether the two contigs of a pair might be in one cluster: bool [pairs]."""
    out = np.empty(len(pairs), np.bool_)

    def look(rows: slice) -> None:
        a, b = pairs.first[rows], pairs.second[rows]
        same = (options[a][:, :, None] == options[b][:, None, :]) & (options[a] >= 0)[:, :, None]
        overlap = (share[a][:, :, None] * share[b][:, None, :] * same).sum((1, 2))
        out[rows] = overlap > REASSIGN.least_overlap

    share_rows(len(out), threads, look)
    return out


def decided(
    neighbours: Neighbours,
    membership: Membership,
    voting: Mask,
    rows: Rows,
    options: KernelRows,
    chance: Values,
) -> Membership:
    """Membership with contigs ``rows`` in the best of their options, or in none if none is clear.

    ``options`` and their probabilities ``chance`` are [rows, options].
    """
    best = chance.argmax(1)
    top = chance[np.arange(len(rows)), best]
    label, probability = membership.label.copy(), membership.probability.copy()
    like = membership.squared_distance[rows] <= max_squared_distance(neighbours.points)
    clear = (top > RECRUIT.min_probability) & (voting[rows] | like)
    label[rows[clear]] = options[clear, best[clear]]
    label[rows[~clear & ~voting[rows]]] = -1
    probability[rows] = top
    return replace(membership, label=label, probability=probability)
