"""From contigs to bins: tree, cut, separation, recruitment, and the sizes that count."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..genes.evidence import Evidence
from ..resources import Resources
from .arrays import Labels, Lengths, Mask, Rows, Values, rows_of_bins
from .confidence import confidence
from .contig_set import BinLimits, ContigSet
from .cut import cut_by_distance, cut_by_markers, merge_distances
from .doubt import doubts
from .join import join_groups
from .missing import as_in_its_cluster
from .neighbours import Neighbours, find_neighbours
from .reassign import reassign
from .recruit import Membership, max_squared_distance, recruit
from .relatives import Separated, separate_relatives
from .split import split_contaminated
from .thresholds import TREE_CONTIGS
from .tree import build_tree, place_of_node


@dataclass(frozen=True)
class Binning:
    """Which bin each contig is in, and if it is in none, why.

    Attributes:
        label: int32 [n], numbered from 0 by size (ties: first contig), -1 for none.
        probability: to be of its bin's genome, or of its cluster's that is too small for a bin; in
            no cluster, the share of votes of the best one: float64 [n].
        core: whether it was in the tree's chosen nodes and is in a bin, bool [n].
        why: reason of each contig to be in none; empty if it is in one.
        best: its bin, or that which most of its neighbours are in, int32 [n]; -1 for none.
        doubt: chance to be of a relative of its bin's genome, float64 [n].
        bins: how many there are.
    """

    label: Labels
    probability: Values
    core: Mask
    why: list[str]
    best: Labels
    doubt: Values
    bins: int


def bin_assemblies(
    contigs: ContigSet,
    assemblies: Sequence[str],
    limits: BinLimits,
    resources: Resources,
    eukaryote: Mask | None = None,
) -> Binning:
    """Bins of the contigs of one or more assemblies, each binned by itself.

    A genome that was assembled several times is a bin in each assembly: its markers are not taken
    for contamination. Contigs of each are clustered (`cluster_contigs`); clusters that are large
    enough become bins, and are numbered. An assembly's eukaryotes, if they are enough for a bin,
    are clustered apart and without evidence: the markers are genes of bacteria and archaea, and
    the genes of a eukaryote's families are homologous to each other.

    Args:
        contigs: all of them.
        assemblies: the name of each contig's assembly.
        eukaryote: which contigs are of eukaryotes, bool [n]; None for none of them.
        limits: what is too short for a bin's beginning, and too small for a bin.
        resources: threads, and the GPU that searches neighbours.
    """
    n = len(contigs)
    label, best, clusters = np.full(n, -1, np.int32), np.full(n, -1, np.int32), 0
    probability, core, why = np.zeros(n), np.zeros(n, np.bool_), [""] * n
    doubt = np.zeros(n)
    parts = list(parts_of(contigs.lengths, assemblies, eukaryote, limits.min_bin_size))
    for rows, membership, furthest in clustered(contigs, parts, limits, resources):
        if membership is None:
            reasons = ["no contig is long enough to begin a bin"] * len(rows)
        else:
            label[rows] = np.where(membership.label >= 0, membership.label + clusters, -1)
            used = membership.best < membership.clusters
            best[rows] = np.where((membership.best >= 0) & used, membership.best + clusters, -1)
            probability[rows], core[rows] = membership.probability, membership.core
            doubt[rows] = membership.doubt
            reasons = why_in_no_cluster(membership, furthest)
            clusters += membership.clusters
        for row, reason in zip(rows.tolist(), reasons, strict=True):
            why[row] = reason
    bin_label, bins = number_bins(label, contigs.lengths, limits.min_bin_size, contigs.written)
    for row in np.flatnonzero((label >= 0) & (bin_label < 0)).tolist():
        why[row] = f"its bin is smaller than {limits.min_bin_size} bp"
    bin_of_cluster = np.full(clusters + 1, -1, np.int32)  # the last is that of no cluster, -1
    bin_of_cluster[label] = bin_label
    best = np.where(bin_label >= 0, bin_label, bin_of_cluster[best]).astype(np.int32)
    inside = bin_label >= 0
    doubt[~inside] = 0
    return Binning(bin_label, probability, core & inside, why, best, doubt, bins)


def clustered(
    contigs: ContigSet, parts: Sequence[tuple[Rows, bool]], limits: BinLimits, resources: Resources
) -> Iterator[tuple[Rows, Membership | None, float]]:
    """Rows of each part, their clusters, and the squared distance beyond which one is unlike them.

    In the order of ``parts``, which are rows and whether markers and homology judge them. Small
    parts would not keep many threads busy, so several are clustered at once, each on as many
    threads as is its share of the contigs, rounded up.
    """
    threads = resources.threads if resources.gpu is None else 1
    together = max(1, min(threads, len(parts)))
    whole = sum(len(rows) for rows, _ in parts) if together > 1 else 0

    def cluster(part: tuple[Rows, bool]) -> tuple[Rows, Membership | None, float]:
        rows, judged = part
        some = contigs.take(rows)
        if not judged:
            some = replace(some, evidence=Evidence())
        share = math.ceil(threads * len(rows) / whole) if whole else resources.threads
        membership = cluster_contigs(some, limits, replace(resources, threads=share))
        return rows, membership, max_squared_distance(some.points)

    if together == 1:
        yield from map(cluster, parts)
        return
    with ThreadPoolExecutor(together) as pool:
        yield from pool.map(cluster, parts)


def cluster_contigs(
    contigs: ContigSet, limits: BinLimits, resources: Resources
) -> Membership | None:
    """Clusters of one assembly's contigs; None if no contig is long enough.

    Where the depth of some is missing: first without them in the tree, in which clusters are
    smaller then, and once more with the depth of the clusters that they went to.
    """
    points, lengths = contigs.points, contigs.lengths
    if points.missing is None or not points.missing.any():
        return clusters_once(contigs, limits, resources, {})
    known = int(lengths[~points.missing].sum())
    smaller = max(1, limits.min_bin_size * known // int(lengths.sum()))
    separated: Separated = {}  # most groups have no contig of which the depth is missing
    first = clusters_once(contigs, replace(limits, min_bin_size=smaller), resources, separated)
    if first is None:
        return None
    points = as_in_its_cluster(points, lengths, first.label)
    return clusters_once(replace(contigs, points=points), limits, resources, separated)


def clusters_once(
    contigs: ContigSet, limits: BinLimits, resources: Resources, separated: Separated
) -> Membership | None:
    """Clusters of one assembly's contigs, of any size; None if no contig is long enough.

    Long contigs make a tree, which is cut; relatives are separated; the other contigs are
    recruited; what holds two genomes is split, and what is one is joined; contigs with a homologous
    contig in their neighbourhood are reassigned. How sure relatives are told apart, and how likely
    each contig is right, is asked last. Numbers of clusters may be unused. ``separated``: see
    `separate_relatives`.
    """
    homology, lengths = contigs.evidence.homology, contigs.lengths
    rows = tree_rows(known_lengths(contigs, limits.min_length), limits.min_length)
    if not len(rows):
        return None
    neighbours = find_neighbours(contigs.points, rows.astype(np.int32), resources)
    core_label, groups = cut_tree(contigs, rows, neighbours, limits.min_bin_size)
    core_label = separate_relatives(contigs, core_label, groups, resources.threads, separated)
    membership = recruit(neighbours, core_label)
    label = split_contaminated(contigs, membership.label, limits.min_bin_size, resources.threads)
    label = join_groups(contigs, label)
    # What was joined without having been recruited votes too, also where its depth is missing.
    voting = (label >= 0) & (membership.label < 0)
    voting[rows] = True
    if (label != membership.label).any():
        membership = recruit(neighbours, np.where(voting, label, -1).astype(np.int32))
    membership = reassign(neighbours, lengths, membership, voting, homology)
    doubt = doubts(neighbours, lengths, membership.label, voting, homology)
    membership = replace(membership, doubt=doubt)
    probability = confidence(neighbours, lengths, membership, voting)
    return replace(membership, probability=probability)


def cut_tree(
    contigs: ContigSet,
    rows: npt.NDArray[np.int64],
    neighbours: Neighbours,
    min_bin_size: int,
) -> tuple[Labels, list[npt.NDArray[np.int64]]]:
    """Cut the tree of contigs ``rows`` where genomes are.

    Returns:
        The cluster of each contig, int32 [n], -1 for none; and groups of rows that composition and
        depth alone would take for one genome each.
    """
    points, lengths = contigs.points.take(rows), contigs.lengths[rows]
    tree = build_tree(points, lengths, neighbours.resources, neighbours.within())
    merge_distance = merge_distances(tree, points, min_bin_size)
    by_distance = nodes = cut_by_distance(tree, merge_distance, min_bin_size)
    if (copies := contigs.evidence.marker_copies) is not None:
        nodes = cut_by_markers(tree, merge_distance, copies.take(rows), min_bin_size)
    label = np.full(len(contigs), -1, np.int32)
    label[rows] = place_of_node(tree, nodes)
    groups = rows_of_bins(place_of_node(tree, by_distance), len(by_distance))
    return label, [rows[group] for group in groups]


def tree_rows(lengths: Lengths, min_length: int) -> npt.NDArray[np.int64]:
    """Contigs that make the tree, ascending.

    The long ones; in an assembly of short contigs all of ``min_length`` bases.
    """
    rows = np.flatnonzero(lengths >= max(min_length, TREE_CONTIGS.length))
    if lengths[rows].sum() >= TREE_CONTIGS.least_share * lengths.sum():
        return rows
    return np.flatnonzero(lengths >= min_length)


def known_lengths(contigs: ContigSet, min_length: int) -> Lengths:
    """Lengths for the choice of the tree's contigs, 0 where the depth is missing.

    Such a contig is near to many, and would chain genomes together. But if no other contig is long
    enough, they are as good as any.
    """
    if contigs.points.missing is None:
        return contigs.lengths
    known = np.where(contigs.points.missing, 0, contigs.lengths)
    return known if (known >= min_length).any() else contigs.lengths


def rows_by_assembly(assemblies: Sequence[str]) -> Iterator[npt.NDArray[np.int64]]:
    """Contigs of each assembly, ascending."""
    number = {name: i for i, name in enumerate(dict.fromkeys(assemblies))}
    of = np.fromiter(map(number.__getitem__, assemblies), np.int32, len(assemblies))
    order = np.argsort(of, kind="stable")
    yield from np.split(order, np.cumsum(np.bincount(of))[:-1]) if len(order) else ()


def parts_of(
    lengths: Lengths, assemblies: Sequence[str], eukaryote: Mask | None, min_bin_size: int
) -> Iterator[tuple[Rows, bool]]:
    """Contigs that are binned together, ascending, and whether markers and homology judge them.

    An assembly's eukaryotes are apart if they have ``min_bin_size`` bases or more.
    """
    for rows in rows_by_assembly(assemblies):
        apart = np.zeros(len(rows), np.bool_) if eukaryote is None else eukaryote[rows]
        if not apart.any() or lengths[rows[apart]].sum() < min_bin_size:
            yield rows, True
            continue
        if not apart.all():
            yield rows[~apart], True
        yield rows[apart], False


def number_bins(
    label: Labels, lengths: Lengths, min_bin_size: int, written: Lengths | None = None
) -> tuple[Labels, int]:
    """Bins int32 [n], and how many: clusters that are large enough.

    Numbered by size as ``written`` (None: as the lengths), the largest first; of equal ones that
    with the first contig.
    """
    clusters = int(label.max(initial=-1)) + 1
    inside = label >= 0
    size, shown = (
        np.bincount(label[inside], weights=bases[inside], minlength=clusters)
        for bases in (lengths, lengths if written is None else written)
    )
    first = np.full(clusters, len(label))
    np.minimum.at(first, label[inside], np.flatnonzero(inside))
    order = np.lexsort((first, -shown))
    kept = order[size[order] >= min_bin_size]
    number = np.full(clusters + 1, -1, np.int32)  # the last is that of no cluster, -1
    number[kept] = np.arange(len(kept))
    return number[label], len(kept)


def why_in_no_cluster(membership: Membership, max_squared: float) -> list[str]:
    """Why contigs are in no cluster; empty for those that are in one.

    ``max_squared``: squared distance over which a contig is unlike a cluster.
    """
    unlike_all = membership.squared_distance > max_squared
    any_cluster = membership.clusters > 0

    def reason(label: int, probability: float, unlike: bool) -> str:
        if label >= 0:
            return ""
        if not any_cluster:
            return "no cluster is large and clean enough to be a bin"
        if unlike:
            return "unlike every bin"
        return f"no clear home (best bin has probability {probability:.2f})"

    columns = (membership.label, membership.probability, unlike_all)
    return list(map(reason, *(column.tolist() for column in columns)))
