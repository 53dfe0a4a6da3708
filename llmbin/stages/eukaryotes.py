"""Which contigs are of eukaryotes, now that there are bins: by what they are and are next to.

Of most contigs the network is sure. Others are what is likelier by it and by their neighbours
together, whatever bin they are in: a contig of a yeast that looks half like a bacterium, among
contigs of the yeast, is of the yeast (docs/notes/2026-11-29-kinds-by-neighbours.md).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..cluster.arrays import rows_of_bins
from ..cluster.binning import Binning
from ..cluster.nearby import share_nearby
from ..cluster.points import Points
from ..kinds.bins import (
    MOST,
    are_eukaryotes,
    domain_of,
    in_doubt,
    likelier_eukaryotes,
    with_their_bins,
)
from ..kinds.contigs import EUKARYOTE, UNCLEAR, ContigKinds, with_kinds
from ..resources import Resources
from .kinds import Known

Mask = npt.NDArray[np.bool_]


def of_eukaryotes(points: Points, known: Known, binning: Binning, resources: Resources) -> Mask:
    """Which contigs are to be binned with the eukaryotes: bool [n]; none if no bin is of one."""
    kinds, inside = known.kinds, in_their_bins(known, binning)
    if not inside.any():
        return np.zeros(len(kinds), np.bool_)
    doubtful = in_doubt(kinds, known.features.ungapped)
    apart: Mask = (kinds.kind == EUKARYOTE) & ~doubtful
    rows, voters = np.flatnonzero(doubtful), np.flatnonzero(binning.core & ~doubtful)
    apart[rows] = likelier_eukaryotes(
        kinds.likely[rows], share_nearby(points, rows, voters, inside, resources)
    )
    return apart


def settled_kinds(
    points: Points, known: Known, binning: Binning, resources: Resources
) -> ContigKinds:
    """Kinds by the bins that there are (`with_their_bins`) and by neighbours.

    Neighbours are asked, if any bin is of a eukaryote, where a contig is in doubt and neither in
    such a bin nor in one that has most families of a domain.
    """
    features, inside = known.features, in_their_bins(known, binning)
    bins = rows_of_bins(binning.label, binning.bins)
    kinds = with_their_bins(features, known.kinds, bins, known.markers)
    if not inside.any():
        return kinds
    cells = [domain_of(features, rows, known.markers)[1] >= MOST for rows in bins]
    settled = inside | np.append(cells, False)[binning.label]
    # What is a virus only by how many of them there are, and not alone, may be of a eukaryote.
    bases = features.ungapped
    rows = np.flatnonzero((in_doubt(kinds, bases) | in_doubt(known.kinds, bases)) & ~settled)
    voters = np.flatnonzero(binning.core)
    share = share_nearby(points, rows, voters, inside, resources)
    likelier = likelier_eukaryotes(kinds.likely[rows], share)
    kind = kinds.kind.copy()
    kind[rows[likelier]] = EUKARYOTE
    left = rows[~likelier]
    kind[left[kind[left] == EUKARYOTE]] = UNCLEAR
    return with_kinds(kinds, kind)


def in_their_bins(known: Known, binning: Binning) -> Mask:
    """Which contigs are in a bin of a eukaryote: bool [n]."""
    bins = rows_of_bins(binning.label, binning.bins)
    found = are_eukaryotes(known.features, known.kinds, bins, known.markers)
    return np.asarray(np.append(found, False)[binning.label], np.bool_)
