"""Joining of what the tree left in pieces: bins, and long contigs without a bin, that are parts of one genome.

Single linkage needs a chain of near neighbours, and a genome of few long contigs may have none. Means over whole parts know better:
the two nearest parts are joined while they are no further apart than parts of one genome are, and markers do not object. What is left and has
next to no markers is no genome by itself but an island or a plasmid of one: it goes to the genome next to it, if that one stands out. Without
markers nothing is joined but what is too small for a genome.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology
from ..genes.markers import MarkerSet
from ..genes.quality import estimate
from .groups import Parts, parts_of
from .points import Points

PIECE = 20_000  # bp from which an unbinned contig may join a part
MOST_PIECES = (
    5_000  # of them, the longest: time and memory grow with the square of the number of parts
)
POOR = 0.1  # completeness below which a part is no genome by itself
SMALLEST_GENOME = 400_000  # bp; the same where markers are off
ISLAND = 100.0  # D up to which a part without markers may be an island of a genome
STANDS_OUT = 10.0  # by how much D to the next genome must be larger: odds of 150 to 1
RELATIVES = 0.1  # share of the smaller part in stretches that are homologous to the other, from which they are two genomes
DUPLICATE = 8.0  # what a marker that both have adds to D: 2 ln of 0.9 / 0.02, how often an alien and a piece of the genome bring one

Labels = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Pieces:
    """Parts and their marker copies int64 [parts, markers]; ``label`` int32 [n] says which part a contig is in. Joining changes them in place."""

    label: Labels
    held: Parts
    copies: npt.NDArray[np.int64]
    markers: MarkerSet | None
    lengths: npt.NDArray[np.int64]
    homology: Homology

    def relatives(self, a: int, b: int) -> bool:
        """Whether two parts are homologous, as relatives are."""
        smaller = min(int(self.lengths[self.label == part].sum()) for part in (a, b))
        return self.homology.bases(self.label, a, b) > RELATIVES * smaller

    def sizes(self) -> npt.NDArray[np.float64]:
        """Bases of each part."""
        held = self.label >= 0
        return np.bincount(self.label[held], self.lengths[held], len(self.copies)).astype(
            np.float64
        )

    def join(self, source: int, target: int) -> None:
        """Part ``source`` becomes part of ``target``."""
        self.held.add(source, target)
        self.copies[target] += self.copies[source]
        self.copies[source] = 0
        self.label[self.label == source] = target

    def left(self) -> npt.NDArray[np.int64]:
        """Parts that hold contigs, ascending."""
        return np.flatnonzero(np.bincount(self.label[self.label >= 0], minlength=len(self.copies)))


def join_parts(
    points: Points, lengths: npt.NDArray[np.int64], label: Labels, counts: npt.NDArray[np.int16] | None, markers: MarkerSet | None, homology: Homology
) -> Labels:  # fmt: skip
    """Labels with parts of one genome joined; numbers may then be unused. With markers two pieces without a bin may begin a bin of their own."""
    bins = int(label.max(initial=-1)) + 1
    label = label.copy()
    loose = np.flatnonzero((label < 0) & (lengths >= PIECE))
    loose = np.sort(loose[np.argsort(-lengths[loose], kind="stable")[:MOST_PIECES]])
    label[loose] = bins + np.arange(len(loose))
    count = bins + len(loose)
    if not count:
        return label
    counts = counts if counts is not None else np.zeros((len(label), 0), np.int16)
    copies = np.zeros((count, counts.shape[1]), np.int64)
    np.add.at(copies, label[label >= 0], counts[label >= 0])
    pieces = Pieces(label, parts_of(points, label, count), copies, markers, lengths, homology)
    if markers is not None:
        join_nearest(pieces, markers)
    adopt_islands(pieces)
    alone = np.bincount(label[label >= 0], minlength=count) == 1
    label[(label >= bins) & alone[np.maximum(label, 0)]] = -1
    return label


def join_nearest(pieces: Pieces, markers: MarkerSet) -> None:
    """Join the two nearest parts (the higher number into the lower) while they may be one genome, are worth no less as one bin, and are no relatives."""

    def worth_of(*parts: int) -> float:
        return max(0.0, estimate(pieces.copies[list(parts)].sum(0), markers).worth)

    count = len(pieces.copies)
    near = np.full((count, count), np.inf)
    for a in range(count):
        near[a, a + 1 :] = pieces.held.distance(a, np.arange(a + 1, count))
    worth = [worth_of(a) for a in range(count)]
    while count > 1:
        a, b = divmod(int(near.argmin()), count)
        if near[a, b] > pieces.held.same_genome:
            break
        together = worth_of(a, b)
        if together < worth[a] + worth[b] - 1e-9 or pieces.relatives(a, b):
            near[a, b] = np.inf
            continue
        pieces.join(b, a)
        worth[a] = together
        near[b], near[:, b] = np.inf, np.inf
        alive = pieces.left()
        fresh = pieces.held.distance(a, alive)
        near[a, alive[alive > a]], near[alive[alive < a], a] = fresh[alive > a], fresh[alive < a]


def adopt_islands(pieces: Pieces) -> None:
    """Give parts that are no genomes, the largest first, to the genome next to them: by their markers, or by their size where markers are off."""
    alive, size = pieces.left(), pieces.sizes()
    if pieces.markers is not None:
        poor = np.array(
            [estimate(pieces.copies[a], pieces.markers).completeness < POOR for a in alive], bool
        )
    else:
        poor = size[alive] < SMALLEST_GENOME
    genomes = alive[~poor]
    if not len(genomes):
        return
    for a in sorted(alive[poor].tolist(), key=lambda part: (-size[part], part)):
        apart = pieces.held.distance(a, genomes)
        first = int(apart.argmin())
        twice = int(((pieces.copies[a] > 0) & (pieces.copies[genomes[first]] > 0)).sum())
        nearest, second = (
            apart[first] + DUPLICATE * twice,
            np.delete(apart, first).min(initial=np.inf),
        )
        if nearest > ISLAND + pieces.held.slack or second - nearest < STANDS_OUT:
            continue
        if pieces.markers is not None or not pieces.relatives(a, int(genomes[first])):
            pieces.join(a, int(genomes[first]))
