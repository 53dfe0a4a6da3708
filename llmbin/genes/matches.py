"""Genes of marker families, whole and in parts: what matches to profiles make of them.

Contigs end within genes, and half a gene at an end is half an answer: the other half is on another
contig. Counted by the share of the profile that they cover, the genes of a genome add up to the
same whatever its contigs are. A gene that a frameshift or a stop codon breaks is one gene, too.
(docs/notes/2026-11-28-quality-near-the-truth.md)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .counts import MarkerCounts
from .prints import Prints, no_prints
from .thresholds import GENE_PARTS, GenePartThresholds

Ints = npt.NDArray[np.integer[Any]]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

MOST_COPIES = 32_767  # of a family on a contig that are counted
SEGMENTS = 16  # of a profile, within which a place is not told from another
BINS = 1_000  # looked at together, so that memory does not grow with their number


@dataclass(frozen=True)
class Genes:
    """Genes and parts of genes: contig int64 [n], family int16 [n], ``begin`` and ``end``.

    These two are shares of the family's profile: float32 [n], from 0 to 1. ``prints`` uint8 [n, 64]
    are of the parts of the proteins that are like the family (see `prints`).
    """

    contig: npt.NDArray[np.int64]
    family: npt.NDArray[np.int16]
    begin: Floats
    end: Floats
    prints: Prints

    def cover(self, bin_of: Ints, bins: int, families: int) -> tuple[Floats, Floats]:
        """How much of each family's profile the genes of each bin cover once, and how much more.

        Args:
            bin_of: bin of each contig, -1 for none: integers [contigs].
            bins: their number.
            families: their number.

        Returns:
            float32 [bins, families]: from 0 to 1, and copies beyond the first.
        """
        of_bin = bin_of[self.contig]
        parts = [
            self._cover_of(of_bin, range(first, min(first + BINS, bins)), families)
            for first in range(0, max(bins, 1), BINS)
        ]
        once, more = (np.concatenate(column) for column in zip(*parts, strict=True))
        return once, more

    def _cover_of(self, of_bin: Ints, bins: range, families: int) -> tuple[Floats, Floats]:
        """The same for some bins; ``of_bin`` is the bin of each gene."""
        rows = np.flatnonzero((of_bin >= bins.start) & (of_bin < bins.stop))
        place = (of_bin[rows].astype(np.int64) - bins.start) * families + self.family[rows]
        begin, end = (SEGMENTS * a[rows, None].astype(np.float64) for a in (self.begin, self.end))
        segment = np.arange(SEGMENTS)
        share = np.clip(np.minimum(end, segment + 1) - np.maximum(begin, segment), 0, 1)
        at = (place[:, None] * SEGMENTS + segment).ravel()
        total = np.bincount(at, share.ravel(), len(bins) * families * SEGMENTS)
        copies = total.reshape(len(bins), families, SEGMENTS)
        once = np.minimum(copies, 1).mean(2)
        return once.astype(np.float32), (copies.mean(2) - once).astype(np.float32)


@dataclass(frozen=True)
class Matches:
    """Stretches of contigs that are like marker families.

    contig int64 [n], family int16 [n]; ``begin`` and ``end``, shares of the profile that the
    alignment covers, float32 [n]; whether the contig's ends cut the stretch at its begin and end,
    bool [n]; ``likeness``: see `likeness`, float32 [n]; ``whole``: is a gene by itself, bool [n];
    ``prints``: see `Genes`.
    """

    contig: npt.NDArray[np.int64]
    family: npt.NDArray[np.int16]
    begin: Floats
    end: Floats
    begin_cut: Flags
    end_cut: Flags
    likeness: Floats
    whole: Flags
    prints: Prints

    def take(self, rows: Ints | Flags) -> Matches:
        """Some of them."""
        return Matches(*(getattr(self, field.name)[rows] for field in fields(self)))

    def of_genes(self, least: float = GENE_PARTS.least_likeness) -> Flags:
        """Which are genes, or enough like the family to be a part of one: bool [n]."""
        return self.whole | (self.likeness >= least)

    def counts(self, contigs: int, families: int) -> MarkerCounts:
        """Whole genes of each of the first so many families on each of so many contigs."""
        counted = self.whole & (self.family < families)
        carriers, row = np.unique(self.contig[counted], return_inverse=True)
        place = row * families + self.family[counted]
        copies = np.bincount(place, minlength=len(carriers) * families).clip(max=MOST_COPIES)
        counts = copies.reshape(len(carriers), families).astype(np.int16)
        return MarkerCounts.of_carriers(contigs, carriers, counts)

    def genes(self, rules: GenePartThresholds = GENE_PARTS) -> Genes:
        """Genes: matches of a family on a contig that lie behind each other are one."""
        order = np.lexsort((self.end, self.begin, self.family, self.contig))
        known = self.take(order)
        same = (np.diff(known.contig) == 0) & (np.diff(known.family) == 0)
        edges = np.concatenate([[True], ~same, [True]])[: len(order) + 1]
        found = [
            (chain, span)
            for first, last in pairwise(np.flatnonzero(edges).tolist())
            for chain in known.chains(range(first, last), rules)
            if (span := known.span(chain, rules)) is not None
        ]
        rows = [chain[0] for chain, _ in found]
        ends = np.array([span for _, span in found], np.float32).reshape(-1, 2)
        prints = known.prints[rows]
        for gene, (chain, _) in enumerate(found):
            if len(chain) > 1:
                prints[gene] = known.prints[chain].min(0)
        return Genes(known.contig[rows], known.family[rows], ends[:, 0], ends[:, 1], prints)

    def chains(self, rows: Sequence[int], rules: GenePartThresholds) -> list[list[int]]:
        """Matches of one family on one contig, by begin, in groups that are one gene each."""
        if len(rows) > rules.most_together:
            return [[row] for row in rows]
        left, out = list(rows), []
        while left:
            chain, rest = [left[0]], []
            for row in left[1:]:
                last = chain[-1]
                behind = self.begin[row] >= self.end[last] - rules.overlap
                if behind and not self.begin_cut[row] and not self.end_cut[last]:
                    chain.append(row)
                else:
                    rest.append(row)
            out.append(chain)
            left = rest
        return out

    def span(self, chain: list[int], rules: GenePartThresholds) -> tuple[float, float] | None:
        """What a gene covers, None if it is too unlike the family to be a part of one.

        An alignment ends before the gene does. What is missing at an end is there, if it is little
        and the contig goes on.
        """
        first, last = chain[0], chain[-1]
        begin, end = float(self.begin[first]), float(self.end[last])
        begin_cut, end_cut = bool(self.begin_cut[first]), bool(self.end_cut[last])
        gene = len(chain) > 1 or bool(self.whole[first])
        if not gene and not begin_cut and not end_cut:
            if self.likeness[first] < rules.least_likeness_inside:
                return None
            return begin, end
        if not begin_cut and begin < rules.reach:
            begin = 0.0
        if not end_cut and 1 - end < rules.reach:
            end = 1.0
        return begin, end


def likeness(
    bits: Floats, cover: Floats, cutoff: float, rules: GenePartThresholds = GENE_PARTS
) -> Floats:
    """Bits by the share of the profile that they are of, and by the cut-off: 1 is as good as it.

    0 where the bits are too few to say. Ends of a local alignment cost some bits, whatever its
    length.
    """
    relative = (bits + rules.ends) / (np.maximum(cover, 1e-3) * (cutoff + rules.ends))
    return np.where(bits >= rules.least_bits, relative, 0).astype(np.float32)


def no_matches() -> Matches:
    """None at all."""
    floats, flags = np.empty(0, np.float32), np.empty(0, np.bool_)
    rows, families = np.empty(0, np.int64), np.empty(0, np.int16)
    return Matches(rows, families, floats, floats, flags, flags, floats, flags, no_prints(0))


def join_matches(parts: Sequence[Matches]) -> Matches:
    """Those of all families."""
    columns = [[getattr(part, field.name) for part in parts] for field in fields(Matches)]
    return Matches(*(np.concatenate(column) for column in columns))
