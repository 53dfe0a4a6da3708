from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.io.contigs import Contig
from llmbin.model.windows import WindowPlan, batches, padded_length, window_starts

plans = st.builds(
    WindowPlan,
    window=st.sampled_from([256, 512]),
    most=st.integers(1, 5),
    bucket=st.sampled_from([64, 128, 256]),
    seed=st.integers(0, 3),
)


@given(st.integers(1, 5000), st.integers(0, 99), plans)
def test_windows_lie_inside_and_apart(length: int, index: int, plan: WindowPlan) -> None:
    starts = window_starts(length, index, plan)
    assert 1 <= len(starts) <= plan.most
    assert starts == window_starts(length, index, plan)
    for a, b in pairwise(starts):
        assert b >= a + plan.window
    assert starts[0] >= 0
    assert starts[-1] + min(plan.window, length) <= length


@given(st.lists(st.integers(1, 3000), max_size=30), plans, st.integers(1, 3000))
def test_every_window_is_in_exactly_one_batch(
    lengths: list[int], plan: WindowPlan, budget: int
) -> None:
    rng = np.random.default_rng(0)
    contigs = [
        Contig(i, f"c{i}", rng.integers(0, 5, n).astype(np.uint8)) for i, n in enumerate(lengths)
    ]
    seen: list[tuple[int, bytes]] = []
    for batch in batches(contigs, plan, budget):
        assert len(batch.lengths) == 1 or batch.codes.size <= budget
        for codes, n, i in zip(batch.codes, batch.lengths, batch.contigs, strict=True):
            assert padded_length(int(n), plan) == len(codes)
            assert not codes[n:].any()
            seen.append((int(i), codes[:n].tobytes()))
    want = [
        (c.index, c.codes[s : s + plan.window].tobytes())
        for c in contigs
        for s in window_starts(len(c.codes), c.index, plan)
    ]
    assert sorted(seen) == sorted(want)


def test_windows_that_would_lie_in_gaps_are_of_the_contig_without_them() -> None:
    bases = np.random.default_rng(3).integers(0, 4, 5000).astype(np.uint8)
    gap = np.full(60_000, 4, np.uint8)
    gapped = np.concatenate([gap, bases[:1500], gap, bases[1500:], gap[:10]])
    plan = WindowPlan(1024, 4, 256, seed=1)
    want, found = (list(batches([Contig(0, "c", codes)], plan, 8192)) for codes in (bases, gapped))
    assert [b.codes.tolist() for b in found] == [b.codes.tolist() for b in want]


@pytest.mark.parametrize("seed", [0, 1, 7, (1 << 32) - 1, 1 << 32, 1 << 70])
def test_windows_begin_where_numpys_generator_says(seed: int) -> None:
    plan = WindowPlan(1024, 4, 256, seed)
    for index in (0, 1, 2, 1000, 123_456_789):
        rng, length = np.random.default_rng([seed, index]), 10_001 + index
        part = length / 4
        wanted = [
            min(int(i * part + rng.random() * (part - 1024)), length - 1024) for i in range(4)
        ]
        assert window_starts(length, index, plan) == wanted
