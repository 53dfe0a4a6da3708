"""Composition of contigs: tetranucleotides, and what open frames have: codons and peptides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..io.contigs import Contig
from ..io.rows import CHUNK, RowFile
from .circles import is_circle
from .hexamers import WEIGHTS, load_hexamer_weights
from .peptides import COLUMNS, load_peptide_table

TETRANUCLEOTIDES = 136
SENSE = np.array([c for c in range(64) if c not in (48, 50, 56)])  # all but TAA, TAG, TGA
SHORTEST_FRAME = 150  # bases; open frames of random sequence are mostly shorter
LAYOUT = 6  # numbers of how open frames lie
SIGNALS = 25  # numbers of how genes are read (kernels/signals.hpp)
FRAMES = LAYOUT + SIGNALS + WEIGHTS + COLUMNS + 1  # numbers of a contig for its kind

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Composed:
    """Of n contigs: composition float32 [n, 197], numbers for kinds uint32 [n, 52], circles.

    ``frames``: bases in open frames under 300, 600 and 1200 bases and in longer ones, how many
    there are, and how often the strand changes from one to the next; what shows how genes are read
    (kernels/signals.hpp); mean weights of the contig's hexamers, which may be negative (int32);
    then the frames' words of residues in each column of the table (`peptides`), and all that were
    looked at. Frames go on behind TGA where the contig reads it (kernels/frames.hpp). ``circular``
    bool [n]: see `circles.is_circle`.
    """

    vectors: Floats
    frames: npt.NDArray[np.uint32]
    circular: npt.NDArray[np.bool_]

    def take(self, rows: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> Composed:
        """Some of them."""
        return Composed(self.vectors[rows], self.frames[rows], self.circular[rows])


def join_composed(parts: Sequence[Composed]) -> Composed:
    """Those of all parts, in a row."""
    return Composed(
        np.concatenate([part.vectors for part in parts]),
        np.concatenate([part.frames for part in parts]),
        np.concatenate([part.circular for part in parts]),
    )


def composition_vectors(contigs: list[npt.NDArray[np.uint8]]) -> Floats:
    """Square roots of frequencies: float32 [contigs, 136 canonical 4-mers + 61 codons].

    The square root makes the variance of a frequency independent of the frequency (Hellinger).
    Half a count and a quarter are added to each: a short contig looks like an average one.
    """
    return compose(contigs).vectors


def compose(contigs: list[npt.NDArray[np.uint8]]) -> Composed:
    """Composition of contigs, for the metric and for their kinds."""
    from .._kernels import codons, tetranucleotides

    tables = load_peptide_table(), load_hexamer_weights()
    usage, layout, signals, means, peptides = codons(contigs, SHORTEST_FRAME, *tables)
    words = tetranucleotides(contigs).astype(np.float64) + 0.5
    shares = [
        counts / counts.sum(1, keepdims=True)
        for counts in (words, usage[:, SENSE].astype(np.float64) + 0.25)
    ]
    vectors = np.asarray(np.sqrt(np.concatenate(shares, axis=1)), np.float32)
    frames = np.concatenate([layout, signals, means.view(np.uint32), peptides], axis=1)
    return Composed(vectors, frames, np.array([is_circle(codes) for codes in contigs], np.bool_))


class Compositions:
    """Composition of the contigs that go by (see `scan.watched`).

    Vectors and frames are kept in files in ``folder``, or in memory without one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._vectors = RowFile(np.float32, TETRANUCLEOTIDES + len(SENSE), folder)
        self._frames = RowFile(np.uint32, FRAMES, folder)
        self._circular = [np.empty(0, np.bool_)]
        self._waiting: list[Composed] = []  # whose rows are written together
        self._waiting_rows = 0

    def look(self, contigs: list[Contig]) -> Composed:
        """See `compose`."""
        return compose([contig.codes for contig in contigs])

    def keep(self, contigs: list[Contig], found: Composed) -> None:
        """The next rows."""
        self._waiting.append(found)
        self._waiting_rows += len(found.vectors)
        if self._waiting_rows >= CHUNK:
            self._write_waiting()
        self._circular.append(found.circular)

    def result(self) -> Composed:
        """One row a contig."""
        self._write_waiting()
        vectors = self._vectors.table(len(self._vectors))
        frames = self._frames.table(len(self._frames))
        return Composed(vectors, frames, np.concatenate(self._circular))

    def _write_waiting(self) -> None:
        if self._waiting:
            self._vectors.append(np.concatenate([some.vectors for some in self._waiting]))
            self._frames.append(np.concatenate([some.frames for some in self._waiting]))
        self._waiting, self._waiting_rows = [], 0
