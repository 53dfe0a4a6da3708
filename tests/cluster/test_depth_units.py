from __future__ import annotations

import math

import numpy as np
import pytest

from llmbin.cluster.depth_units import depth_units, in_times, smallest_depths
from llmbin.cluster.log_depths import log_depth_variance
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import DEPTH_NOISE, DEPTH_UNITS
from llmbin.coverage.coverage import SHORT_READ, Coverage, SampleReads, no_coverage
from llmbin.coverage.reads import ReadKind

THRICE = math.log(3)
GENOMES = (0.05, 0.8, 2.0, 5.0, 12.0, 30.0)  # depths in times


def community(
    samples: int = 1, contigs: int = 900, unlike: float = 0.2, seed: int = 0
) -> tuple[Points, np.ndarray, Coverage]:
    """Contigs of some genomes with depths of short reads in times; some look like other genomes."""
    rng = np.random.default_rng(seed)
    genome = rng.integers(0, len(GENOMES), contigs)
    looks = np.where(rng.random(contigs) < unlike, rng.permutation(genome), genome)
    centre = rng.normal(0, 3, (len(GENOMES), 8))
    vectors = (centre[looks] + rng.normal(0, 0.3, (contigs, 8))).astype(np.float32)
    lengths = np.exp(rng.normal(math.log(4_000), 0.8, contigs)).astype(np.int64) + 1_000
    depth = np.array([rng.permutation(GENOMES) for _ in range(samples)]).T[genome]
    uneven = np.exp(rng.normal(0, DEPTH_NOISE.between_contigs, depth.shape))
    reads = rng.poisson(depth * uneven * lengths[:, None] / SHORT_READ)
    mean = reads * SHORT_READ / lengths[:, None]
    no_depth = np.empty((contigs, 0), np.float32)
    points = Points(vectors, np.full(contigs, 0.1, np.float32), no_depth, no_depth, 8.0)
    titles = [f"S{s}" for s in range(samples)]
    return points, lengths, Coverage(titles, mean, np.full_like(mean, np.nan))


@pytest.mark.parametrize("seed", range(3))
def test_depths_in_times_are_left_alone(seed: int) -> None:
    assert (depth_units(*community(2, seed=seed)) == 1).all()


@pytest.mark.parametrize("factor", [1e-12, 1e-6, 0.001, 0.02, 0.1, 50, 3_000, 1e6, 1e12])
def test_the_unit_of_scaled_depths_is_found(factor: float) -> None:
    points, lengths, coverage = community()
    (unit,) = depth_units(points, lengths, in_times(coverage, np.array([factor])))
    assert abs(math.log(unit * factor)) < THRICE


def test_the_same_depths_in_any_unit_are_the_same_depths() -> None:
    points, lengths, coverage = community(2)
    found = []
    # as RPKM, by sample, and as shares of all bases
    for factors in ([0.02, 0.02], [50, 50], [0.01, 300.0], [3e-7, 1e-6]):
        scaled = in_times(coverage, np.array(factors))
        found.append(depth_units(points, lengths, scaled) * factors)
    np.testing.assert_allclose(found[1:], found[:-1], rtol=0.01)


def test_one_wrong_sample_makes_a_table_wrong_and_no_other_table() -> None:
    points, lengths, coverage = community(4)
    files = ["a.tsv", "a.tsv", "b.tsv", "b.tsv"]
    scaled = in_times(coverage, np.array([50.0, 1, 1, 1]))
    units = depth_units(
        points, lengths, Coverage(scaled.samples, scaled.mean, scaled.variance, files=files)
    )
    assert abs(math.log(units[0] * 50)) < THRICE
    assert units[1] != 1 and abs(math.log(units[1])) < THRICE
    assert (units[2:] == 1).all()


