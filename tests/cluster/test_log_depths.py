from __future__ import annotations

import numpy as np
import pytest

from llmbin.cluster.log_depths import independent_reads
from llmbin.coverage.coverage import Coverage, SampleReads
from llmbin.coverage.reads import ReadKind


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
            [SampleReads(1, 1, 1, ReadKind(True, read, 1.0, 0.97))],
        )
        assert 1 / independent_reads(coverage, np.array([n]))[0, 0] == pytest.approx(seen, rel=0.1)


def test_short_reads_are_as_many_as_ever() -> None:
    coverage = Coverage(
        ["S"],
        np.array([[10.0]]),
        np.array([[10.0]]),
        [SampleReads(1, 1, 1, ReadKind(False, 250, 1.0, 0.97))],
    )
    assert independent_reads(coverage, np.array([3_000]))[0, 0] == 10 * 3_000 / 150
