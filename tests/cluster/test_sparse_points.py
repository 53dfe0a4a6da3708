from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llmbin.cluster.depth_units import depth_units, in_times, smallest_depths
from llmbin.cluster.layout import layout
from llmbin.cluster.missing import missing_depth, without_missing
from llmbin.cluster.placing import make_points
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import LAYOUT
from llmbin.coverage.coverage import Coverage
from llmbin.coverage.sparse import sparse
from llmbin.model.pack import find_pack, load_pack

SAMPLES, EACH = 12, 150


def cohort() -> tuple[np.ndarray, np.ndarray, Coverage]:
    """Vectors, lengths, and depths of contigs of genomes in two samples each, not in times."""
    rng = np.random.default_rng(0)
    genome = np.repeat(np.arange(10), EACH)
    vectors = rng.normal(0, 2, (10, 32))[genome] + rng.normal(0, 0.1, (len(genome), 32))
    lengths = rng.integers(2_000, 20_000, len(genome))
    depth = np.zeros((10, SAMPLES))
    depth[np.arange(10), np.arange(10)] = rng.uniform(0.2, 2, 10)
    depth[np.arange(10), np.arange(10) + 2] = rng.uniform(0.2, 2, 10)
    reads = rng.poisson(depth[genome] * lengths[:, None] / 150)
    reads[rng.random(len(genome)) < 0.1] = 0
    mean = reads * 150 / lengths[:, None]
    names = [f"S{i}" for i in range(SAMPLES)]
    return vectors.astype(np.float32), lengths, Coverage(names, 40 * mean, 40**2 * mean)


def placed(coverage: Coverage) -> tuple[Points, np.ndarray]:
    """As `stages.clustering.place_contigs` does it, with lengths; depths are in another unit."""
    vectors, lengths, _ = cohort()
    projector = load_pack(find_pack("llmbin-edge")).projector
    points = make_points(vectors, lengths, coverage, projector)
    units = depth_units(points, lengths, coverage)
    assert (units != 1).any()
    coverage = in_times(coverage, units)
    smallest = smallest_depths(coverage, units, lengths)
    points = make_points(vectors, lengths, coverage, projector, smallest)
    gone = missing_depth(points, lengths, coverage)
    assert gone.any() and not gone.all()
    return without_missing(points, lengths, gone), lengths


@pytest.mark.parametrize("cells", [1 << 18, 900])
def test_points_of_sparse_depths_are_those_of_the_array(
    cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lengths, coverage = cohort()
    want, _ = placed(coverage)
    monkeypatch.setattr("llmbin.coverage.sparse.CELLS", cells)
    monkeypatch.setattr("llmbin.cluster.arrays.AT_A_TIME", cells)
    held = replace(coverage, mean=sparse(coverage.mean), variance=sparse(coverage.variance))
    found, _ = placed(held)
    assert found.later is not None and found.log_depth.shape == (0, SAMPLES)
    with pytest.raises(ValueError, match="computed when points are taken"):
        found.arrays()
    for rows in (np.arange(len(lengths)), np.arange(5, 300, 7), np.array([3])):
        for name in ("vectors", "noise", "log_depth", "variance", "missing"):
            whole, part = getattr(want.take(rows), name), getattr(found.take(rows), name)
            np.testing.assert_array_equal(part, whole)
            assert part.dtype == whole.dtype
    few = replace(LAYOUT, landmarks=40, rounds=3)
    np.testing.assert_array_equal(layout(found, lengths, 1, few), layout(want, lengths, 1, few))
