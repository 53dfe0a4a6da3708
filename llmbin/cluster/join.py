"""Joining of what the tree left in pieces: bins, and long contigs without a bin, of one genome.

Single linkage needs a chain of near neighbours, and a genome of few long contigs may have none.
Means over whole groups know better: the two nearest groups are joined while they are no further
apart than parts of one genome are, and markers do not object. What is left and has next to no
markers is no genome by itself but an island or a plasmid of one: it goes to the genome next to it,
if that one stands out. Without markers nothing is joined but what is too small for a genome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..genes.quality import MarkerCopies
from .arrays import Labels, Mask, Values
from .contig_set import ContigSet
from .groups import Groups, groups_of, same_genome_distance
from .thresholds import JOIN


@dataclass(frozen=True)
class Pieces:
    """Groups of contigs that may be joined, which changes them in place.

    Attributes:
        contigs: all.
        label: the group of each contig, -1 for none.
        groups: their sums.
        copies: marker copies of each group, int64 [groups, markers]; None where markers are off.
    """

    contigs: ContigSet
    label: Labels
    groups: Groups
    copies: MarkerCopies | None

    def __len__(self) -> int:
        return len(self.groups.weight)

    def are_relatives(self, a: int, b: int) -> bool:
        """Whether two groups are homologous, as relatives are."""
        smaller = min(int(self.contigs.lengths[self.label == group].sum()) for group in (a, b))
        shared = self.contigs.evidence.homology.bases(self.label, a, b)
        return shared > JOIN.relatives * smaller

    def shared_markers(self, a: int, b: int) -> int:
        """Markers that two groups both have."""
        if self.copies is None:
            return 0
        return int(((self.copies.counts[a] > 0) & (self.copies.counts[b] > 0)).sum())

    def sizes(self) -> Values:
        """Bases of each group."""
        inside = self.label >= 0
        lengths = self.contigs.lengths[inside]
        return np.bincount(self.label[inside], lengths, len(self)).astype(np.float64)

    def join(self, source: int, target: int) -> None:
        """Group ``source`` becomes part of ``target``."""
        self.groups.add(source, target)
        if self.copies is not None:
            self.copies.counts[target] += self.copies.counts[source]
            self.copies.counts[source] = 0
        self.label[self.label == source] = target

    def not_empty(self) -> npt.NDArray[np.int64]:
        """Groups that hold contigs, ascending."""
        return np.flatnonzero(np.bincount(self.label[self.label >= 0], minlength=len(self)))


def join_groups(contigs: ContigSet, label: Labels) -> Labels:
    """Labels with groups of one genome joined; numbers may then be unused.

    With markers, two pieces without a bin may begin a bin of their own.
    """
    bins = int(label.max(initial=-1)) + 1
    label = label.copy()
    loose = np.flatnonzero((label < 0) & (contigs.lengths >= JOIN.piece_length))
    longest = np.argsort(-contigs.lengths[loose], kind="stable")[: JOIN.most_pieces]
    loose = np.sort(loose[longest])
    label[loose] = bins + np.arange(len(loose))
    count = bins + len(loose)
    if not count:
        return label
    groups = groups_of(contigs.points, label, count)
    marked = contigs.evidence.marker_copies
    copies = marked.of_groups(label, count) if marked is not None else None
    pieces = Pieces(contigs, label, groups, copies)
    if copies is not None:
        join_nearest(pieces, copies)
    adopt_islands(pieces)
    alone = np.bincount(label[label >= 0], minlength=count) == 1
    label[(label >= bins) & alone[np.maximum(label, 0)]] = -1
    return label


def join_nearest(pieces: Pieces, copies: MarkerCopies) -> None:
    """Join the two nearest groups (the higher number into the lower) while they may be one genome.

    As one bin they must be worth no less, and they must be no relatives.
    """
    count = len(pieces)
    furthest = same_genome_distance(pieces.contigs.points)
    distance = np.full((count, count), np.inf)
    for a in range(count):
        distance[a, a + 1 :] = pieces.groups.distance(a, np.arange(a + 1, count))
    worth = [copies.worth([a]) for a in range(count)]
    while count > 1:
        a, b = divmod(int(distance.argmin()), count)
        if distance[a, b] > furthest:
            break
        together = copies.worth([a, b])
        if together < worth[a] + worth[b] - 1e-9 or pieces.are_relatives(a, b):
            distance[a, b] = np.inf
            continue
        pieces.join(b, a)
        worth[a] = together
        distance[b], distance[:, b] = np.inf, np.inf
        left = pieces.not_empty()
        fresh = pieces.groups.distance(a, left)
        distance[a, left[left > a]] = fresh[left > a]
        distance[left[left < a], a] = fresh[left < a]


def adopt_islands(pieces: Pieces) -> None:
    """Give groups that are no genomes, the largest first, to the genome next to them.

    If that one stands out.
    """
    left, size = pieces.not_empty(), pieces.sizes()
    poor = too_poor(pieces, left, size)
    genomes = left[~poor]
    if not len(genomes):
        return
    furthest = JOIN.island + pieces.contigs.points.samples_allowance
    for a in sorted(left[poor].tolist(), key=lambda group: (-size[group], group)):
        distance = pieces.groups.distance(a, genomes)
        first = int(distance.argmin())
        genome = int(genomes[first])
        nearest = distance[first] + JOIN.duplicate * pieces.shared_markers(a, genome)
        second = np.delete(distance, first).min(initial=np.inf)
        if nearest > furthest or second - nearest < JOIN.stands_out:
            continue
        if pieces.copies is not None or not pieces.are_relatives(a, genome):
            pieces.join(a, genome)


def too_poor(pieces: Pieces, groups: npt.NDArray[np.int64], size: Values) -> Mask:
    """Whether groups are no genomes, by their markers, or by their size where markers are off."""
    copies = pieces.copies
    if copies is None:
        return size[groups] < JOIN.smallest_genome
    return np.array([copies.quality([g]).completeness < JOIN.poor for g in groups], np.bool_)
