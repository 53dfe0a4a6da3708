"""From points to bins: tree, cut, recruitment, and the sizes that count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .cut import cut_by_markers, cut_by_separation
from .join import join_parts
from .markers import MarkerSet
from .metric import Points
from .recruit import MAX_SQUARED_DISTANCE, recruit
from .refine import split_contaminated
from .tree import build_tree, members

CORE_LENGTH = 2_500  # contigs from here on make the tree
CORE_SHARE = 0.4  # of all bases that must be in such contigs; else all of the least length are in the tree


@dataclass(frozen=True)
class Binning:
    """Bin of each contig int32 [n], numbered from 0 by size (ties: first contig), -1 for none; ``why`` it has none.

    ``probability`` is that of the contig's best bin; ``core`` contigs were in the tree's chosen nodes.
    """

    label: npt.NDArray[np.int32]
    probability: npt.NDArray[np.float64]
    core: npt.NDArray[np.bool_]
    why: list[str]
    bins: int


def bin_contigs(
    points: Points,
    lengths: npt.NDArray[np.int64],
    min_length: int,
    min_bin_size: int,
    counts: npt.NDArray[np.int16] | None = None,
    markers: MarkerSet | None = None,
    threads: int = 1,
) -> Binning:
    """Cluster long contigs, cut the tree, recruit the rest, split what holds two genomes, join what is one, drop what is small."""
    n = len(lengths)
    rows = core_rows(lengths, min_length, CORE_LENGTH)
    core_points = points.take(rows)
    tree = build_tree(core_points, lengths[rows], threads=threads)
    if counts is not None and markers is not None:
        nodes = cut_by_markers(tree, counts[rows], markers, min_bin_size)
    else:
        nodes = cut_by_separation(tree, core_points, min_bin_size)
    core = np.full(n, -1, np.int32)
    for j, node in enumerate(nodes):
        core[rows[members(tree, node)]] = j
    found = recruit(points, core, threads)
    if counts is not None and markers is not None:
        label = split_contaminated(points, lengths, found.label, counts, markers, min_bin_size)
        label = join_parts(points, lengths, label, counts, markers)
        if (label != found.label).any():
            in_tree = np.isin(np.arange(n), rows)
            found = recruit(points, np.where(in_tree, label, -1).astype(np.int32), threads)
    clusters = int(found.label.max(initial=-1)) + 1
    size = np.bincount(found.label[found.label >= 0], weights=lengths[found.label >= 0], minlength=clusters)
    first = np.full(clusters, n)
    np.minimum.at(first, found.label[found.label >= 0], np.flatnonzero(found.label >= 0))
    kept = [int(b) for b in np.lexsort((first, -size)) if size[b] >= min_bin_size]
    number = {b: i for i, b in enumerate(kept)}
    label = np.array([number.get(int(b), -1) for b in found.label], np.int32)
    why = [
        _reason(int(b), number, float(p), bool(d > MAX_SQUARED_DISTANCE), clusters, min_bin_size)
        for b, p, d in zip(found.label, found.probability, found.distance, strict=True)
    ]
    return Binning(label, found.probability, found.core & (label >= 0), why, len(kept))


def core_rows(lengths: npt.NDArray[np.int64], min_length: int, wanted: int) -> npt.NDArray[np.int64]:
    """Contigs that make the tree: those of the wanted length, or of ``min_length`` in an assembly of short contigs."""
    rows = np.flatnonzero(lengths >= max(min_length, wanted))
    return rows if lengths[rows].sum() >= CORE_SHARE * lengths.sum() else np.flatnonzero(lengths >= min_length)


def _reason(label: int, number: dict[int, int], probability: float, far: bool, found: int, min_bin_size: int) -> str:
    if label in number:
        return ""
    if label >= 0:
        return f"its bin is smaller than {min_bin_size} bp"
    if not found:
        return "no cluster is large and clean enough to be a bin"
    if far:
        return "unlike every bin"
    return f"no clear home (best bin has probability {probability:.2f})"
