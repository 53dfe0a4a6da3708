"""Nearest neighbours under the calibrated metric: exact, or among the cells of a coarse partition when there are too many pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import DeviceError
from ..model.devices import Device
from .points import Points

EXACT_PAIRS = 600_000_000  # some 35,000 contigs, half of them in the tree: seconds of one core
CELL = 500  # points of a cell, on average
CLEAR = 4  # one in so many references, the least noisy ones, may be the centre of a cell
PROBES = 8  # cells that are looked through for a point
HELD = 32  # neighbours that are kept of each contig; the most that the GPU's search finds

Rows = npt.NDArray[np.int32]
Distances = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Neighbours:
    """The nearest of some reference contigs to every contig: index int32 and distance float32 [n, at most `HELD`], nearest first.

    Looked for once; tree and recruitment ask for the nearest among fewer references.
    """

    points: Points
    references: Rows
    index: Rows
    distance: Distances
    threads: int
    gpu: int | None

    def among(self, wanted: npt.NDArray[np.bool_], k: int) -> tuple[Rows, Distances]:
        """Index and distance [n, k] of the nearest references that are ``wanted`` [n], for k up to the neighbours that are held;
        -1 and inf where there are fewer.

        Contigs with too few of them among the neighbours that are held are looked through again.
        """
        good = (self.index >= 0) & wanted[np.maximum(self.index, 0)]
        place = np.argsort(~good, axis=1, kind="stable")[:, :k]
        some = np.take_along_axis(good, place, axis=1)
        index = np.where(some, np.take_along_axis(self.index, place, axis=1), -1).astype(np.int32)
        distance = np.where(some, np.take_along_axis(self.distance, place, axis=1), np.inf).astype(
            np.float32
        )
        short = np.flatnonzero(~some.all(axis=1)).astype(np.int32)
        if len(short):
            left = self.references[wanted[self.references]]
            index[short], distance[short] = nearest(
                self.points, short, left, k, self.threads, self.gpu
            )
        return index, distance

    def within(self) -> tuple[Rows, Distances] | None:
        """Index (among the references) and distance of their neighbours, as a search of theirs alone would find them.

        None if there are few enough of them for an exact search that could find others: these were looked for in cells, or the metric's
        constant, which is that of the least noise, is another.
        """
        p, rows = self.points, self.references
        alike = p.noise[rows].min() == p.noise.min() and bool(
            (p.variance[rows].min(0) == p.variance.min(0)).all()
        )
        exact = self.gpu is not None or len(p) * len(rows) <= EXACT_PAIRS
        if len(rows) ** 2 <= EXACT_PAIRS and not (alike and exact):
            return None
        index = np.where(self.index[rows] >= 0, np.searchsorted(rows, self.index[rows]), -1).astype(
            np.int32
        )
        return index, self.distance[rows]


def find_neighbours(
    points: Points, references: Rows, threads: int = 1, gpu: int | None = None
) -> Neighbours:
    """The nearest of ``references`` (ascending) to all contigs."""
    everyone = np.arange(len(points), dtype=np.int32)
    index, distance = nearest(
        points, everyone, references, max(1, min(HELD, len(references))), threads, gpu
    )
    return Neighbours(points, references, index, distance, threads, gpu)


def gpu_for(device: Device) -> int | None:
    """The GPU that searches neighbours, if an encoder is on one and the kernels were built for it (LLMBIN_CUDA)."""
    from .. import _kernels

    built = (
        hasattr(_kernels, "cuda_devices")
        and device.kind != "cpu"
        and device.index < _kernels.cuda_devices()
    )
    return device.index if built else None


def nearest(
    points: Points, queries: Rows, references: Rows, k: int, threads: int = 1, gpu: int | None = None
) -> tuple[Rows, Distances]:  # fmt: skip
    """Index and distance [queries, k] of the nearest references, nearest first; -1 and inf where there are fewer.

    Exact up to `EXACT_PAIRS` pairs, and on a GPU. Beyond, references are shared out among cells around the least noisy of them, and each
    query looks through the `PROBES` cells next to it: time and memory then grow with n^1.5 and n, and a neighbour in another cell is missed.
    """
    if gpu is not None or len(queries) * len(references) <= EXACT_PAIRS:
        return _search(points, queries, references, k, threads, gpu)
    from .._kernels import neighbours_in_cells

    # Noisy points are anywhere, so they are no landmarks; and under the metric they find their way to those of their genome.
    clear = references[
        np.argsort(points.noise[references], kind="stable")[: max(1, len(references) // CLEAR)]
    ]
    centres = np.sort(clear)[
        np.linspace(0, len(clear) - 1, max(1, len(references) // CELL)).astype(np.int64)
    ]
    rows = np.union1d(queries, references)
    cells = cells_of(points, rows, centres, min(PROBES, len(centres)), threads)
    home, cells = cells[np.searchsorted(rows, references), 0], cells[np.searchsorted(rows, queries)]
    order = np.argsort(home, kind="stable")
    bounds = np.searchsorted(home[order], np.arange(len(centres) + 1))
    asking = np.argsort(cells[:, 0], kind="stable")  # so that a cell stays in the processor's cache
    index, distance = np.empty((len(queries), k), np.int32), np.empty((len(queries), k), np.float32)
    index[asking], distance[asking] = neighbours_in_cells(
        *points.arrays(),
        queries[asking],
        references[order],
        bounds,
        np.ascontiguousarray(cells[asking]),
        k,
        threads,
    )
    return index, distance


def cells_of(points: Points, rows: Rows, centres: Rows, count: int, threads: int) -> Rows:
    """Numbers int32 [rows, count] of the nearest centres (ascending), nearest first; a centre is in its own cell."""
    index, _ = _search(points, rows, centres, count, threads, None)
    cells = np.where(index >= 0, np.searchsorted(centres, index), -1).astype(np.int32)
    own = np.searchsorted(centres, rows).clip(max=len(centres) - 1)
    centre = np.flatnonzero(centres[own] == rows)
    cells[centre, 1:] = cells[centre, :-1]
    cells[centre, 0] = own[centre]
    return cells


def _search(
    points: Points, queries: Rows, references: Rows, k: int, threads: int, gpu: int | None
) -> tuple[Rows, Distances]:
    """By brute force: on the CPU or, to the same bits, on a GPU."""
    from .. import _kernels

    if gpu is None:
        return _kernels.neighbours(*points.arrays(), queries, references, k, threads)
    try:
        return _kernels.neighbours_on_gpu(*points.arrays(), queries, references, k, gpu)
    except RuntimeError as error:
        raise DeviceError(f"{error}; use --device cpu") from None
