"""What is looked for in a part besides the rest: the words that the whole will need, and checksums.

Homologous pairs may lie in two parts, so they are found when the parts are put together.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..genes.homology import Found, Homology, HomologySearch, Words, no_homology
from ..genes.sketches import Sketches
from ..genes.thresholds import HOMOLOGY
from ..io.contigs import Contig

# Words of the whole at the rate that a part begins with, in units of what is kept of them in the
# end: this many times too many, so that contigs of unknown bases or repeats do not make them few.
SURPLUS = 4


@dataclass(frozen=True)
class ContigWords:
    """Of n contigs: checksums uint32 [n], and words uint32 [words, 2].

    Those of contig i are rows ``bounds[i]`` to ``bounds[i + 1]``: int64 [n + 1]. One in ``rate``
    was kept.
    """

    checksums: npt.NDArray[np.uint32]
    words: Words
    bounds: npt.NDArray[np.int64]
    rate: int


def checksums_of(contigs: Iterable[Contig]) -> list[int]:
    """CRC-32 of each contig's bases, as bytes 0 to 3 for ACGT and 4 for all else."""
    from isal.isal_zlib import crc32

    return [int(crc32(np.ascontiguousarray(contig.codes).data)) for contig in contigs]


def first_rate(bases: int) -> int:
    """One in so many words is enough of a part, if the contigs of the whole have so many bases."""
    rate = HOMOLOGY.word_rate
    while bases // (2 * rate) >= SURPLUS * HOMOLOGY.most_words:
        rate *= 2
    return rate


class PartSearch:
    """Keeps words and checksums of the contigs that go by (see `features.scan.watched`)."""

    def __init__(self, rate: int, threads: int) -> None:
        thresholds = replace(HOMOLOGY, word_rate=rate)
        self._homology = HomologySearch(threads=threads, thresholds=thresholds)
        self._checksums: list[int] = []

    def look(self, contigs: list[Contig]) -> tuple[Found, list[int]]:
        """Words and checksums."""
        return self._homology.look(contigs), checksums_of(contigs)

    def keep(
        self,
        contigs: list[Contig],
        found: tuple[Found, list[int]],
    ) -> None:
        """Those of the next contigs."""
        words, checksums = found
        self._homology.keep(contigs, words)
        self._checksums += checksums

    def pairs(self) -> Homology:
        """None yet."""
        return no_homology()

    def sketches(self) -> Sketches:
        """Those of the part's contigs, which no file holds: `watch` alone asks for them."""
        return self._homology.sketches()

    def result(self) -> ContigWords:
        """All of it; it is gone then."""
        rate = self._homology.word_rate
        words, counts = self._homology.take_words()
        bounds = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        return ContigWords(np.array(self._checksums, np.uint32), words, bounds, rate)
