from __future__ import annotations

import numpy as np
import pytest
from builders import MARKERS, plain

from llmbin.cluster.binning import bin_contigs


@pytest.mark.parametrize("samples", [0, 3, 10, 30])
def test_many_samples_leave_no_contig_out(samples: int) -> None:
    from bench.scale import community

    points, lengths, genome = community(3_000, samples, seed=2)
    found = bin_contigs(points, lengths, 1_500, 200_000)
    assert lengths[found.label >= 0].sum() > 0.99 * lengths.sum()
    if samples:
        assert (
            len(
                set(zip(found.label.tolist(), genome.tolist(), strict=True))
                - {(-1, g) for g in range(99)}
            )
            == found.bins
            == genome.max() + 1
        )


@pytest.mark.parametrize("n", [1, 2, 10, 50])
@pytest.mark.parametrize("with_markers", [True, False])
def test_few_contigs(n: int, with_markers: bool) -> None:
    rng = np.random.default_rng(n)
    lengths = rng.integers(1500, 9000, n)
    lengths[0] = 300_000
    counts = np.zeros((n, 4), np.int16)
    counts[0] = 1
    got = bin_contigs(
        plain(rng.normal(size=(n, 4))),
        lengths,
        1500,
        200_000,
        counts if with_markers else None,
        MARKERS if with_markers else None,
    )
    assert got.bins == 1
    assert got.label[0] == 0
    assert all((label < 0) == bool(why) for label, why in zip(got.label, got.why, strict=True))
    small = bin_contigs(plain(rng.normal(size=(n, 4))), np.full(n, 2000), 1500, 200_000)
    assert small.bins == 0
    assert all(small.why)
