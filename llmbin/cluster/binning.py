"""From points to bins: tree, cut, recruitment, and the sizes that count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..genes.homology import Homology, no_homology
from ..genes.markers import MarkerSet
from .cut import cut_by_markers, cut_by_separation, meetings
from .join import join_parts
from .missing import as_in_its_bin
from .neighbours import find_neighbours
from .points import Points
from .recruit import Membership, farthest, recruit
from .relatives import separate_relatives, settle
from .split import split_contaminated
from .tree import build_tree, members

CORE_LENGTH = 2_500  # contigs from here on make the tree
CORE_SHARE = (
    0.4  # of all bases that must be in such contigs; else all of the least length are in the tree
)


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
    homology: Homology | None = None,
    threads: int = 1,
    gpu: int | None = None,
) -> Binning:
    """Bins of contigs; where the depth of some is missing, once without them and once more with that of the bins they went to."""
    rest = (min_length, min_bin_size, counts, markers, homology, threads, gpu)
    found = bin_once(points, lengths, *rest)
    if points.missing is None or not points.missing.any():
        return found
    return bin_once(as_in_its_bin(points, lengths, found.label), lengths, *rest)


def bin_once(
    points: Points,
    lengths: npt.NDArray[np.int64],
    min_length: int,
    min_bin_size: int,
    counts: npt.NDArray[np.int16] | None,
    markers: MarkerSet | None,
    homology: Homology | None,
    threads: int,
    gpu: int | None,
) -> Binning:
    """Cluster long contigs, cut the tree, tell relatives apart, recruit the rest, split what holds two genomes, join what is one, drop what is small."""
    n = len(lengths)
    rows = core_rows(known_lengths(points, lengths, min_length), min_length, CORE_LENGTH)
    if not len(rows):
        return Binning(
            np.full(n, -1, np.int32),
            np.zeros(n),
            np.zeros(n, np.bool_),
            ["no contig is long enough to begin a bin"] * n,
            0,
        )
    if points.missing is not None:  # of a genome, only the contigs with depth are in the tree
        known = int(lengths[~points.missing].sum())
        wanted, min_bin_size = min_bin_size, max(1, min_bin_size * known // int(lengths.sum()))
    else:
        wanted = min_bin_size
    core_points = points.take(rows)
    neighbours = find_neighbours(points, rows.astype(np.int32), threads, gpu)
    tree = build_tree(
        core_points, lengths[rows], threads=threads, gpu=gpu, known=neighbours.within()
    )
    apart = meetings(tree, core_points, min_bin_size)
    separated = cut_by_separation(tree, apart, min_bin_size)
    nodes = (
        cut_by_markers(tree, apart, counts[rows], markers, min_bin_size)
        if counts is not None and markers is not None
        else separated
    )
    core = np.full(n, -1, np.int32)
    for j, node in enumerate(nodes):
        core[rows[members(tree, node)]] = j
    homology = homology or no_homology()
    core = separate_relatives(
        points,
        lengths,
        homology,
        core,
        [rows[members(tree, node)] for node in separated],
        counts,
        markers,
    )
    found = recruit(neighbours, core)
    in_tree = np.isin(np.arange(n), rows)
    label = found.label
    if counts is not None and markers is not None:
        label = split_contaminated(points, lengths, label, counts, markers, min_bin_size)
    label = join_parts(points, lengths, label, counts, markers, homology)
    in_tree |= (label >= 0) & (
        found.label < 0
    )  # pieces that were joined stay, also those whose depth is missing
    if (label != found.label).any():
        found = recruit(neighbours, np.where(in_tree, label, -1).astype(np.int32))
    found = settle(neighbours, lengths, found, in_tree, homology)
    return numbered(found, lengths, wanted, farthest(points))


def bin_samples(
    points: Points, lengths: npt.NDArray[np.int64], samples: Sequence[str], min_length: int, min_bin_size: int,
    counts: npt.NDArray[np.int16] | None = None, markers: MarkerSet | None = None, homology: Homology | None = None,
    threads: int = 1, gpu: int | None = None,
) -> Binning:  # fmt: skip
    """Contigs of several assemblies: each sample's are binned by themselves, with the depths in all samples.

    A genome that was assembled in several samples is a bin in each, so that its markers are not taken for contamination.
    """
    n = len(lengths)
    label = np.full(n, -1, np.int32)
    probability, core, why = np.zeros(n), np.zeros(n, np.bool_), [""] * n
    bins = 0
    for rows in (np.flatnonzero(np.array(samples) == s) for s in dict.fromkeys(samples)):
        part = counts[rows] if counts is not None else None
        pairs = homology.take(rows) if homology is not None else None
        found = bin_contigs(
            points.take(rows),
            lengths[rows],
            min_length,
            min_bin_size,
            part,
            markers,
            pairs,
            threads,
            gpu,
        )
        label[rows] = np.where(found.label >= 0, found.label + bins, -1)
        probability[rows], core[rows] = found.probability, found.core
        for row, reason in zip(rows.tolist(), found.why, strict=True):
            why[row] = reason
        bins += found.bins
    order = by_size(label, lengths, bins)
    number = np.empty(bins, np.int32)
    number[order] = np.arange(bins)
    return Binning(
        np.where(label >= 0, number[label] if bins else -1, -1).astype(np.int32),
        probability,
        core,
        why,
        bins,
    )


def by_size(
    label: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64], clusters: int
) -> npt.NDArray[np.int64]:
    """Cluster numbers, the largest first; of equal ones that with the first contig."""
    held = label >= 0
    size = np.bincount(label[held], weights=lengths[held], minlength=clusters)
    first = np.full(clusters, len(label))
    np.minimum.at(first, label[held], np.flatnonzero(held))
    return np.lexsort((first, -size))


def numbered(
    found: Membership, lengths: npt.NDArray[np.int64], min_bin_size: int, far: float
) -> Binning:
    """Clusters that are large enough become bins, numbered by size; a contig at a squared distance over ``far`` is unlike all of them."""
    label = found.label
    clusters = int(label.max(initial=-1)) + 1
    size = np.bincount(label[label >= 0], weights=lengths[label >= 0], minlength=clusters)
    kept = [int(b) for b in by_size(label, lengths, clusters) if size[b] >= min_bin_size]
    number = {b: i for i, b in enumerate(kept)}
    why = [
        _reason(int(b), number, float(p), bool(d > far), clusters, min_bin_size)
        for b, p, d in zip(label, found.probability, found.distance, strict=True)
    ]
    named = np.array([number.get(int(b), -1) for b in label], np.int32)
    return Binning(named, found.probability, found.core & (named >= 0), why, len(kept))


def core_rows(
    lengths: npt.NDArray[np.int64], min_length: int, wanted: int
) -> npt.NDArray[np.int64]:
    """Contigs that make the tree: those of the wanted length, or of ``min_length`` in an assembly of short contigs."""
    rows = np.flatnonzero(lengths >= max(min_length, wanted))
    return (
        rows
        if lengths[rows].sum() >= CORE_SHARE * lengths.sum()
        else np.flatnonzero(lengths >= min_length)
    )


def known_lengths(
    points: Points, lengths: npt.NDArray[np.int64], min_length: int
) -> npt.NDArray[np.int64]:
    """Lengths for the choice of the tree's contigs, 0 where the depth is missing: such a contig is near to many, and would chain genomes together."""
    if points.missing is None:
        return lengths
    known = np.where(points.missing, 0, lengths)
    return known if (known >= min_length).any() else lengths


def _reason(
    label: int, number: dict[int, int], probability: float, far: bool, found: int, min_bin_size: int
) -> str:
    if label in number:
        return ""
    if label >= 0:
        return f"its bin is smaller than {min_bin_size} bp"
    if not found:
        return "no cluster is large and clean enough to be a bin"
    if far:
        return "unlike every bin"
    return f"no clear home (best bin has probability {probability:.2f})"
