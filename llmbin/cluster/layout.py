"""A map: contigs in a plane, near each other where they are near under the metric.

Some landmarks are laid out by their neighbours as UMAP does it (McInnes et al. 2018, with the
curve 1 / (1 + d^2)); every other contig goes where the landmarks are that it is most like. For
people to look at: nothing is decided by it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..resources import Resources
from .arrays import Floats, KernelRows, Lengths, Rows, Values, row_slices
from .neighbours import nearest
from .points import Points
from .thresholds import LAYOUT, LayoutThresholds

START = (32.0, 20.0)  # width and height of the plane at the beginning: screens are wide
Edges = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Values]  # from, to, weight


def layout(
    points: Points, lengths: Lengths, threads: int, thresholds: LayoutThresholds = LAYOUT
) -> Floats:
    """Places float32 [n, 2] from 0 to 1; the wider direction fills that, the other is centred.

    The same points give the same places, whatever the threads.
    """
    if len(points) < 3:
        return np.full((len(points), 2), 0.5, np.float32)
    rng = np.random.default_rng(1)
    landmarks = choose_landmarks(lengths, thresholds)
    edges = edges_between(*_like(points, landmarks, landmarks, thresholds.neighbours + 1, threads))
    placed = spread(principal_plane(points.take(landmarks)), edges, rng, thresholds)
    everyone = np.arange(len(points), dtype=np.int32)
    number, distance = _like(points, everyone, landmarks, thresholds.like, threads)
    places = among_landmarks(placed, number, distance)
    places += rng.normal(scale=thresholds.scatter, size=places.shape)
    places[landmarks] = placed
    return to_unit_square(places)


def _like(
    points: Points, queries: KernelRows, landmarks: KernelRows, k: int, threads: int
) -> tuple[npt.NDArray[np.int64], Values]:
    """Numbers and distances of the nearest landmarks [queries, up to k]; inf beyond the last."""
    k = min(k, len(landmarks))
    if points.later is None:
        index, distance = nearest(points, queries, landmarks, k, Resources(threads))
    else:
        index, distance = _by_pieces(points, queries, landmarks, k, threads)
    number = np.searchsorted(landmarks, np.maximum(index, 0))
    return number, np.where(index >= 0, distance, np.inf).astype(np.float64)


def _by_pieces(
    points: Points, queries: KernelRows, landmarks: KernelRows, k: int, threads: int
) -> tuple[KernelRows, Floats]:
    """`nearest` of points whose log depths are computed as they are taken."""
    found = []
    needed = np.union1d(landmarks, _least_noisy(points))  # the metric's constant is theirs
    for some in row_slices(len(queries)):
        rows = np.union1d(queries[some], needed)
        asking, among = (
            np.searchsorted(rows, part).astype(np.int32) for part in (queries[some], landmarks)
        )
        index, distance = nearest(points.take(rows), asking, among, k, Resources(threads))
        found.append((np.where(index >= 0, rows[index], -1).astype(np.int32), distance))
    index, distance = (np.concatenate(part) for part in zip(*found, strict=True))
    return index, distance


def _least_noisy(points: Points) -> Rows:
    """Contigs that have the least noise, of the vector or of the depth in a sample."""
    rows = np.array([int(points.noise.argmin())])
    for some in row_slices(len(points)):
        piece = np.arange(some.start, min(some.stop, len(points)))
        rows = np.union1d(rows, piece[points.take(piece).variance.argmin(0)])
    return rows


def choose_landmarks(lengths: Lengths, thresholds: LayoutThresholds) -> KernelRows:
    """Contigs, ascending: the longest, and as many evenly from the others.

    The longest alone would be those of a few genomes that assemble well.
    """
    order = np.argsort(-lengths, kind="stable")
    first, rest = np.split(order, [thresholds.landmarks // 2])
    steps = np.linspace(0, len(rest) - 1, min(len(rest), thresholds.landmarks // 2))
    return np.sort(np.concatenate([first, rest[steps.astype(np.int64)]])).astype(np.int32)


def edges_between(number: npt.NDArray[np.int64], distance: Values) -> Edges:
    """Each landmark's neighbours [m, k], weighted by how much further than the nearest they are."""
    m, k = number.shape
    own = np.repeat(np.arange(m), k)
    other = number.ravel()
    distance = np.where(number == np.arange(m)[:, None], np.inf, distance)
    beyond = distance - distance.min(axis=1, keepdims=True, initial=np.inf)
    finite = np.isfinite(beyond)
    mean = np.where(finite, beyond, 0).sum(1) / np.maximum(finite.sum(1), 1)
    weight = np.exp(-np.where(finite, beyond, np.inf) / np.maximum(mean, 1e-9)[:, None]).ravel()
    some = weight > 0
    return own[some], other[some], weight[some]


