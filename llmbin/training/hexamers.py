"""Weights of words of six bases, whose means tell kinds of genomes apart.

A linear discriminant: ridge regression of the kinds on the words' frequencies, each divided by the
root of its mean, since that is how far chance moves it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .._kernels import hexamers
from ..features.hexamers import WEIGHTS, WORDS, Weights
from ..io.contigs import Contig

RIDGE = 0.3  # of the mean variance of a frequency, which is added to each
LARGEST = 32_000  # weight, in steps
PARTS = 256  # of a step, that means are told in (kernels/hexamers.hpp)

HexamerCounts = npt.NDArray[np.uint16]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class FragmentHexamers:
    """The hexamers of the fragments that go by (see `features.scan.watched`)."""

    def __init__(self) -> None:
        self._found = [np.empty((0, WORDS), np.uint16)]

    def look(self, contigs: list[Contig]) -> HexamerCounts:
        """Counts of each; fragments have no more than 16 bits can tell."""
        return hexamers([contig.codes for contig in contigs]).astype(np.uint16)

    def keep(self, contigs: list[Contig], found: HexamerCounts) -> None:
        """The next ones."""
        self._found.append(found)

    def result(self) -> HexamerCounts:
        """A row for each fragment: uint16 [n, 2080]."""
        return np.concatenate(self._found)


def hexamer_weights(counts: HexamerCounts, source: Ints, weight: Doubles) -> Weights:
    """Weights int16 [5, 2080] that tell the ``source`` [n] of fragments with those ``counts``.

    ``weight`` [n], of sum 1, is how much each fragment counts.
    """
    x = counts.astype(np.float32)
    x /= np.maximum(x.sum(1, keepdims=True), 1)
    share = weight.astype(np.float32)
    mean = share @ x
    scale = 1 / np.sqrt(np.maximum(mean, 1e-9))
    x -= mean
    x *= scale * np.sqrt(share)[:, None]
    kind = np.eye(WEIGHTS, dtype=np.float32)[source]
    kind -= share @ kind
    spread = (x.T @ x).astype(np.float64)
    spread[np.diag_indices(WORDS)] += RIDGE * np.trace(spread) / WORDS
    found = np.linalg.solve(spread, x.T @ (kind * np.sqrt(share)[:, None])) * scale[:, None]
    step = np.maximum(np.abs(found).max(0), 1e-30) / LARGEST
    return np.ascontiguousarray(np.round(found / step).T, np.int16)


def mean_weights(counts: HexamerCounts, weights: Weights) -> npt.NDArray[np.int32]:
    """What `_kernels.codons` says of fragments with those counts: int32 [n, 5]."""
    sums = PARTS * np.rint(counts.astype(np.float64) @ weights.T.astype(np.float64)).astype(
        np.int64
    )
    total = np.maximum(counts.sum(1, keepdims=True, dtype=np.int64), 1)
    return np.asarray(sums // total, np.int32)
