"""Splitting of contaminated bins: where marker genes come twice, there are two genomes.

Close relatives at like depth can chain together in the tree. Such a bin is taken apart by a mixture
of Gaussians in the calibrated metric (each contig has its own noise), begun from contigs that carry
copies of one marker, and the parts are kept if their quality adds up to more than the bin's.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ..genes.quality import MarkerCopies
from .arrays import Labels, Lengths, each, rows_of_bins
from .centres import WeightedPoints
from .contig_set import ContigSet
from .points import Points
from .repulsion import softmax
from .thresholds import SPLIT


def split_contaminated(
    contigs: ContigSet, label: Labels, min_bin_size: int, threads: int = 1
) -> Labels:
    """Labels with contaminated bins taken apart, if markers are on.

    New bins are numbered behind the old ones. Several ways to split are tried at once, on so many
    threads.
    """
    copies = contigs.evidence.marker_copies
    if copies is None:
        return label
    label = label.copy()
    clusters = int(label.max(initial=-1)) + 1
    waiting = deque(enumerate(rows_of_bins(label, clusters)))
    while waiting:
        b, rows = waiting.popleft()
        if len(rows) < 2 or copies.quality(rows).contamination <= SPLIT.min_contamination:
            continue
        points, lengths = contigs.points.take(rows), contigs.lengths[rows]
        part = best_split(points, lengths, copies.take(rows), min_bin_size, threads)
        if part is None:
            continue
        for k in range(1, int(part.max()) + 1):
            label[rows[part == k]] = clusters
            waiting.append((clusters, rows[part == k]))
            clusters += 1
        waiting.append((b, rows[part == 0]))
    return label


def best_split(
    points: Points, lengths: Lengths, copies: MarkerCopies, min_bin_size: int, threads: int = 1
) -> Labels | None:
    """The split with the highest sum of worths, or None if no split beats the whole."""
    whole = np.zeros(len(lengths), np.int32)
    best, best_worth = None, worth_of_parts(whole, lengths, copies, min_bin_size) + 1e-9
    tried = seed_contigs(lengths, copies)
    parts = each(tried, threads, lambda seeds: gaussian_parts(points, lengths, seeds))
    for seeds, part in zip(tried, parts, strict=True):
        if len(set(part.tolist())) < len(seeds):
            continue
        worth = worth_of_parts(part, lengths, copies, min_bin_size)
        if worth > best_worth:
            best, best_worth = part, worth
    return best


def worth_of_parts(
    part: Labels, lengths: Lengths, copies: MarkerCopies, min_bin_size: int
) -> float:
    """Sum of the worths of parts that are large enough to be bins."""
    parts = (part == k for k in range(int(part.max()) + 1))
    return copies.sum_of_worths(rows for rows in parts if lengths[rows].sum() >= min_bin_size)


def seed_contigs(lengths: Lengths, copies: MarkerCopies) -> list[list[int]]:
    """Contigs to begin from: those that carry the copies of one marker.

    For markers whose copies lie on the longest contigs, and few seeds before many.
    """
    shortest: dict[tuple[int, ...], int] = {}
    for marker in np.flatnonzero(copies.markers.used.any(axis=0)):
        carriers = np.flatnonzero(copies.counts[:, marker] > 0)
        if 2 <= len(carriers) <= SPLIT.most_parts:
            shortest[tuple(carriers.tolist())] = int(lengths[carriers].min())
    ordered = sorted(shortest, key=lambda seeds: (-shortest[seeds], seeds))
    out: list[list[int]] = []
    for parts in range(2, SPLIT.most_parts + 1):
        out += [list(seeds) for seeds in ordered if len(seeds) == parts][: SPLIT.seed_markers]
    return out


def gaussian_parts(points: Points, lengths: Lengths, seeds: list[int]) -> Labels:
    """Most likely part of each contig under Gaussians around part centres.

    By expectation maximisation from the seeds. A contig's squared distance from a centre is over
    its own noise; centres are means weighted by 1 / noise (`mixture.py` says why this is not
    `Mixture`).
    """
    contigs = WeightedPoints(points)
    centres = contigs.at(seeds)
    prior = np.full(len(seeds), 1 / len(seeds))
    share = np.zeros((len(contigs), len(seeds)))
    for _ in range(SPLIT.iterations):
        vectors, log_depth = contigs.squared(centres)
        fresh = softmax(np.log(prior)[None] - 0.5 * (vectors + log_depth))
        if np.abs(fresh - share).max() < SPLIT.settled:
            break
        share = fresh
        centres = contigs.centres(share, share)
        prior = np.maximum(share.T @ lengths / lengths.sum(), 1e-6)
    return np.asarray(share.argmax(1), np.int32)
