"""Tables of contigs and samples most of whose cells hold nothing.

Reads of a hundred samples on the contigs of all of them: a contig has depth where its genome is,
which is in a few. What is kept are the cells that hold something, row by row (compressed sparse
rows). A table looks like an array of numpy's: rows and columns that are asked for come as arrays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]
Index = npt.NDArray[np.integer] | npt.NDArray[np.bool_] | slice

LEAST_CELLS = 1 << 20  # of a table; smaller ones are arrays, which are faster
MOST_HELD = 0.25  # share of the cells that hold something; an entry takes 12 bytes, a cell 8
CELLS = 1 << 18  # at a time


@dataclass(frozen=True)
class SparseTable:
    """Cells [n, samples], of which only some are kept; all others of a column have its default.

    Attributes:
        bounds: entries of row i are those from bounds[i] to bounds[i + 1]: int64 [n + 1].
        column: of each entry, ascending in a row: int32 [entries].
        value: of each entry, float64.
        default: of each column, float64 [samples]: 0, or NaN for what nobody measured.
    """

    bounds: npt.NDArray[np.int64]
    column: npt.NDArray[np.int32]
    value: Values
    default: Values

    @property
    def shape(self) -> tuple[int, int]:
        """Contigs and samples."""
        return len(self.bounds) - 1, len(self.default)

    def __len__(self) -> int:
        return len(self.bounds) - 1

    def __iter__(self) -> Iterator[Values]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, key: int | Index | tuple[slice, int | np.integer]) -> Values:
        """A row [samples], rows [rows, samples] or, of ``[:, column]``, a column [n]."""
        if isinstance(key, tuple):
            return self._column(key[1])
        if isinstance(key, slice):
            return self._rows(np.arange(*key.indices(len(self))))
        if np.ndim(key):
            rows = np.asarray(key)
            return self._rows(np.flatnonzero(rows) if rows.dtype == np.bool_ else rows)
        column, value = self.entries(int(key))
        row = self.default.copy()
        row[column] = value
        return row

    def entries(self, row: int) -> tuple[npt.NDArray[np.int32], Values]:
        """Columns and values of what a row holds."""
        held = slice(*self.bounds[row : row + 2])
        return self.column[held], self.value[held]

    def _rows(self, rows: npt.NDArray[np.integer]) -> Values:
        place, entry = self._entries(rows)
        out = np.tile(self.default, (len(rows), 1))
        out[place, self.column[entry]] = self.value[entry]
        return out

    def _column(self, column: int | np.integer) -> Values:
        out = np.full(len(self), self.default[column])
        entry = np.flatnonzero(self.column == column)
        out[np.searchsorted(self.bounds, entry, side="right") - 1] = self.value[entry]
        return out

    def _entries(
        self, rows: npt.NDArray[np.integer]
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Of rows, entry by entry: the place of its row among them, and where it is."""
        count = self.bounds[rows + 1] - self.bounds[rows]
        place = np.repeat(np.arange(len(rows)), count)
        first = np.cumsum(count) - count
        return place, np.arange(len(place)) - first[place] + self.bounds[rows][place]

    def take(self, rows: npt.NDArray[np.integer]) -> SparseTable:
        """A table of some rows; -1 is one that holds nothing."""
        there = np.maximum(rows, 0)
        count = np.where(rows < 0, 0, self.bounds[there + 1] - self.bounds[there])
        _, entry = self._entries(rows[rows >= 0])
        bounds = np.concatenate([[0], np.cumsum(count)])
        return SparseTable(bounds, self.column[entry], self.value[entry], self.default)

    def times(self, factors: Values) -> SparseTable:
        """Columns multiplied by factors [samples]."""
        value = self.value * factors[self.column]
        return SparseTable(self.bounds, self.column, value, self.default)


Table: TypeAlias = Values | SparseTable


