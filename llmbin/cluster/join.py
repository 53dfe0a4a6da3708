"""Joining of what the tree left in pieces: bins, and long contigs without a bin, of one genome.

Single linkage needs a chain of near neighbours, and a genome of few long contigs may have none.
Means over whole groups know better: the two nearest groups are joined while they are no further
apart than parts of one genome are, and markers do not object. What is left and has next to no
markers is no genome by itself but an island or a plasmid of one: it goes to the genome next to it,
if that one stands out. Without markers nothing is joined but what is too small for a genome.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from ..genes.quality import MarkerCopies
from .arrays import Labels, Mask
from .contig_set import ContigSet
from .groups import Groups, groups_of, same_genome_distance
from .points import Points
from .thresholds import JOIN


@dataclass(frozen=True)
class Pieces:
    """Groups of contigs that may be joined, which changes them in place.

    Attributes:
        points: of all contigs.
        groups: sums of their points.
        size: bases of each group, int64 [groups]; 0 for one that holds nothing, or was joined.
        shared: bases in homologous stretches with other groups, by their number, of each group.
        went_to: the group that each was joined with, int64 [groups]; its own number otherwise.
        copies: marker copies of each group, int64 [groups, markers]; None where markers are off.
    """

    points: Points
    groups: Groups
    size: npt.NDArray[np.int64]
    shared: dict[int, dict[int, int]]
    went_to: npt.NDArray[np.int64]
    copies: MarkerCopies | None

    def __len__(self) -> int:
        return len(self.size)

    def are_relatives(self, a: int, b: int) -> bool:
        """Whether two groups are homologous, as relatives are."""
        shared = self.shared.get(a, {}).get(b, 0)
        return bool(shared > JOIN.relatives * min(self.size[a], self.size[b]))

    def shared_markers(self, a: int, b: int) -> int:
        """Markers that two groups both have."""
        if self.copies is None:
            return 0
        return int(((self.copies.counts[a] > 0) & (self.copies.counts[b] > 0)).sum())

    def join(self, source: int, target: int) -> None:
        """Group ``source`` becomes part of ``target``."""
        self.groups.add(source, target)
        if self.copies is not None:
            self.copies.counts[target] += self.copies.counts[source]
            self.copies.counts[source] = 0
        self.size[target] += self.size[source]
        self.size[source] = 0
        self.went_to[source] = target
        for other, bases in self.shared.pop(source, {}).items():
            del self.shared[other][source]
            if other != target:
                for one, two in ((target, other), (other, target)):
                    held = self.shared.setdefault(one, {})
                    held[two] = held.get(two, 0) + bases

    def not_empty(self) -> npt.NDArray[np.int64]:
        """Groups that hold contigs, ascending."""
        return np.flatnonzero(self.size)

    def now(self, label: Labels) -> Labels:
        """Labels of contigs, whose groups were joined since; -1 stays."""
        went = self.went_to
        while (went[went] != went).any():
            went = went[went]
        return np.append(went, -1)[label].astype(label.dtype)


def pieces_of(contigs: ContigSet, label: Labels, count: int) -> Pieces:
    """So many groups, by the group of each contig; -1 for none."""
    inside = label >= 0
    size = np.bincount(label[inside], contigs.lengths[inside], count).astype(np.int64)
    marked = contigs.evidence.marker_copies
    return Pieces(
        contigs.points,
        groups_of(contigs.points, label, count),
        size,
        shared_bases(contigs.evidence.homology, label),
        np.arange(count),
        marked.of_groups(label, count) if marked is not None else None,
    )


def shared_bases(homology: Homology, label: Labels) -> dict[int, dict[int, int]]:
    """Bases of homologous stretches between groups of contigs: of each, by the other."""
    one, other = label[homology.first], label[homology.second]
    between = (one >= 0) & (other >= 0) & (one != other)
    ends = np.sort(np.stack([one[between], other[between]]), axis=0)
    pairs, place = np.unique(ends, axis=1, return_inverse=True)
    bases = np.bincount(place.ravel(), homology.length[between], pairs.shape[1]).astype(np.int64)
    shared: dict[int, dict[int, int]] = {}
    for a, b, length in zip(*pairs.tolist(), bases.tolist(), strict=True):
        shared.setdefault(a, {})[b] = shared.setdefault(b, {})[a] = length
    return shared


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
    pieces = pieces_of(contigs, label, count)
    if pieces.copies is not None:
        join_nearest(pieces, pieces.copies)
    adopt_islands(pieces)
    label = pieces.now(label)
    alone = np.bincount(label[label >= 0], minlength=count) == 1
    label[(label >= bins) & alone[np.maximum(label, 0)]] = -1
    return label


def join_nearest(pieces: Pieces, copies: MarkerCopies) -> None:
    """Join the two nearest groups (the higher number into the lower) while they may be one genome.

    As one bin they must be worth no less, and they must be no relatives. Pairs that are near enough
    wait in a queue, the nearest first, ties by number. They are few: of all pairs the distances
    would take gigabytes.
    """
    furthest = same_genome_distance(pieces.points)
    left = pieces.not_empty()
    worth = [copies.worth([a]) for a in range(len(pieces))]
    changes = [0] * len(pieces)  # of each group so far: a pair from before one is no pair any more
    waiting: list[tuple[float, int, int, int, int]] = []

    def wait(a: int, others: npt.NDArray[np.int64]) -> None:
        distance = pieces.groups.distance(a, others)
        near = distance <= furthest
        for apart, b in zip(distance[near].tolist(), others[near].tolist(), strict=True):
            low, high = min(a, b), max(a, b)
            heapq.heappush(waiting, (apart, low, high, changes[low], changes[high]))

    for a in left.tolist():
        wait(a, left[left > a])
    while waiting:
        _, a, b, *before = heapq.heappop(waiting)
        if before != [changes[a], changes[b]]:
            continue
        together = copies.worth([a, b])
        if together < worth[a] + worth[b] - 1e-9 or pieces.are_relatives(a, b):
            continue
        pieces.join(b, a)
        worth[a] = together
        changes[a] += 1
        changes[b] += 1
        left = left[left != b]
        wait(a, left[left != a])


def adopt_islands(pieces: Pieces) -> None:
    """Give groups that are no genomes, the largest first, to the genome next to them.

    If that one stands out.
    """
    left, size = pieces.not_empty(), pieces.size.copy()
    poor = too_poor(pieces, left)
    genomes = left[~poor]
    if not len(genomes):
        return
    furthest = JOIN.island + pieces.points.samples_allowance
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


def too_poor(pieces: Pieces, groups: npt.NDArray[np.int64]) -> Mask:
    """Whether groups are no genomes, by their markers, or by their size where markers are off."""
    copies = pieces.copies
    if copies is None:
        return pieces.size[groups] < JOIN.smallest_genome
    return np.array([copies.quality([g]).completeness < JOIN.poor for g in groups], np.bool_)
