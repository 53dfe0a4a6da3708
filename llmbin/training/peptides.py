"""Which words of residues tell kinds apart: those that several groups of one kind share.

A group that a network is judged on must not have named its words, and a fragment that it learns
from must not meet its own: of each word the groups are known that have it, and a fragment's own
group is taken from them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .._kernels import peptide_words
from ..features.composition import SHORTEST_FRAME
from ..features.peptides import COLUMNS, SHARED, WORD_KINDS
from ..io.contigs import Contig

LEAST_GROUPS = SHARED[0]  # that share a word
LEAST_RATIO = 4.0  # of their share to that of the next kind
DOUBT = 20.0  # groups: shares of fewer are drawn to the share of all groups
AT_ONCE = 50_000_000  # bases, whose words are sorted in one go

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.uint32]


class FragmentWords:
    """The words of the contigs that go by (see `features.scan.watched`)."""

    def __init__(self) -> None:
        self._found: list[npt.NDArray[np.uint32]] = []

    def look(self, contigs: list[Contig]) -> Any:
        """Words of each."""
        return [peptide_words(contig.codes, SHORTEST_FRAME) for contig in contigs]

    def keep(self, contigs: list[Contig], found: list[npt.NDArray[np.uint32]]) -> None:
        """The next ones."""
        self._found += found

    def result(self) -> tuple[npt.NDArray[np.uint32], Ints]:
        """All words in a row, and the contig of each."""
        sizes = [len(words) for words in self._found]
        return np.concatenate(self._found), np.repeat(np.arange(len(sizes)), sizes)


@dataclass(frozen=True)
class GroupWords:
    """Words that several groups have: uint32 [w], rising, and who has them.

    ``pairs`` int64 [p], rising, are a word's place times the number of groups, and its group's
    number; ``source`` int64 [groups] is the kind of each group.
    """

    words: npt.NDArray[np.uint32]
    pairs: Ints
    source: Ints

    def counts(self, learn: Mask) -> tuple[Ints, Ints]:
        """Groups of each kind that have each word, [w, WORD_KINDS], and all, [WORD_KINDS].

        ``learn`` bool [groups] are those that count.
        """
        place, group = np.divmod(self.pairs, len(self.source))
        cell = (place * WORD_KINDS + self.source[group])[learn[group]]
        found = np.bincount(cell, minlength=len(self.words) * WORD_KINDS)
        return found.reshape(-1, WORD_KINDS), np.bincount(self.source[learn], minlength=WORD_KINDS)

    def table(self, learn: Mask, most: int) -> tuple[Counts, npt.NDArray[np.uint8]]:
        """Words that tell, rising, and their columns; of a kind ``most``, those of most groups."""
        found, groups = self.counts(learn)
        column = columns_of(found, told(found, groups, least_groups(found, groups, most)))
        return self.words[column >= 0], column[column >= 0].astype(np.uint8)

    def seen(self, words: Counts, fragment: Ints, group: Ints, learn: Mask, most: int) -> Counts:
        """What fragments have of each column, and all their words: uint32 [n, COLUMNS + 1].

        ``words`` are those of the fragments, each of the numbered ``fragment``, whose groups are
        ``group`` [n]. Their own group does not count.
        """
        place, known = found_in(self.words, words)
        all_words = np.bincount(fragment, minlength=len(group))
        place, row = place[known], fragment[known]
        found, groups = self.counts(learn)
        mine = found[place]
        pair = place * len(self.source) + group[row]
        own = found_in(self.pairs, pair)[1] & learn[group[row]]
        mine[np.arange(len(row)), self.source[group[row]]] -= own
        column = columns_of(mine, told(mine, groups, least_groups(found, groups, most)))
        cell = (row * COLUMNS + column)[column >= 0]
        out = np.bincount(cell, minlength=len(group) * COLUMNS).reshape(-1, COLUMNS)
        return np.column_stack([out, all_words]).astype(np.uint32)


def found_in(rising: npt.NDArray[Any], values: npt.NDArray[Any]) -> tuple[Ints, Mask]:
    """Where values would stand among rising ones, and whether they do."""
    place = np.searchsorted(rising, values)
    there = place < len(rising)
    there[there] = rising[place[there]] == values[there]
    return place, there


def kinds_of(found: Ints, groups: Ints) -> Ints:
    """The kind that each word tells of, -1 for none: int64 [w].

    ``found`` [w, WORD_KINDS] are groups that have it, of so many ``groups`` [WORD_KINDS].
    """
    overall = found.sum(1, keepdims=True) / max(groups.sum(), 1)
    share = (found + DOUBT * overall) / (groups + DOUBT)
    best = share.argmax(1)
    first, second = np.sort(share, axis=1)[:, :-3:-1].T
    enough = found[np.arange(len(found)), best] >= LEAST_GROUPS
    return np.where(enough & (first >= LEAST_RATIO * second), best, -1).astype(np.int64)


def least_groups(found: Ints, groups: Ints, most: int) -> Ints:
    """Groups that must share a word so that a kind has ``most`` words at most: [WORD_KINDS]."""
    kind, least = kinds_of(found, groups), np.full(WORD_KINDS, LEAST_GROUPS)
    for k in range(WORD_KINDS):
        shared = np.sort(found[kind == k, k])[::-1]
        if len(shared) > most:
            least[k] = shared[most] + 1
    return least


def told(found: Ints, groups: Ints, least: Ints) -> Ints:
    """The kind that each word tells of if enough groups share it, else -1: int64 [w]."""
    kind = kinds_of(found, groups)
    shared = found[np.arange(len(found)), kind]
    return np.where((kind >= 0) & (shared >= least[kind]), kind, -1)


def columns_of(found: Ints, kind: Ints) -> Ints:
    """The column of each word, by its kind and how many groups of it share it; -1 for no kind."""
    shared = found[np.arange(len(found)), kind]
    column = len(SHARED) * kind + np.searchsorted(SHARED, shared, side="right") - 1
    return np.where(kind >= 0, column, -1).astype(np.int64)


def survey(contigs: Iterable[tuple[int, Contig]], source: Ints) -> GroupWords:
    """What sequences of numbered groups have; ``source`` [groups] is the kind of each."""
    parts, waiting, bases = [np.empty(0, np.uint64)], [], 0
    for group, contig in contigs:
        its = peptide_words(contig.codes, SHORTEST_FRAME).astype(np.uint64)
        waiting.append(its << np.uint64(32) | np.uint64(group))
        bases += len(contig.codes)
        if bases >= AT_ONCE:
            parts.append(np.unique(np.concatenate(waiting)))
            waiting, bases = [], 0
    found = np.unique(np.concatenate([*parts, *waiting]))
    word = found >> np.uint64(32)
    first = np.flatnonzero(np.diff(word, prepend=~word[:1]))
    number = np.diff(first, append=len(word))
    shared = np.repeat(number >= LEAST_GROUPS, number)
    words = word[first][number >= LEAST_GROUPS].astype(np.uint32)
    place = np.repeat(np.arange(len(words)), number[number >= LEAST_GROUPS])
    group_of = (found[shared] & np.uint64(0xFFFFFFFF)).astype(np.int64)
    return GroupWords(words, place * len(source) + group_of, source)
