"""Nearest neighbours under the calibrated metric.

Exact, or among the cells of a coarse partition where there are too many pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import DeviceError
from ..model.devices import Device
from ..resources import Resources
from .arrays import Floats, KernelRows, Mask, places_of, share_rows
from .points import Points
from .thresholds import NEIGHBOURS, NeighbourThresholds


@dataclass(frozen=True)
class Neighbours:
    """The nearest of some reference contigs to every contig, nearest first.

    Looked for once; tree and recruitment ask for the nearest among fewer references.

    Attributes:
        points: all contigs.
        references: int32, ascending.
        index: int32 [n, at most `NeighbourThresholds.kept`]; -1 where there are fewer.
        distance: float32, of the same shape; inf where there are fewer.
        resources: for another search.
        thresholds: for another search.
    """

    points: Points
    references: KernelRows
    index: KernelRows
    distance: Floats
    resources: Resources
    thresholds: NeighbourThresholds = NEIGHBOURS

    def among(self, wanted: Mask, k: int) -> tuple[KernelRows, Floats]:
        """Index and distance [n, k] of the nearest references that are ``wanted`` [n].

        -1 and inf where there are fewer. k is at most the number of neighbours that are kept;
        contigs with too few wanted ones among them are searched for again.
        """
        n, k = len(self.index), min(k, self.index.shape[1])
        index, distance = np.empty((n, k), np.int32), np.empty((n, k), np.float32)

        def choose(rows: slice) -> None:
            near = self.index[rows]
            good = (near >= 0) & wanted[np.maximum(near, 0)]
            place = np.argsort(~good, axis=1, kind="stable")[:, :k]
            some = np.take_along_axis(good, place, axis=1)
            index[rows] = np.where(some, np.take_along_axis(near, place, axis=1), -1)
            far = np.take_along_axis(self.distance[rows], place, axis=1)
            distance[rows] = np.where(some, far, np.inf)

        share_rows(n, self.resources.threads, choose)
        short = np.flatnonzero((index < 0).any(axis=1)).astype(np.int32)
        if len(short):
            left = self.references[wanted[self.references]]
            index[short], distance[short] = nearest(
                self.points, short, left, k, self.resources, self.thresholds
            )
        return index, distance

    def within(self) -> tuple[KernelRows, Floats] | None:
        """Index (among the references) and distance of the references' own neighbours.

        They are what a search among the references alone would find. None if that search would be
        exact and could find others: these were looked for in cells, or the metric's constant,
        which is that of the least noise, is another.
        """
        p, rows = self.points, self.references
        same_constant = p.noise[rows].min() == p.noise.min() and bool(
            (p.variance[rows].min(0) == p.variance.min(0)).all()
        )
        exact_pairs = self.thresholds.exact_pairs
        exact = self.resources.gpu is not None or len(p) * len(rows) <= exact_pairs
        if len(rows) ** 2 <= exact_pairs and not (same_constant and exact):
            return None
        return places_of(rows, len(p))[self.index[rows]], self.distance[rows]


def find_neighbours(
    points: Points,
    references: KernelRows,
    resources: Resources,
    thresholds: NeighbourThresholds = NEIGHBOURS,
) -> Neighbours:
    """The nearest of ``references`` (ascending) to all contigs."""
    everyone = np.arange(len(points), dtype=np.int32)
    k = max(1, min(thresholds.kept, len(references)))
    index, distance = nearest(points, everyone, references, k, resources, thresholds)
    return Neighbours(points, references, index, distance, resources, thresholds)


def gpu_for(device: Device) -> int | None:
    """The GPU that searches neighbours, or None.

    There is one if an encoder is on it and the kernels were built for it (LLMBIN_CUDA).
    """
    from .. import _kernels

    built = (
        hasattr(_kernels, "cuda_devices")
        and device.kind != "cpu"
        and device.index < _kernels.cuda_devices()
    )
    return device.index if built else None


def nearest(
    points: Points,
    queries: KernelRows,
    references: KernelRows,
    k: int,
    resources: Resources,
    thresholds: NeighbourThresholds = NEIGHBOURS,
) -> tuple[KernelRows, Floats]:
    """Index and distance [queries, k] of the nearest references, nearest first.

    -1 and inf where there are fewer. Exact up to ``exact_pairs`` pairs, and on a GPU. Beyond,
    references are shared out among cells around the least noisy of them, and each query looks
    through the cells next to it: time and memory then grow with n^1.5 and n, and a neighbour in
    another cell is missed. Beyond two million references their centres are in cells in turn.
    """
    if resources.gpu is not None or len(queries) * len(references) <= thresholds.exact_pairs:
        return _search(points, queries, references, k, resources)
    from .._kernels import neighbours_in_cells

    centres = cell_centres(points, references, thresholds)
    either = np.zeros(len(points), np.bool_)
    either[queries] = either[references] = True
    rows = np.flatnonzero(either).astype(np.int32)
    count = min(thresholds.cells_searched, len(centres))
    cells = cells_of(points, rows, centres, count, resources, thresholds)
    place = places_of(rows, len(points))
    home, cells = cells[place[references], 0], cells[place[queries]]
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
        resources.threads,
    )
    return index, distance


def cell_centres(
    points: Points, references: KernelRows, thresholds: NeighbourThresholds
) -> KernelRows:
    """References that are centres of cells, ascending: some of the least noisy.

    Noisy points are anywhere, so they are no landmarks; and under the metric they find their way
    to those of their genome.
    """
    by_noise = np.argsort(points.noise[references], kind="stable")
    clear = references[by_noise[: max(1, len(references) // thresholds.clear_share)]]
    cells = max(1, len(references) // thresholds.cell_size)
    return np.sort(clear)[np.linspace(0, len(clear) - 1, cells).astype(np.int64)]


def cells_of(
    points: Points,
    rows: KernelRows,
    centres: KernelRows,
    count: int,
    resources: Resources,
    thresholds: NeighbourThresholds,
) -> KernelRows:
    """Numbers int32 [rows, count] of the nearest centres (ascending), nearest first.

    A centre is in its own cell. If there are more centres than the cells to look through would
    hold, the centres are in cells themselves.
    """
    if len(centres) <= thresholds.cells_searched * thresholds.cell_size:
        index, _ = _search(points, rows, centres, count, resources)
    else:
        index, _ = nearest(points, rows, centres, count, resources, thresholds)
    place = places_of(centres, len(points))
    cells, own = place[index], place[rows]
    centre = np.flatnonzero(own >= 0)
    cells[centre, 1:] = cells[centre, :-1]
    cells[centre, 0] = own[centre]
    return cells


def _search(
    points: Points, queries: KernelRows, references: KernelRows, k: int, resources: Resources
) -> tuple[KernelRows, Floats]:
    """By brute force: on the CPU or, to the same bits, on a GPU."""
    from .. import _kernels

    if resources.gpu is None:
        return _kernels.neighbours(*points.arrays(), queries, references, k, resources.threads)
    try:
        return _kernels.neighbours_on_gpu(*points.arrays(), queries, references, k, resources.gpu)
    except RuntimeError as error:
        raise DeviceError(f"{error}; use --device cpu") from None