def test_a_variance_as_large_as_the_depth_says_that_it_is_in_times() -> None:
    points, lengths, coverage = community(2)
    # Scattered so much that by their spread alone they were of few reads: but their reads are known
    noisy = coverage.mean * np.exp(np.random.default_rng(1).normal(0, 1, coverage.mean.shape))
    nothing = np.full_like(noisy, np.nan)
    assert (depth_units(points, lengths, Coverage(["A", "B"], noisy, nothing)) != 1).any()
    known = Coverage(["A", "B"], noisy, 1.3 * noisy)
    assert (depth_units(points, lengths, known) == 1).all()


@pytest.mark.parametrize("factor", [0.02, 50])
def test_variances_of_scaled_depths_do_not_hide_their_unit(factor: float) -> None:
    points, lengths, coverage = community()
    told = Coverage(["S"], factor * coverage.mean, 1.3 * factor**2 * coverage.mean)
    stale = Coverage(["S"], factor * coverage.mean, 1.3 * coverage.mean)
    for scaled in (told, stale):
        (unit,) = depth_units(points, lengths, scaled)
        assert abs(math.log(unit * factor)) < THRICE


def test_of_counted_reads_the_unit_is_known() -> None:
    points, lengths, coverage = community()
    reads = [SampleReads(1, 1, 1, ReadKind(False, 150, 1.0, 0.97))]
    scaled = Coverage(["S"], 50 * coverage.mean, coverage.variance, reads)
    assert (depth_units(points, lengths, scaled) == 1).all()


def test_what_is_too_little_to_tell_is_left_alone() -> None:
    points, lengths, coverage = community(contigs=900)
    few = np.arange(20)
    scaled = Coverage(["S"], 50 * coverage.mean[few], coverage.variance[few])
    assert (depth_units(points.take(few), lengths[few], scaled) == 1).all()
    assert len(depth_units(points, lengths, no_coverage(900))) == 0
    nothing = Coverage(["S"], 0 * coverage.mean, coverage.variance)
    assert (depth_units(points, lengths, nothing) == 1).all()
    alike = Coverage(["S"], np.full_like(coverage.mean, 7.0), coverage.variance)
    assert (depth_units(points, lengths, alike) == 1).all()
    scaled_all = in_times(coverage, np.array([50.0]))
    short = np.full_like(lengths, DEPTH_UNITS.landmark_length - 1)
    assert (depth_units(points, short, scaled_all) == 1).all()


def test_depths_of_any_size_are_no_error() -> None:
    points, lengths, coverage = community()
    wild = coverage.mean ** np.linspace(0, 9, len(lengths))[:, None]
    far = coverage.mean * np.logspace(-150, 150, len(lengths))[:, None]
    for mean in (wild, far):
        with np.errstate(all="raise", under="ignore"):
            units = depth_units(points, lengths, Coverage(["S"], mean, coverage.mean))
        assert np.isfinite(units).all()


def test_units_do_not_depend_on_the_threads() -> None:
    points, lengths, coverage = community(3)
    scaled = in_times(coverage, np.array([50.0, 50, 50]))
    np.testing.assert_array_equal(
        depth_units(points, lengths, scaled, 1), depth_units(points, lengths, scaled, 4)
    )


@pytest.mark.parametrize("unit", [0.02, 50])
def test_the_smallest_depth_is_a_share_of_a_read_in_any_unit(unit: float) -> None:
    _, lengths, coverage = community()
    scaled = in_times(coverage, np.array([unit]))
    (smallest,) = smallest_depths(scaled, np.array([unit]), lengths)
    assert smallest / unit == pytest.approx(DEPTH_NOISE.smallest_depth, rel=0.5)
    assert smallest_depths(scaled, np.ones(1), lengths) == DEPTH_NOISE.smallest_depth


def test_the_variance_of_a_log_depth_falls_with_reads_and_length() -> None:
    reads, lengths = np.array([0.0, 10.0, 1e9]), np.array([1_000, 1_000, 10**9])
    variance = log_depth_variance(reads, lengths)
    assert (np.diff(variance) < 0).all()
    assert variance[-1] == pytest.approx(DEPTH_NOISE.between_contigs**2, rel=1e-3)
