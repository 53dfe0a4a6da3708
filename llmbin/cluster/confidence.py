"""Confidence: how likely each contig of a cluster is of the genome that the cluster is taken for.

Recruitment asks whose votes are the most, and their share is no probability: of short contigs it is
too high, of long ones, which share their neighbourhood with a relative, much too low. What shares
of votes came to on communities of known genomes is a logistic regression, of few weights that fit
in a line (docs/notes/2026-11-29-how-likely-a-contig-is-right.md).
"""

from __future__ import annotations

import numpy as np

from .arrays import Labels, Lengths, Mask, Values, share_rows
from .neighbours import Neighbours
from .recruit import Membership, likelihood_shares
from .thresholds import CONFIDENCE, RECRUIT


def confidence(
    neighbours: Neighbours, lengths: Lengths, membership: Membership, voting: Mask
) -> Values:
    """How likely contigs are of their cluster's genome: float64 [n].

    It is no likelier than that they are not of a relative. Of those in no cluster, it is what
    `Membership.probability` says of the best one.

    Args:
        neighbours: of all contigs.
        lengths: their bases.
        membership: their clusters, with doubt.
        voting: contigs whose clusters count in votes, bool [n].
    """
    label, share = membership.label, membership.probability
    inside = label >= 0
    voters = voting & inside
    likely = own_shares(neighbours, label, voters)
    alone = np.flatnonzero(voters)[np.bincount(label[voters])[label[voters]] == 1]
    likely[alone] = share[alone]  # no other contig of its cluster has a vote
    evidence = evidence_of(share, likely, membership.core, lengths)
    return np.where(inside, np.minimum(chance_of(evidence), 1 - membership.doubt), share)


def own_shares(neighbours: Neighbours, label: Labels, voting: Mask) -> Values:
    """Share of neighbours' votes by likelihood that a contig's own cluster has: float64 [n]."""
    share = np.zeros(len(label))
    index, distance = neighbours.among(voting, min(RECRUIT.voters, int(voting.sum())))

    def count(rows: slice) -> None:
        own = (label[index[rows]] == label[rows, None]) & (index[rows] >= 0)
        share[rows] = (likelihood_shares(distance[rows]) * own).sum(1)

    share_rows(len(label), neighbours.resources.threads, count)
    return share


def evidence_of(votes: Values, likely: Values, core: Mask, lengths: Lengths) -> Values:
    """What is known of each contig: float64 [n, 4].

    Log odds of its cluster by shares of ``votes`` as they recruit, and by ``likely`` ones; whether
    it is a core contig; the logarithm of its bases.
    """
    columns = [log_odds(votes), log_odds(likely), core, np.log10(np.maximum(lengths, 1))]
    return np.stack(columns, axis=1).astype(np.float64)


def log_odds(share: Values) -> Values:
    """Of shares, none of which is taken for certain."""
    certain = np.clip(share, CONFIDENCE.least, 1 - CONFIDENCE.least)
    out: Values = np.log(certain / (1 - certain))
    return out


def chance_of(evidence: Values) -> Values:
    """Chance of contigs to be of their cluster's genome, float64 [n], by evidence [n, 4]."""
    odds = CONFIDENCE.bias + (evidence * np.array(CONFIDENCE.weights)).sum(1)
    chance: Values = 1 / (1 + np.exp(-odds))
    return chance
