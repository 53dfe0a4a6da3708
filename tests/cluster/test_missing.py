from __future__ import annotations

import numpy as np
from builders import binned

from llmbin.cluster.contig_set import ContigSet
from llmbin.cluster.missing import missing_depth, without_missing
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import DEPTH_NOISE
from llmbin.coverage.coverage import Coverage


def genomes(
    each: int = 40, count: int = 4, seed: int = 0
) -> tuple[Points, np.ndarray, Coverage, np.ndarray]:
    """Contigs of some genomes: points, lengths, coverage, and the genome of each."""
    rng = np.random.default_rng(seed)
    genome = np.repeat(np.arange(count), each)
    centre = rng.normal(0, 3, (count, 8))
    vectors = (centre[genome] + rng.normal(0, 0.3, (len(genome), 8))).astype(np.float32)
    mean = np.array([5.0, 20.0, 60.0, 11.0])[genome][:, None] * np.exp(
        rng.normal(0, 0.05, (len(genome), 1))
    )
    lengths = rng.integers(5_000, 30_000, len(genome))
    points = Points(
        vectors,
        np.full(len(genome), 0.1, np.float32),
        np.log(mean + 0.05).astype(np.float32),
        np.full((len(genome), 1), 0.02, np.float32),
        8.0,
    )
    return points, lengths, Coverage(["S"], mean, mean), genome


def test_no_depth_among_contigs_that_have_some_is_missing() -> None:
    points, lengths, coverage, genome = genomes()
    gone = np.random.default_rng(1).random(len(genome)) < 0.2
    coverage.mean[gone] = 0
    np.testing.assert_array_equal(missing_depth(points, lengths, coverage), gone)
    coverage.mean[genome == 2] = 0  # a genome that is in no sample
    np.testing.assert_array_equal(missing_depth(points, lengths, coverage), gone & (genome != 2))
    coverage.mean[:] = 0
    assert not missing_depth(points, lengths, coverage).any()
    assert not missing_depth(
        points, lengths, Coverage([], np.empty((len(genome), 0)), np.empty((len(genome), 0)))
    ).any()


def test_contigs_without_depth_go_to_their_genome() -> None:
    points, lengths, coverage, genome = genomes()
    whole = binned(ContigSet(points, lengths), 100_000)
    gone = np.random.default_rng(1).random(len(genome)) < 0.2
    points.log_depth[gone] = np.log(0.05)
    points.variance[gone] = 0.5
    coverage.mean[gone] = 0
    changed = without_missing(points, lengths, missing_depth(points, lengths, coverage))
    assert (changed.variance[gone] == DEPTH_NOISE.unknown).all()
    np.testing.assert_array_equal(changed.log_depth[~gone], points.log_depth[~gone])
    found = binned(ContigSet(changed, lengths), 100_000)
    assert found.bins == whole.bins == 4
    for b in range(4):
        assert len(set(genome[found.label == b])) == 1
    assert (found.label >= 0).mean() > 0.97
    assert found.core[gone].any()  # the second time they are in the tree


def test_a_genome_of_which_much_has_no_depth_is_still_large_enough() -> None:
    points, lengths, coverage, genome = genomes()
    gone = np.random.default_rng(2).random(len(genome)) < 0.5
    coverage.mean[gone] = 0
    changed = without_missing(points, lengths, missing_depth(points, lengths, coverage))
    smallest = int(min(lengths[genome == g].sum() for g in range(4)))
    found = binned(ContigSet(changed, lengths), int(0.9 * smallest))
    assert found.bins == 4
    assert (found.label >= 0).mean() > 0.97
