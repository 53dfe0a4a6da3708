"""Small points, trees, pairs and markers that tests are made of."""

from __future__ import annotations

from itertools import combinations

import numpy as np

from llmbin.cluster.binning import Binning, bin_assemblies
from llmbin.cluster.contig_set import BinLimits, ContigSet
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import TreeThresholds
from llmbin.cluster.tree import Tree, build_tree, contigs_under
from llmbin.genes.counts import MarkerCounts
from llmbin.genes.evidence import Evidence
from llmbin.genes.homology import Homology, no_homology
from llmbin.genes.markers import MarkerSet
from llmbin.resources import Resources

MARKERS = MarkerSet(
    ["a", "b", "c", "d"],
    [1.0] * 4,
    ["bacteria", "archaea"],
    np.array([[1, 1, 1, 0], [0, 1, 1, 1]], bool),
)


def plain(x: np.ndarray, noise: float = 0.5) -> Points:
    """Contigs at some places, all of one noise, in no sample."""
    n = len(x)
    return Points(
        np.ascontiguousarray(x, np.float32),
        np.full(n, noise, np.float32),
        np.empty((n, 0), np.float32),
        np.empty((n, 0), np.float32),
        0.0,
    )


def contigs_of(
    points: Points,
    lengths: np.ndarray,
    counts: np.ndarray | None = None,
    markers: MarkerSet = MARKERS,
    pairs: Homology | None = None,
) -> ContigSet:
    """Contigs with markers, if there are counts, and pairs, if there are any."""
    homology = pairs if pairs is not None else no_homology()
    marked = (MarkerCounts.of(counts), markers) if counts is not None else (None, None)
    evidence = Evidence(*marked, homology)
    return ContigSet(points, lengths, evidence)


def binned(contigs: ContigSet, min_bin_size: int = 200_000) -> Binning:
    """Bins of one assembly."""
    limits = BinLimits(1_500, min_bin_size)
    return bin_assemblies(contigs, [""] * len(contigs), limits, Resources())


def homology_of(*pairs: tuple[int, int, int]) -> Homology:
    """Pairs, each of two contigs and the bases that they share."""
    return Homology(*np.array(pairs or np.empty((0, 3)), np.int32).reshape(-1, 3).T.copy())


def random_tree(rng: np.random.Generator, n: int) -> Tree:
    points, lengths = plain(rng.normal(size=(n, 2))), rng.integers(50, 400, n)
    thresholds = TreeThresholds(min_samples=1, core_bases=10**9)
    return build_tree(points, lengths, Resources(), thresholds=thresholds)


def disjoint_sets(tree: Tree, nodes: list[int]) -> bool:
    """Whether no contig is under two of the nodes."""
    under = [set(contigs_under(tree, node)) for node in nodes]
    return not any(a & b for a, b in combinations(under, 2))
