"""What was found of contigs before, by their content: names and numbers change, contigs seldom.

Composition, vector, marker genes and RNA genes depend on a contig alone, and on what looks at it:
the setting. Only windows drawn with a seed depend on the contig's place in the file as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from ..genes.earlier_pairs import DIGEST
from ..genes.matches import Matches, join_matches
from ..genes.prints import WIDTH
from ..genes.rna import AMINO_ACIDS, KINDS, RnaGenes, join_rna
from ..io.contigs import Contig
from ..io.store import Store
from ..model.pack import COMPOSITION
from ..model.windows import WindowPlan, drawn_by_chance
from .composition import FRAMES, Composed, join_composed

Floats = npt.NDArray[np.float32]

RNAS = 2 * len(KINDS) + len(AMINO_ACIDS)
MATCH = np.dtype(
    [
        ("family", "<i2"),
        ("begin", "<f4"),
        ("end", "<f4"),
        ("begin_cut", "?"),
        ("end_cut", "?"),
        ("likeness", "<f4"),
        ("whole", "?"),
        ("prints", "u1", (WIDTH,)),
    ]
)


@dataclass(frozen=True)
class Findings:
    """What is found of n contigs, each by itself.

    ``composed`` has n rows; ``lm`` float32 [n, width]; ``matches`` of marker families, whose
    contigs are places in the assembly; ``rna`` has n rows. The last two are None where they were
    not looked for.
    """

    composed: Composed
    lm: Floats
    matches: Matches | None
    rna: RnaGenes | None


class Recall:
    """Lets those contigs pass that a store does not know, and keeps what is then found of them.

    ``setting`` is a digest of all that decides findings beside the contig: at most 64 bytes.
    """

    def __init__(self, store: Store, setting: bytes, plan: WindowPlan) -> None:
        self._store, self._setting, self._plan = store, setting, plan
        self._fresh: list[tuple[int, bytes]] = []  # place and key
        self._known: list[tuple[int, bytes]] = []  # place and what is known
        self._digests: list[bytes] = []

    @property
    def known(self) -> int:
        """Contigs of which all was known."""
        return len(self._known)

    @property
    def fresh(self) -> npt.NDArray[np.int64]:
        """Places of the contigs that had to be looked at, ascending."""
        return np.array([place for place, _ in self._fresh], np.int64)

    def digests(self) -> list[bytes]:
        """Of all contigs that went by, and of the setting: two that are the same have the same."""
        return self._digests

    def unknown(self, contigs: Iterable[Contig]) -> Iterator[Contig]:
        """The contigs that have to be looked at."""
        for contig in contigs:
            key = self._key(contig)
            self._digests.append(key)
            value = self._store.get(key)
            if value is None:
                self._fresh.append((contig.index, key))
                yield contig
            else:
                self._known.append((contig.index, value))

    def _key(self, contig: Contig) -> bytes:
        from .._kernels import packed_bases

        bases = packed_bases(contig.codes)  # of which a digest takes a quarter of the time
        state = blake2b(bases.data, digest_size=DIGEST, key=self._setting)
        lengths = len(contig.codes), contig.ungapped
        if any(drawn_by_chance(length, self._plan) for length in lengths):
            state.update(b"place %d" % contig.index)
        return state.digest()

    def whole(self, fresh: Findings) -> Findings:
        """Findings of all contigs, of those of the fresh ones; which are kept."""
        self._keep(fresh)
        if not self._known:
            return fresh
        known = _unpacked(self._known, fresh)
        places = np.append(self.fresh, [place for place, _ in self._known])
        order = np.argsort(places)
        both = (fresh, known)
        matches = [part.matches for part in both if part.matches is not None]
        rna = [part.rna for part in both if part.rna is not None]
        return Findings(
            join_composed([part.composed for part in both]).take(order),
            np.concatenate([part.lm for part in both])[order],
            join_matches(matches) if matches else None,
            join_rna(rna).take(order) if rna else None,
        )

    def _keep(self, fresh: Findings) -> None:
        matches = fresh.matches
        order = np.empty(0, np.int64)
        bounds = np.zeros(len(self._fresh) + 1, np.int64)
        if matches is not None:
            order = np.argsort(matches.contig, kind="stable")
            bounds = np.searchsorted(matches.contig[order], np.append(self.fresh, 1 << 62))
        self._store.put(
            (key, _packed(fresh, row, order[bounds[row] : bounds[row + 1]]))
            for row, (_, key) in enumerate(self._fresh)
        )


def _packed(found: Findings, row: int, rows: npt.NDArray[np.int64]) -> bytes:
    """Findings of the contig in a row; its matches are in ``rows``."""
    composed = found.composed
    parts = [
        composed.vectors[row].astype("<f4").tobytes(),
        found.lm[row].astype("<f4").tobytes(),
        composed.frames[row].astype("<u4").tobytes(),
        composed.circular[row].tobytes(),
    ]
    if found.rna is not None:
        counts = (found.rna.rrna[row], found.rna.whole[row], found.rna.trna[row])
        parts.append(np.concatenate(counts).astype("<i2").tobytes())
    if found.matches is not None:
        records = np.empty(len(rows), MATCH)
        for name in MATCH.names or ():
            records[name] = getattr(found.matches, name)[rows]
        parts.append(records.tobytes())
    return b"".join(parts)


def _unpacked(known: Sequence[tuple[int, bytes]], like: Findings) -> Findings:
    """The same, of contigs at some places; ``like`` says what was looked for."""
    places, values = zip(*known, strict=True)
    n, at = len(known), 4 * (COMPOSITION + like.lm.shape[1])
    floats = np.frombuffer(b"".join(value[:at] for value in values), "<f4").reshape(n, -1)
    held = b"".join(value[at : at + 4 * FRAMES] for value in values)
    frames = np.frombuffer(held, "<u4").reshape(n, FRAMES)
    at += 4 * FRAMES
    circular = np.frombuffer(b"".join(value[at : at + 1] for value in values), "?")
    at += 1
    rna = matches = None
    if like.rna is not None:
        held = b"".join(value[at : at + 2 * RNAS] for value in values)
        counts, kinds = np.frombuffer(held, "<i2").reshape(n, RNAS), len(KINDS)
        rna = RnaGenes(counts[:, :kinds], counts[:, kinds : 2 * kinds], counts[:, 2 * kinds :])
        at += 2 * RNAS
    if like.matches is not None:
        records = np.frombuffer(b"".join(value[at:] for value in values), MATCH)
        number = [(len(value) - at) // MATCH.itemsize for value in values]
        columns = {name: records[name] for name in MATCH.names or ()}
        matches = Matches(contig=np.repeat(np.array(places, np.int64), number), **columns)
    composed = Composed(floats[:, :COMPOSITION], frames, circular)
    return Findings(composed, floats[:, COMPOSITION:], matches, rna)
