"""What was said of proteins before: how they align to families, and whether they are genes of them.

A contig that is joined with another is a new one, whose proteins are those of before but for some
at its ends. What is said of one depends on the family, the protein and the diagonal alone, so it is
known by a digest of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from .candidates import Candidate

MOST = 1 << 20  # answers that are kept: 26 MB
DIGEST = 16  # bytes
ANSWER = np.dtype([("bits", "<f4"), ("begin", "<i2"), ("end", "<i2"), ("whole", "?")])

Keys = npt.NDArray[np.uint64]
Answers = npt.NDArray[np.void]
"""Of candidates, of type `ANSWER`: bits, the columns of the alignment, whether it is a gene [n]."""


def no_keys() -> Keys:
    """Of no candidates."""
    return np.empty((0, 2), np.uint64)


def keys_of(family: int, candidates: Iterable[Candidate]) -> Keys:
    """Digests of what decides the answers: uint64 [n, 2]."""
    digests = [
        blake2b(b"%d %d %b" % (family, c.diagonal, c.protein.encode("ascii")), digest_size=DIGEST)
        for c in candidates
    ]
    held = b"".join(digest.digest() for digest in digests)
    return np.frombuffer(held, "<u8").astype(np.uint64).reshape(-1, 2)


@dataclass(frozen=True)
class KnownAnswers:
    """Answers [n] by their keys uint64 [n, 2], whose first halves ascend."""

    keys: Keys = field(default_factory=no_keys)
    answers: Answers = field(default_factory=lambda: np.empty(0, ANSWER))

    def look_up(self, keys: Keys) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
        """Whether the answer of each candidate is known, and where it is: [n], [n]."""
        if not len(self.keys):
            return np.zeros(len(keys), np.bool_), np.zeros(len(keys), np.int64)
        place = np.searchsorted(self.keys[:, 0], keys[:, 0]).clip(max=len(self.keys) - 1)
        return (self.keys[place] == keys).all(1), place

    def after(self, keys: Keys, answers: Answers) -> KnownAnswers:
        """These answers, which were just asked for, and as many of the earlier as there is room."""
        both = np.concatenate([keys, self.keys])
        _, row = np.unique(both[:, 0], return_index=True)
        row = row[np.sort(np.argsort(row)[:MOST])]
        return KnownAnswers(both[row], np.concatenate([answers, self.answers])[row])


@dataclass
class EarlierAnswers:
    """What a search for genes may leave to earlier ones, and what the next one may.

    ``load`` gives the former, when the first candidate has come; ``found`` is the latter, None as
    long as none has.
    """

    load: Callable[[], KnownAnswers]
    found: KnownAnswers | None = None
