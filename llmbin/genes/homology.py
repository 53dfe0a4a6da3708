"""Homologous stretches between contigs: they are in two genomes, unless they are repeats.

Relatives at like depth look alike in composition and coverage, but each gene of the one has its
ortholog in the other. So two contigs that are homologous from end to end, or as far as they could
overlap, are of different genomes, as a marker gene that comes twice says of a bin. And since
relatives break into contigs at different places, the contigs of one line up along those of the
other. Repeats within a genome are mostly short, and end inside both contigs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from .earlier_pairs import EarlierSearch, Since, Stretches, no_search
from .sketches import SKETCH_RATE, Sketches, join_sketches, thinned
from .thresholds import EVIDENCE_OF_HOMOLOGY, HOMOLOGY, HomologyThresholds

if TYPE_CHECKING:
    from .._kernels import WordTable

log = logging.getLogger("llmbin")

Rows = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint32]
Lengths = npt.NDArray[np.int64]
Found = tuple[Words, npt.NDArray[np.int64], Sketches]
HIGHEST_RATE = 1 << 31  # hashes have 32 bits


@dataclass(frozen=True)
class Homology:
    """Pairs of homologous contigs, and the bases of their homologous stretches.

    ``first`` < ``second`` are rows of contigs; all three are int32 [pairs].
    """

    first: Rows
    second: Rows
    length: Rows

    def __len__(self) -> int:
        return len(self.first)

    @property
    def evidence(self) -> npt.NDArray[np.float64]:
        """Natural log odds against one genome [pairs]: 1.5 for 500 bases, 10 from 20,000 on."""
        odds = EVIDENCE_OF_HOMOLOGY
        doublings = np.log2(self.length / odds.shortest)
        return np.minimum(odds.of_shortest + odds.of_each_doubling * doublings, odds.most)

    @property
    def contigs(self) -> Rows:
        """Rows of the contigs that are in a pair, ascending."""
        return np.unique(np.concatenate([self.first, self.second]))

    def select(self, which: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Homology:
        """Some of the pairs; contigs keep their numbers."""
        return Homology(self.first[which], self.second[which], self.length[which])

    def take(self, rows: npt.NDArray[np.integer]) -> Homology:
        """The pairs among some contigs (ascending), then numbered by their place in ``rows``."""
        if not len(rows):
            return no_homology()
        first, second = (
            np.searchsorted(rows, side).clip(max=len(rows) - 1).astype(np.int32)
            for side in (self.first, self.second)
        )
        both = (rows[first] == self.first) & (rows[second] == self.second)
        return Homology(first[both], second[both], self.length[both])

    def within(self, label: npt.NDArray[np.integer], groups: int) -> list[Homology]:
        """The pairs inside each of so many groups.

        Args:
            label: group of each contig, int [n], -1 for none.
            groups: how many there are.
        """
        group = np.where(label[self.first] == label[self.second], label[self.first], -1)
        order = np.argsort(group, kind="stable")
        ends = np.searchsorted(group[order], np.arange(groups + 1))
        return [self.select(order[a:b]) for a, b in pairwise(ends)]

    def bases(self, label: npt.NDArray[np.integer], a: int, b: int) -> int:
        """Bases of homologous stretches between contigs labelled a and contigs labelled b."""
        x, y = label[self.first], label[self.second]
        return int(self.length[((x == a) & (y == b)) | ((x == b) & (y == a))].sum())


def no_homology() -> Homology:
    """No pairs."""
    return Homology(*(np.empty(0, np.int32) for _ in range(3)))


class HomologySearch:
    """Finds homologous stretches in contigs that go by (see `features.scan.watched`).

    Contigs of several assemblies are searched in each by itself: between assemblies, homologous
    contigs are mostly of the same genome. The same words make sketches of all contigs.
    """

    def __init__(
        self,
        assembly_of: Callable[[str], str] = lambda name: "",
        threads: int = 1,
        thresholds: HomologyThresholds = HOMOLOGY,
        since: Since | None = None,
    ) -> None:
        """Take what tells the assembly of a contig by its name.

        ``since`` is for contigs of one assembly.
        """
        self._assembly_of, self._threads, self._thresholds = assembly_of, threads, thresholds
        self._since = since
        self._tables: dict[str, tuple[WordTable, list[int]]] = {}  # and the contigs in it
        self._word_rate, self._words_held = thresholds.word_rate, 0
        self._sketches: list[Sketches] = []

    def look(self, contigs: list[Contig]) -> Found:
        """Words of contigs, as many as are kept now or more; where each contig's end; sketches."""
        from .._kernels import spaced_words

        rate = min(self._word_rate, SKETCH_RATE)
        words, ends = spaced_words([contig.without_gaps() for contig in contigs], rate)
        return words, ends, thinned(words, ends)

    def keep(self, contigs: list[Contig], found: Found) -> None:
        """Keep them (see `add`)."""
        words, ends, sketches = found
        self._sketches.append(sketches)
        begin = first = 0
        for assembly, some in groupby(contigs, lambda contig: self._assembly_of(contig.name)):
            of_it = list(some)
            last = first + len(of_it)
            lengths = np.array([contig.ungapped for contig in of_it], np.int64)
            end = int(ends[last - 1])
            rows = [contig.index for contig in of_it]
            self._add(assembly, rows, lengths, words[begin:end], ends[first:last] - begin)
            begin, first = end, last

    def add(self, index: int, name: str, bases: int, words: Words) -> None:
        """Keep words of the next contig, and fewer of all words when there are too many.

        ``bases`` are without gaps.

        What is kept in the end is the same in whatever steps: one word in the least number (8, 16,
        32, ...) that leaves few enough.
        """
        length, end = (np.array([number], np.int64) for number in (bases, len(words)))
        self._add(self._assembly_of(name), [index], length, words, end)

    def _add(
        self, assembly: str, rows: list[int], lengths: Lengths, words: Words, ends: Lengths
    ) -> None:
        """The same of several contigs of one assembly."""
        from .._kernels import WordTable

        if assembly not in self._tables:
            self._tables[assembly] = WordTable(self._word_rate), []
        table, members = self._tables[assembly]
        self._words_held -= len(table)
        table.add(words, ends, lengths)
        members += rows
        self._words_held += len(table)
        while self._words_held > self._thresholds.most_words and self._word_rate < HIGHEST_RATE:
            self._thin()

    def _thin(self) -> None:
        """Drop half of the words: which half depends on the word, so contigs stay comparable."""
        self._word_rate *= 2
        for table, _ in self._tables.values():
            table.thin()
        self._words_held = sum(len(table) for table, _ in self._tables.values())

    @property
    def word_rate(self) -> int:
        """One in so many words is kept now."""
        return self._word_rate

    def take_words(self) -> tuple[Words, npt.NDArray[np.int64]]:
        """The words of all contigs, which are of one assembly: hash and place uint32 [words, 2].

        And how many each contig has, int64 [contigs]. They are gone then.
        """
        if not self._tables:
            return np.empty((0, 2), np.uint32), np.empty(0, np.int64)
        _, (table, members) = self._tables.popitem()
        words = table.words()
        return words[:, 1:], np.bincount(words[:, 0], minlength=len(members))

    def sketches(self) -> Sketches:
        """Those of all contigs, in their order."""
        return join_sketches(self._sketches)

    def pairs(self) -> Homology:
        """Pairs that are homologous for enough of what could overlap, ascending.

        The words are gone then.
        """
        found = [np.empty((0, 3), np.int32)]
        while self._tables:
            assembly, (table, members) = self._tables.popitem()
            found.append(self._pairs_of_one(assembly, table, np.array(members, np.int32)))
        pairs = np.concatenate(found)
        return Homology(*np.ascontiguousarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))].T))

    def _pairs_of_one(self, assembly: str, table: WordTable, members: Rows) -> Rows:
        """Rows of two contigs, and bases [pairs, 3], of one assembly."""
        limits = self._thresholds
        stretches = self._stretches(table)
        (a, b, length, possible), alike = stretches.pairs.T, stretches.alike
        share = np.where(length >= limits.long_length, limits.long_share, limits.least_share)
        homologous = (length >= limits.least_length) & (length >= share * possible)
        repeats = homologous & (alike >= limits.most_alike)
        if 2 * int(length[repeats].sum()) < limits.copies * max(1, table.bases):
            homologous &= ~repeats
        else:
            log.warning(
                "many contigs%s are the same as others: if these are several assemblies, bin each "
                "by itself%s",
                f" of {assembly}" if assembly else "",
                "" if assembly else " (--separator)",
            )
        pairs = members[a[homologous]], members[b[homologous]], length[homologous]
        return np.column_stack(pairs)

    def _stretches(self, table: WordTable) -> Stretches:
        """All in an assembly; what an earlier search knows of them is not looked for again."""
        limits, since = self._thresholds, self._since
        bounds = limits.most_places, limits.most_matches, self._threads
        if since is None:
            return Stretches(*table.shared(*bounds))
        contigs, earlier = since.digests(), since.earlier
        if earlier is None or earlier.rate != self._word_rate:
            earlier = no_search(self._word_rate)
        place = earlier.places(contigs)
        pairs, alike, rest_is_known, again, most, frequent = table.shared_since(
            *bounds, place, (earlier.most, earlier.frequent)
        )
        if rest_is_known:
            rest = earlier.among(place, again)
            pairs, alike = np.concatenate([pairs, rest.pairs]), np.append(alike, rest.alike)
        found = Stretches(pairs, alike).ascending()
        since.found = EarlierSearch(contigs, found, self._word_rate, most, frequent)
        return found.in_order()
