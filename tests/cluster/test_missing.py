"""Contigs without depth, and contigs that are all of their bin."""

from __future__ import annotations

import numpy as np
import pytest

from llmbin.cluster.binning import bin_contigs
from llmbin.cluster.missing import missing_depth, without_missing
from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.points import NO_EVIDENCE, Points
from llmbin.cluster.recruit import recruit
from llmbin.depth.coverage import Coverage, SampleReads
from llmbin.depth.reads import ReadKind
from llmbin.model.projector import independent_reads


def genomes(
    each: int = 40, count: int = 4, seed: int = 0
) -> tuple[Points, np.ndarray, Coverage, np.ndarray]:
    """Contigs of genomes that differ in composition and depth: points, lengths, coverage, genome."""
    rng = np.random.default_rng(seed)
    genome = np.repeat(np.arange(count), each)
    centre = rng.normal(0, 3, (count, 8))
    vectors = (centre[genome] + rng.normal(0, 0.3, (len(genome), 8))).astype(np.float32)
    mean = np.array([5.0, 20.0, 60.0, 11.0])[genome][:, None] * np.exp(
        rng.normal(0, 0.05, (len(genome), 1))
    )
    lengths = rng.integers(5_000, 30_000, len(genome))
    points = Points(
        vectors, np.full(len(genome), 0.1, np.float32), np.log(mean + 0.05).astype(np.float32), np.full((len(genome), 1), 0.02, np.float32), 8.0
    )  # fmt: skip
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
    whole = bin_contigs(points, lengths, 1_500, 100_000)
    gone = np.random.default_rng(1).random(len(genome)) < 0.2
    points.depth[gone] = np.log(0.05)
    points.variance[gone] = 0.5
    coverage.mean[gone] = 0
    changed = without_missing(points, lengths, missing_depth(points, lengths, coverage))
    assert (changed.variance[gone] == NO_EVIDENCE).all()
    np.testing.assert_array_equal(changed.depth[~gone], points.depth[~gone])
    found = bin_contigs(changed, lengths, 1_500, 100_000)
    assert found.bins == whole.bins == 4
    for b in range(4):
        assert len(set(genome[found.label == b])) == 1
    assert (found.label >= 0).mean() > 0.97
    assert not found.core[gone].any()


@pytest.mark.parametrize(("apart", "low", "high"), [(30.0, 0.999, 1.0), (0.0, 0.0, 0.6)])
def test_a_contig_that_is_all_of_its_bin_belongs_there(
    apart: float, low: float, high: float
) -> None:
    """Unless another bin's contig is just like it."""
    vectors = np.array([[0.0, 0], [apart, 0], [100, 100], [100, 101]], np.float32)
    points = Points(
        vectors,
        np.full(4, 1.0, np.float32),
        np.empty((4, 0), np.float32),
        np.empty((4, 0), np.float32),
        2.0,
    )
    found = recruit(
        find_neighbours(points, np.arange(4, dtype=np.int32)), np.array([0, 1, 2, 2], np.int32)
    )
    assert found.label.tolist() == [0, 1, 2, 2]
    for row in (0, 1):
        assert low <= found.probability[row] <= high
    assert found.probability[2:].min() > 0.9


def test_the_noise_of_depths_from_long_reads_is_that_of_simulated_ones() -> None:
    rng = np.random.default_rng(0)
    read, depth = 8_000, 10.0
    for n in (3_000, 8_000, 40_000):
        means = []
        for reads in rng.poisson(depth * (n + read) / read, 4_000).tolist():
            starts = rng.random(reads) * (n + read) - read
            means.append(
                np.clip(np.minimum(starts + read, n) - np.maximum(starts, 0), 0, None).sum() / n
            )
        seen = np.var(means) / np.mean(means) ** 2
        coverage = Coverage(
            ["S"],
            np.array([[depth]]),
            np.array([[depth]]),
            [SampleReads(1, 1, ReadKind(True, read, 1.0, 0.97))],
        )
        assert 1 / independent_reads(coverage, np.array([n]))[0, 0] == pytest.approx(seen, rel=0.1)


def test_short_reads_are_as_many_as_ever() -> None:
    coverage = Coverage(
        ["S"],
        np.array([[10.0]]),
        np.array([[10.0]]),
        [SampleReads(1, 1, ReadKind(False, 250, 1.0, 0.97))],
    )
    assert independent_reads(coverage, np.array([3_000]))[0, 0] == 10 * 3_000 / 150