def row_slices(rows: int, samples: int) -> Iterator[slice]:
    """Slices of about `CELLS` cells; none of a single row of several: numpy adds it otherwise."""
    step = max(2, CELLS // max(1, samples))
    begins = range(0, max(1, rows - 1), step)
    for begin in begins:
        yield slice(begin, rows if begin == begins[-1] else begin + step)


def compact(table: Table, least: int = LEAST_CELLS) -> Table:
    """The same cells; sparse if they are at least so many, and that is much less."""
    if isinstance(table, SparseTable) or table.size < least or not table.size:
        return table
    return sparse(table) if _held(table) <= MOST_HELD * table.size else table


def sparse(table: Values) -> SparseTable:
    """A table of an array's cells; a column that is NaN in the first row is so in all."""
    default = _default(table)
    known = np.isfinite(default)
    bounds, columns, values = [np.zeros(1, np.int64)], [], []
    for rows in row_slices(*table.shape):
        row, column = np.nonzero((table[rows] != 0) & known)
        columns.append(column.astype(np.int32))
        values.append(table[rows][row, column])
        count = np.bincount(row, minlength=len(table[rows]))
        bounds.append(bounds[-1][-1] + np.cumsum(count))
    return SparseTable(
        np.concatenate(bounds), np.concatenate(columns), np.concatenate(values), default
    )


def rows_of(table: Table, rows: npt.NDArray[np.integer]) -> Table:
    """Some rows of a table; -1 is one of a contig without reads."""
    if isinstance(table, SparseTable):
        return table.take(rows)
    default = _default(table)
    if np.isnan(default).all():  # of a table without variances, nothing of which is stored
        return np.broadcast_to(default, (len(rows), len(default)))
    out: Values = table[rows]
    out[rows < 0] = default
    return out


def columns_of(table: Table, columns: npt.NDArray[np.integer]) -> Table:
    """Some columns of a table, ascending."""
    if not isinstance(table, SparseTable):
        return table[:, columns]
    number = np.full(table.shape[1], -1, np.int32)
    number[columns] = np.arange(len(columns))
    kept = number[table.column] >= 0
    bounds = np.concatenate([[0], np.cumsum(kept)])[table.bounds]
    column, value = number[table.column[kept]], table.value[kept]
    return SparseTable(bounds, column, value, table.default[columns])


def times(table: Table, factors: Values) -> Table:
    """A table of columns that are multiplied by factors [samples]."""
    return table.times(factors) if isinstance(table, SparseTable) else table * factors


def stacked(tables: Sequence[Table]) -> Table:
    """Rows of tables of the same columns, one below the other."""
    if len(tables) == 1:
        return tables[0]
    if not _mostly_empty(tables):
        return np.concatenate([table[:] for table in tables])
    parts = [table if isinstance(table, SparseTable) else sparse(table) for table in tables]
    ends = np.cumsum([0, *(len(part.value) for part in parts)])
    bounds = [part.bounds[1:] + end for part, end in zip(parts, ends, strict=False)]
    return SparseTable(
        np.concatenate([[0], *bounds]),
        np.concatenate([part.column for part in parts]),
        np.concatenate([part.value for part in parts]),
        parts[0].default,
    )


def side_by_side(tables: Sequence[Table]) -> Table:
    """Columns of tables of the same contigs, one beside the other."""
    if len(tables) == 1:
        return tables[0]
    if not _mostly_empty(tables):
        return np.concatenate([table[:] for table in tables], axis=1)
    parts = [table if isinstance(table, SparseTable) else sparse(table) for table in tables]
    before = np.cumsum([0, *(part.shape[1] for part in parts)])
    count = np.stack([np.diff(part.bounds) for part in parts])
    row = np.concatenate([np.repeat(np.arange(len(each)), each) for each in count])
    order = np.argsort(row, kind="stable")
    column = [part.column + first for part, first in zip(parts, before, strict=False)]
    return SparseTable(
        np.concatenate([[0], np.cumsum(count.sum(0))]),
        np.concatenate(column)[order].astype(np.int32),
        np.concatenate([part.value for part in parts])[order],
        np.concatenate([part.default for part in parts]),
    )


def _mostly_empty(tables: Sequence[Table]) -> bool:
    """Whether one of them is sparse, and all together would be."""
    if not any(isinstance(table, SparseTable) for table in tables):
        return False
    held = sum(len(t.value) if isinstance(t, SparseTable) else _held(t) for t in tables)
    return held <= MOST_HELD * sum(math.prod(table.shape) for table in tables)


def _held(table: Values) -> int:
    """Cells that are neither 0 nor in a column that nobody measured."""
    known = np.isfinite(_default(table))
    return sum(int(np.count_nonzero(table[rows][:, known])) for rows in row_slices(*table.shape))


def _default(table: Values) -> Values:
    return np.where(np.isnan(table[:1]).any(0), np.nan, 0.0)
