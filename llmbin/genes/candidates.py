"""Proteins that may be genes of a marker family, until it is known whether they are."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

BEYOND = 10  # residues: gaps move the ends of an alignment away from its diagonal


@dataclass(frozen=True)
class Candidate:
    """A protein between two stops, on a contig, and the diagonal on which it is like a family.

    The diagonal is a column of the profile minus a place in the protein. An end that is cut is the
    contig's end, and no stop.
    """

    contig: int
    protein: str
    diagonal: int
    begin_cut: bool = False
    end_cut: bool = False

    def part(self, begin: int, end: int) -> str:
        """What is aligned to columns ``begin`` to ``end`` of the profile, and a little beyond."""
        first = max(0, int(begin) - self.diagonal - BEYOND)
        return self.protein[first : max(first, int(end) - self.diagonal + BEYOND)]


class CandidateList:
    """Candidates of one family, of which there may be millions: their proteins in one piece."""

    def __init__(self) -> None:
        self._contigs, self._diagonals, self._ends = array("q"), array("i"), array("q", [0])
        self._proteins, self._cuts = bytearray(), bytearray()

    def __len__(self) -> int:
        return len(self._contigs)

    def append(
        self, contig: int, protein: str, diagonal: int, begin_cut: bool, end_cut: bool
    ) -> None:
        """One more: what a `Candidate` is of."""
        self._contigs.append(contig)
        self._diagonals.append(diagonal)
        self._proteins += protein.encode("ascii")
        self._ends.append(len(self._proteins))
        self._cuts.append(2 * begin_cut + end_cut)

    def __iter__(self) -> Iterator[Candidate]:
        rows = zip(self._contigs, self._diagonals, pairwise(self._ends), self._cuts, strict=True)
        for contig, diagonal, (begin, end), cuts in rows:
            protein = self._proteins[begin:end].decode("ascii")
            yield Candidate(contig, protein, diagonal, bool(cuts & 2), bool(cuts & 1))
