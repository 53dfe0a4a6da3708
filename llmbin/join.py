"""Joining of what the tree left in pieces: bins, and long contigs without a bin, that are parts of one genome.

Single linkage needs a chain of near neighbours, and a genome of few long contigs may have none. Means over whole parts know better:
the two nearest parts are joined while they are no further apart than parts of one genome are, and markers do not object.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .markers import MarkerSet, estimate
from .metric import Points
from .parts import SAME_GENOME, parts_of

PIECE = 20_000  # bp from which an unbinned contig may join a part

Labels = npt.NDArray[np.int32]


def join_parts(
    points: Points, lengths: npt.NDArray[np.int64], label: Labels, counts: npt.NDArray[np.int16], markers: MarkerSet
) -> Labels:  # fmt: skip
    """Labels with parts of one genome joined (the higher number goes into the lower); numbers may then be unused.

    Two pieces without a bin may begin a bin of their own.
    """
    bins = int(label.max(initial=-1)) + 1
    label = label.copy()
    pieces = np.flatnonzero((label < 0) & (lengths >= PIECE))
    label[pieces] = bins + np.arange(len(pieces))
    count = bins + len(pieces)
    if count < 2:
        return np.where(label < bins, label, -1).astype(np.int32)
    held = parts_of(points, label, count)
    copies = np.zeros((count, counts.shape[1]), np.int64)
    np.add.at(copies, label[label >= 0], counts[label >= 0])
    worth = [max(0.0, estimate(row, markers).worth) for row in copies]
    near = np.full((count, count), np.inf)
    for a in range(count):
        near[a, a + 1 :] = held.distance(a, np.arange(a + 1, count))
    left = np.bincount(label[label >= 0], minlength=count) > 0
    while True:
        a, b = divmod(int(near.argmin()), count)
        if near[a, b] > SAME_GENOME:
            break
        together = estimate(copies[a] + copies[b], markers).worth
        if together < worth[a] + worth[b] - 1e-9:
            near[a, b] = np.inf
            continue
        held.add(b, a)
        copies[a] += copies[b]
        worth[a] = max(0.0, together)
        label[label == b] = a
        near[b], near[:, b] = np.inf, np.inf
        left[b] = False
        alive = np.flatnonzero(left)
        fresh = held.distance(a, alive)
        near[a, alive[alive > a]], near[alive[alive < a], a] = fresh[alive > a], fresh[alive < a]
    alone = np.bincount(label[label >= 0], minlength=count) == 1
    label[(label >= bins) & alone[np.maximum(label, 0)]] = -1
    return label
