"""Homologous stretches between contigs: what lies in two contigs lies in two genomes, unless it is a repeat.

Relatives at like depth look alike in composition and coverage, but each gene of the one has its ortholog in the other. So two contigs that
are homologous from end to end, or as far as they could overlap, are of different genomes, as a marker gene that comes twice says of a bin. And
since relatives break into contigs at different places, the contigs of one line up along those of the other. Repeats within a genome are mostly short, and end
inside both contigs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig

if TYPE_CHECKING:
    from .._kernels import WordTable

log = logging.getLogger("llmbin")

SAMPLE = 8  # one in so many spaced words is looked at
MOST_WORDS = 1 << 26  # in memory (0.5 GB): beyond them, every second one is dropped
MOST_MATCHES = (
    1 << 26
)  # pairs of places with one word, in memory (0.5 GB): beyond them, the most frequent words say nothing
MOST_PLACES = 60  # a word in more places is of a family that all genomes have
MOST_ALIKE = 0.95  # share of words that match from which a stretch is a repeat: relatives that are so alike are not assembled apart
COPIES = 0.1  # share of all bases in such stretches from which they are no repeats: genomes are there twice, from several assemblies
LEAST_LENGTH, LEAST_SHARE = (
    500,
    0.5,
)  # bases of homologous stretches, and share of the overlap that there could be;
LONG, LONG_SHARE = 3_000, 0.25  # or these: relatives lose and gain genes, and change fast in places

Rows = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint32]


@dataclass(frozen=True)
class Homology:
    """Pairs of contigs (``first`` < ``second``, both int32 [pairs]) and the bases of their homologous stretches int32 [pairs]."""

    first: Rows
    second: Rows
    length: Rows

    @property
    def evidence(self) -> npt.NDArray[np.float64]:
        """Natural log odds against one genome [pairs]: from 1.5 for 500 bases to 10 for 20,000 and more (docs/notes/2026-11-26-homology.md)."""
        return np.minimum(1.5 + 1.6 * np.log2(self.length / LEAST_LENGTH), 10.0)

    def take(self, rows: npt.NDArray[np.integer]) -> Homology:
        """The pairs among some contigs (ascending), which are then numbered by their place in ``rows``."""
        if not len(rows):
            return no_homology()
        first, second = (
            np.searchsorted(rows, side).clip(max=len(rows) - 1).astype(np.int32)
            for side in (self.first, self.second)
        )
        both = (rows[first] == self.first) & (rows[second] == self.second)
        return Homology(first[both], second[both], self.length[both])

    def within(self, label: npt.NDArray[np.integer], parts: int) -> list[Homology]:
        """The pairs inside each of so many parts, by the ``label`` int [n] of contigs, -1 for none."""
        part = np.where(label[self.first] == label[self.second], label[self.first], -1)
        order = np.argsort(part, kind="stable")
        ends = np.searchsorted(part[order], np.arange(parts + 1))
        return [
            Homology(self.first[rows], self.second[rows], self.length[rows])
            for rows in (order[a:b] for a, b in pairwise(ends))
        ]

    def bases(self, label: npt.NDArray[np.integer], a: int, b: int) -> int:
        """Bases of homologous stretches between the contigs labelled a and those labelled b."""
        x, y = label[self.first], label[self.second]
        return int(self.length[((x == a) & (y == b)) | ((x == b) & (y == a))].sum())


def no_homology() -> Homology:
    """No pairs."""
    return Homology(*(np.empty(0, np.int32) for _ in range(3)))


class HomologySearch:
    """Finds homologous stretches in contigs that go by (see `watch.watched`); of several samples (by a contig's name) in each by itself."""

    def __init__(self, sample_of: Callable[[str], str] = lambda name: "", threads: int = 1) -> None:
        self._sample_of, self._threads = sample_of, threads
        self._tables: dict[str, tuple[WordTable, list[int]]] = {}  # and the contigs in it
        self._sample, self._count = SAMPLE, 0

    def look(self, contigs: list[Contig]) -> tuple[Words, npt.NDArray[np.int64]]:
        """Some words of contigs, as many as are kept now or more, and where each contig's end."""
        from .._kernels import spaced_words

        return spaced_words([contig.codes for contig in contigs], self._sample)

    def keep(self, contigs: list[Contig], found: tuple[Words, npt.NDArray[np.int64]]) -> None:
        """Keep them, and fewer of all words when there are too many."""
        words, ends = found
        first = 0
        for contig, last in zip(contigs, ends.tolist(), strict=True):
            self._add(contig, words[first:last])
            first = last
        while self._count > MOST_WORDS:
            self._thin()

    def _add(self, contig: Contig, words: Words) -> None:
        from .._kernels import WordTable

        sample = self._sample_of(contig.name)
        if sample not in self._tables:
            self._tables[sample] = WordTable(self._sample), []
        table, members = self._tables[sample]
        self._count -= len(table)
        table.add(words, len(contig.codes))
        members.append(contig.index)
        self._count += len(table)

    def _thin(self) -> None:
        """Drop half of the words; which half depends on the word, so that those of two contigs stay comparable."""
        self._sample *= 2
        for table, _ in self._tables.values():
            table.thin()
        self._count = sum(len(table) for table, _ in self._tables.values())

    def pairs(self) -> Homology:
        """Pairs that are homologous for half of what could overlap, a quarter of it if that is long, in ascending order. The words are gone then."""
        found = [np.empty((0, 3), np.int32)]
        while self._tables:
            _, (table, members) = self._tables.popitem()
            shared, alike = table.shared(MOST_PLACES, MOST_MATCHES, self._threads)
            a, b, length, possible = shared.T
            share = np.where(length >= LONG, LONG_SHARE, LEAST_SHARE)
            clear = (length >= LEAST_LENGTH) & (length >= share * possible)
            repeats = clear & (alike >= MOST_ALIKE)
            if 2 * int(length[repeats].sum()) < COPIES * max(1, table.bases):
                clear &= ~repeats
            else:
                log.warning(
                    "many contigs are the same as others: if these are several assemblies, bin each by itself (--separator)"
                )
            contigs = np.array(members, np.int32)
            found.append(np.column_stack([contigs[a[clear]], contigs[b[clear]], length[clear]]))
        pairs = np.concatenate(found)
        return Homology(*np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T))
