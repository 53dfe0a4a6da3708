"""What the contigs are that are next to a contig, whatever bin it is in itself."""

from __future__ import annotations

import numpy as np

from ..resources import Resources
from .arrays import Mask, Rows, Values
from .neighbours import nearest
from .points import Points
from .recruit import vote_weights
from .thresholds import RECRUIT

UNSEEN = 0.5  # of a voter on either side: what no neighbour says is not ruled out


def share_nearby(
    points: Points, rows: Rows, voters: Rows, wanted: Mask, resources: Resources
) -> Values:
    """Share of the votes of its nearest ``voters`` that are ``wanted``, of each of some contigs.

    Votes are weighed as where contigs are recruited.

    Args:
        points: all n contigs.
        rows: those that ask, ascending.
        voters: others that may be asked, ascending.
        wanted: of all contigs, bool [n].
        resources: threads, and the GPU that searches neighbours.

    Returns:
        float64 [rows], between 0 and 1; 0.5 if there are no voters.
    """
    if not len(voters):
        return np.full(len(rows), 0.5)
    both = np.union1d(rows, voters)
    queries, references = (np.searchsorted(both, x).astype(np.int32) for x in (rows, voters))
    k = min(RECRUIT.voters, len(voters))
    index, distance = nearest(points.take(both), queries, references, k, resources)
    missing = points.missing[rows] if points.missing is not None else None
    weight = vote_weights(distance, index >= 0, missing)
    every, none = weight.sum(1), np.full(len(rows), 0.5)
    share = np.divide((weight * wanted[both][index]).sum(1), every, none, where=every > 0)
    return np.asarray((k * share + UNSEEN) / (k + 2 * UNSEEN), np.float64)