def principal_plane(points: Points) -> Values:
    """Where the layout begins, float64 [m, 2]: ranks in two principal components.

    Ranks, since a few genomes unlike all others would leave the rest in a corner.
    """
    depth = points.log_depth / np.sqrt(np.median(points.variance, axis=0))
    vectors = points.vectors / np.sqrt(np.median(points.noise))
    x = np.concatenate([vectors, depth], axis=1).astype(np.float64)
    x -= x.mean(0)
    # Not by BLAS, whose sums depend on its threads.
    _, axes = np.linalg.eigh(np.einsum("ni,nj->ij", x, x))
    axes = axes[:, -2:] * np.where(axes[:, -2:].sum(0) < 0, -1, 1)
    plane = np.einsum("ni,ij->nj", x, axes)[:, ::-1]
    ranks = np.argsort(np.argsort(plane, axis=0, kind="stable"), axis=0, kind="stable")
    return np.asarray((ranks / max(len(x) - 1, 1) - 0.5) * START)


def spread(
    start: Values, edges: Edges, rng: np.random.Generator, thresholds: LayoutThresholds
) -> Values:
    """Places [m, 2]: neighbours attract each other, others repel each other."""
    own, other, weight = edges
    places, m = start.T.copy(), len(start)  # a row an axis
    me = np.repeat(np.arange(m), thresholds.repelled)
    for step in 1 - np.arange(thresholds.rounds) / thresholds.rounds:
        away = places[:, own] - places[:, other]
        pull = away * (-2 * weight / (1 + _squared(away)))
        them = rng.integers(0, m, len(me))
        between = places[:, me] - places[:, them]
        square = _squared(between)
        push = between * (2 / ((0.01 + square) * (1 + square)))
        for axis in (0, 1):
            force = np.bincount(own, pull[axis], m) - np.bincount(other, pull[axis], m)
            force += np.bincount(me, push[axis], m)
            places[axis] += step * np.clip(thresholds.step * force, -4, 4)
    return np.ascontiguousarray(places.T)


def _squared(vectors: Values) -> Values:
    """Squared lengths [any] of vectors in the plane [2, any]."""
    return np.asarray(vectors[0] ** 2 + vectors[1] ** 2)


def among_landmarks(placed: Values, number: npt.NDArray[np.int64], distance: Values) -> Values:
    """Mean place of each contig's nearest landmarks [n, 2], weighted by likelihood.

    Distances are -2 log likelihoods; every contig has one landmark at least.
    """
    weight = np.exp(-(distance - distance[:, :1]) / 2)
    weight /= weight.sum(1, keepdims=True)
    return np.asarray((placed[number] * weight[:, :, None]).sum(1))


def to_unit_square(places: Values) -> Floats:
    """Moved and scaled alike in both directions, so that all lie from 0 to 1."""
    low, high = places.min(0), places.max(0)
    size = max(float((high - low).max()), 1e-9)
    return np.asarray(0.5 + (places - (low + high) / 2) / size, np.float32)
