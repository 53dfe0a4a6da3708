"""What an earlier search for homologous stretches says of the next one, of nearly the same contigs.

The stretches of two contigs that were both there are what they were: they depend on the two, on
which of them comes first, and on which words are in so many places that they say nothing. So they
are kept for both orders, as an assembler may write its contigs in another one every time. The
kernel finds the pairs for which words have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

DIGEST = 20  # bytes of a contig's digest

Rows = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Stretches:
    """Pairs of contigs with homologous stretches.

    ``pairs`` int32 [pairs, 4]: two contigs, bases of the stretches, bases that could lie on each
    other; ``alike`` float32 [pairs]: share of the words in the stretches that match.
    """

    pairs: Rows
    alike: npt.NDArray[np.float32]

    def select(self, which: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Stretches:
        """Some of them."""
        return Stretches(self.pairs[which], self.alike[which])

    def ascending(self) -> Stretches:
        """In the order of the first contig, and of the second."""
        return self.select(np.lexsort((self.pairs[:, 1], self.pairs[:, 0])))

    def in_order(self) -> Stretches:
        """Those of pairs whose first contig comes first."""
        return self.select(self.pairs[:, 0] < self.pairs[:, 1])


@dataclass(frozen=True)
class EarlierSearch:
    """What a search found.

    ``contigs`` are digests of what was searched, in their order; ``stretches`` are ascending, and
    those of a pair whose second contig comes first are what they would be if it did not. One in
    ``rate`` of the contigs' words was looked at, and words in more than ``most`` places said
    nothing: the hashes of these are ``frequent``, uint32, ascending.
    """

    contigs: Sequence[bytes]
    stretches: Stretches
    rate: int
    most: int
    frequent: npt.NDArray[np.uint32]

    def places(self, contigs: Sequence[bytes]) -> Rows:
        """Of each of those contigs its place among these, int32; -1 if it is new.

        So are contigs that are the same as another: which is which cannot be told.
        """
        then = _once(self.contigs)
        place = np.full(len(contigs), -1, np.int32)
        for digest, row in _once(contigs).items():
            place[row] = then.get(digest, -1)
        return place

    def among(self, place: Rows, but: Rows) -> Stretches:
        """Stretches of contigs that are still there, by their places now.

        Args:
            place: see `places`.
            but: pairs of contigs now, int32 [pairs, 2], the lower first, that are left out.
        """
        now = np.full(len(self.contigs), -1, np.int32)
        known = np.flatnonzero(place >= 0)
        now[place[known]] = known
        both = now[self.stretches.pairs[:, :2]]
        code = both.min(1) * np.int64(len(place)) + both.max(1)
        left_out = np.isin(code, but[:, 0] * np.int64(len(place)) + but[:, 1])
        kept = (both >= 0).all(1) & ~left_out
        some = self.stretches.select(kept)
        return Stretches(np.column_stack([both[kept], some.pairs[:, 2:]]), some.alike)

    def packed(self) -> bytes:
        """As bytes, for `unpacked_search`."""
        pairs = self.stretches.pairs
        sizes = (len(self.contigs), len(pairs), len(self.frequent), self.rate, self.most)
        parts = (
            np.array(sizes, "<i8").tobytes(),
            b"".join(self.contigs),
            pairs.astype("<i4").tobytes(),
            self.stretches.alike.astype("<f4").tobytes(),
            self.frequent.astype("<u4").tobytes(),
        )
        return b"".join(parts)


def no_search(rate: int) -> EarlierSearch:
    """Of no contigs."""
    none = Stretches(np.empty((0, 4), np.int32), np.empty(0, np.float32))
    return EarlierSearch((), none, rate, 0, np.empty(0, np.uint32))


def unpacked_search(held: bytes) -> EarlierSearch:
    """What was `EarlierSearch.packed`."""
    contigs, pairs, frequent, rate, most = np.frombuffer(held, "<i8", 5).tolist()
    at = 5 * 8
    digests = [held[i : i + DIGEST] for i in range(at, at + contigs * DIGEST, DIGEST)]
    at += contigs * DIGEST
    table = np.frombuffer(held, "<i4", 4 * pairs, at).reshape(-1, 4)
    alike = np.frombuffer(held, "<f4", pairs, at + table.nbytes)
    hashes = np.frombuffer(held, "<u4", frequent, at + table.nbytes + alike.nbytes)
    return EarlierSearch(digests, Stretches(table, alike), rate, most, hashes)


@dataclass
class Since:
    """What a search may leave to an earlier one, if there is any; and what the next one may.

    ``digests`` tells those of all contigs, in their order, when they have gone by: what is the same
    in two searches has the same digest.
    """

    earlier: EarlierSearch | None
    digests: Callable[[], Sequence[bytes]]
    found: EarlierSearch | None = None


def _once(contigs: Sequence[bytes]) -> dict[bytes, int]:
    """Places of those that come once."""
    place = {digest: row for row, digest in enumerate(contigs)}
    if len(place) == len(contigs):
        return place
    times = Counter(contigs)
    return {digest: row for digest, row in place.items() if times[digest] == 1}
