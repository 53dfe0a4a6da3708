"""Copies of marker families on contigs, of which most carry none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int16]
Rows = npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_] | list[int] | slice


@dataclass(frozen=True)
class MarkerCounts:
    """Copies of each family on n contigs: rows of a table, the first for contigs without any.

    ``row`` int32 [n]; ``table`` int16 [carriers + 1, families], whose first row is zeros.
    """

    row: npt.NDArray[np.int32]
    table: Counts

    @classmethod
    def of(cls, counts: Counts) -> MarkerCounts:
        """Of a table [n, families] with a row for each contig."""
        carriers = np.flatnonzero(counts.any(1))
        return cls.of_carriers(len(counts), carriers, counts[carriers])

    @classmethod
    def of_carriers(
        cls, contigs: int, carriers: npt.NDArray[np.int64], counts: Counts
    ) -> MarkerCounts:
        """Of those contigs that carry any, ascending, and of their counts [carriers, families]."""
        row = np.zeros(contigs, np.int32)
        row[carriers] = np.arange(1, len(carriers) + 1)
        none = np.zeros((1, counts.shape[1]), np.int16)
        return cls(row, np.concatenate([none, counts]).astype(np.int16))

    def __len__(self) -> int:
        return len(self.row)

    @property
    def families(self) -> int:
        """How many there are."""
        return int(self.table.shape[1])

    @property
    def carried(self) -> npt.NDArray[np.bool_]:
        """Which contigs carry any: bool [n]."""
        return self.row > 0

    def __getitem__(self, rows: Rows) -> Counts:
        """Counts int16 [rows, families] of some contigs."""
        return self.table[self.row[rows]]

    def take(self, rows: npt.NDArray[np.integer[Any]]) -> MarkerCounts:
        """Those of some contigs."""
        used, row = np.unique(np.append(0, self.row[rows]), return_inverse=True)
        return MarkerCounts(row[1:].astype(np.int32), self.table[used])
