"""Splitting of contaminated bins: where marker genes come twice, there are two genomes.

Close relatives at like depth can chain together in the tree. Such a bin is taken apart by a mixture of Gaussians in the
calibrated metric (each contig has its own noise), begun from contigs that carry copies of one marker, and the parts are
kept if their quality adds up to more than the bin's.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..genes.markers import Counts, MarkerSet
from ..genes.quality import estimate
from .points import Points

MIN_CONTAMINATION = 0.2  # one or two false copies among many markers are no second genome
MAX_PARTS = 6
SEED_MARKERS = 8  # how many markers are tried as the beginning of a split
ITERATIONS = 25

Labels = npt.NDArray[np.int32]


def split_contaminated(
    points: Points,
    lengths: npt.NDArray[np.int64],
    label: Labels,
    counts: Counts,
    markers: MarkerSet,
    min_bin_size: int,
) -> Labels:
    """Labels with contaminated bins taken apart; new bins are numbered behind the old ones."""
    label = label.copy()
    waiting = list(range(int(label.max(initial=-1)) + 1))
    while waiting:
        b = waiting.pop(0)
        rows = np.flatnonzero(label == b)
        if (
            len(rows) < 2
            or estimate(counts[rows].sum(0), markers).contamination <= MIN_CONTAMINATION
        ):
            continue
        parts = best_split(points.take(rows), lengths[rows], counts[rows], markers, min_bin_size)
        if parts is None:
            continue
        for part in range(1, int(parts.max()) + 1):
            new = int(label.max()) + 1
            label[rows[parts == part]] = new
            waiting.append(new)
        waiting.append(b)
    return label


def best_split(
    points: Points,
    lengths: npt.NDArray[np.int64],
    counts: Counts,
    markers: MarkerSet,
    min_bin_size: int,
) -> Labels | None:
    """The split with the highest sum of quality, or None if no split beats the whole."""
    best, best_value = (
        None,
        value_of(np.zeros(len(lengths), np.int32), lengths, counts, markers, min_bin_size) + 1e-9,
    )
    for seeds in seed_contigs(lengths, counts, markers):
        parts = mixture(points, lengths, seeds)
        if len(set(parts.tolist())) < len(seeds):
            continue
        value = value_of(parts, lengths, counts, markers, min_bin_size)
        if value > best_value:
            best, best_value = parts, value
    return best


def value_of(
    parts: Labels,
    lengths: npt.NDArray[np.int64],
    counts: Counts,
    markers: MarkerSet,
    min_bin_size: int,
) -> float:
    """Sum of the positive worths of parts that are large enough to be bins."""
    total = 0.0
    for part in range(int(parts.max()) + 1):
        mine = parts == part
        if lengths[mine].sum() >= min_bin_size:
            total += max(0.0, estimate(counts[mine].sum(0), markers).worth)
    return total


def seed_contigs(
    lengths: npt.NDArray[np.int64], counts: Counts, markers: MarkerSet
) -> list[list[int]]:
    """Contigs to begin from: those that carry the copies of one marker, for markers whose copies lie on the longest contigs."""
    used = markers.used.any(axis=0)
    found: dict[tuple[int, ...], int] = {}
    for marker in np.flatnonzero(used):
        carriers = np.flatnonzero(counts[:, marker] > 0)
        if 2 <= len(carriers) <= MAX_PARTS:
            found[tuple(carriers.tolist())] = int(lengths[carriers].min())
    ordered = sorted(found, key=lambda seeds: (-found[seeds], seeds))
    out: list[list[int]] = []
    for parts in range(2, MAX_PARTS + 1):
        out += [list(seeds) for seeds in ordered if len(seeds) == parts][:SEED_MARKERS]
    return out


def mixture(points: Points, lengths: npt.NDArray[np.int64], seeds: list[int]) -> Labels:
    """Most likely part of each contig under Gaussians around part centres, by expectation maximisation from the seeds.

    A contig's squared distance from a centre is over its own noise; centres are means weighted by 1 / noise.
    """
    x, c = points.vectors.astype(np.float64), points.depth.astype(np.float64)
    wx, wc = 1 / points.noise.astype(np.float64)[:, None], 1 / points.variance.astype(np.float64)
    centre, level = x[seeds], c[seeds]
    prior = np.full(len(seeds), 1 / len(seeds))
    share = np.zeros((len(x), len(seeds)))
    for _ in range(ITERATIONS):
        near = ((x[:, None] - centre[None]) ** 2 * wx[:, None]).sum(2) + (
            (c[:, None] - level[None]) ** 2 * wc[:, None]
        ).sum(2)
        logs = np.log(prior)[None] - 0.5 * near
        new = np.exp(logs - logs.max(1, keepdims=True))
        new /= new.sum(1, keepdims=True)
        if np.abs(new - share).max() < 1e-6:
            break
        share = new
        centre = (share.T @ (x * wx)) / np.maximum(share.T @ wx, 1e-12)
        level = (share.T @ (c * wc)) / np.maximum(share.T @ wc, 1e-12)
        prior = np.maximum(share.T @ lengths / lengths.sum(), 1e-6)
    return np.asarray(share.argmax(1), np.int32)
