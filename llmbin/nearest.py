"""Nearest neighbours under the calibrated metric: exact, or among the cells of a coarse partition when there are too many pairs."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .devices import Device
from .errors import DeviceError
from .metric import Points

log = logging.getLogger("llmbin")

EXACT_PAIRS = 15_000_000_000  # some 120,000 contigs against each other, minutes of one core
CELL = 500  # points of a cell, on average
PROBES = 12  # cells that are looked through for the points of one
HELD = 32  # neighbours that are kept of each contig; the most that the GPU's search finds
CHUNK = 8_192

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
        distance = np.where(some, np.take_along_axis(self.distance, place, axis=1), np.inf).astype(np.float32)
        short = np.flatnonzero(~some.all(axis=1)).astype(np.int32)
        if len(short):
            left = self.references[wanted[self.references]]
            index[short], distance[short] = nearest(self.points, short, left, k, self.threads, self.gpu)
        return index, distance

    def within(self) -> tuple[Rows, Distances] | None:
        """Index (among the references) and distance of their neighbours, as a search of theirs alone would find them.

        None if it could find others: where cells were looked through, or the metric's constant, which is that of the least noise, is another.
        """
        p, rows = self.points, self.references
        alike = p.noise[rows].min() == p.noise.min() and bool((p.variance[rows].min(0) == p.variance.min(0)).all())
        if not alike or len(p) * len(rows) > EXACT_PAIRS:
            return None
        index = np.where(self.index[rows] >= 0, np.searchsorted(rows, self.index[rows]), -1).astype(np.int32)
        return index, self.distance[rows]


def find_neighbours(points: Points, references: Rows, threads: int = 1, gpu: int | None = None) -> Neighbours:
    """The nearest of ``references`` (ascending) to all contigs."""
    everyone = np.arange(len(points), dtype=np.int32)
    index, distance = nearest(points, everyone, references, max(1, min(HELD, len(references))), threads, gpu)
    return Neighbours(points, references, index, distance, threads, gpu)


def gpu_for(device: Device) -> int | None:
    """The GPU that searches neighbours, if an encoder is on one and the kernels were built for it (LLMBIN_CUDA)."""
    from . import _kernels

    built = hasattr(_kernels, "cuda_devices") and device.kind != "cpu" and device.index < _kernels.cuda_devices()
    return device.index if built else None


def nearest(
    points: Points, queries: Rows, references: Rows, k: int, threads: int = 1, gpu: int | None = None
) -> tuple[Rows, Distances]:  # fmt: skip
    """Index and distance [queries, k] of the nearest references, nearest first; -1 and inf where there are fewer.

    Exact up to `EXACT_PAIRS` pairs. Beyond, points are shared out among cells around reference points, and the points of a cell look
    through the `PROBES` cells next to it: time and memory then grow with n^1.5 and n, and a neighbour far outside its cell is missed.
    """
    if len(queries) * len(references) <= EXACT_PAIRS:
        return _search(points, queries, references, k, threads, gpu)
    index = np.full((len(queries), k), -1, np.int32)
    distance = np.full((len(queries), k), np.inf, np.float32)
    space = coarse_space(points)
    centres = space[references[np.linspace(0, len(references) - 1, max(1, len(references) // CELL)).astype(np.int64)]]
    of_query, of_reference = closest(space[queries], centres), closest(space[references], centres)
    order = np.argsort(of_reference, kind="stable")
    bounds = np.searchsorted(of_reference[order], np.arange(len(centres) + 1))
    asking = np.argsort(of_query, kind="stable")
    ask_bounds = np.searchsorted(of_query[asking], np.arange(len(centres) + 1))
    for cell in range(len(centres)):
        mine = asking[ask_bounds[cell] : ask_bounds[cell + 1]]
        if not len(mine):
            continue
        near = np.argsort(((centres - centres[cell]) ** 2).sum(1), kind="stable")[:PROBES]
        found = np.sort(np.concatenate([order[bounds[c] : bounds[c + 1]] for c in near]))
        index[mine], distance[mine] = _search(points, queries[mine], references[found], k, threads, gpu)
    return index, distance


def _search(points: Points, queries: Rows, references: Rows, k: int, threads: int, gpu: int | None) -> tuple[Rows, Distances]:
    """By brute force: on the CPU or, to the same bits, on a GPU."""
    from . import _kernels

    if gpu is None:
        return _kernels.neighbours(*points.arrays(), queries, references, k, threads)
    try:
        return _kernels.neighbours_on_gpu(*points.arrays(), queries, references, k, gpu)
    except RuntimeError as error:
        raise DeviceError(f"{error}; use --device cpu") from None


def coarse_space(points: Points) -> Distances:
    """Coordinates float32 [n, dims + samples] whose plain distance is roughly the metric's: each part over its usual noise."""
    parts = [points.vectors / np.sqrt(2 * np.median(points.noise))]
    if points.depth.shape[1]:
        parts.append(points.depth / np.sqrt(2 * np.median(points.variance, axis=0)))
    return np.concatenate(parts, axis=1).astype(np.float32)


def closest(x: Distances, centres: Distances) -> npt.NDArray[np.int64]:
    """Nearest centre of each row, the first of equals."""
    norm = (centres**2).sum(1)
    return np.concatenate(
        [(norm - 2 * (x[i : i + CHUNK] @ centres.T)).argmin(1) for i in range(0, len(x), CHUNK)] or [np.empty(0, np.int64)]
    )
