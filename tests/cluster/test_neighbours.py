from __future__ import annotations

import numpy as np
import pytest
from builders import plain
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin._kernels import (
    neighbours,
    neighbours_emulated,
    neighbours_in_cells,
)
from llmbin.cluster.cut import cut_by_distance, merge_distances
from llmbin.cluster.neighbours import find_neighbours, nearest
from llmbin.cluster.points import Points
from llmbin.cluster.thresholds import NeighbourThresholds
from llmbin.cluster.tree import build_tree
from llmbin.resources import Resources


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 60),
    st.integers(0, 11),
    st.integers(1, 9),
    st.integers(1, 7),
)
@settings(deadline=None, max_examples=60)
def test_the_gpus_code_finds_the_same_neighbours_to_the_bit(
    seed: int, n: int, samples: int, k: int, slices: int
) -> None:
    rng = np.random.default_rng(seed)
    x = np.round(rng.normal(size=(n, 5)), 1).astype(np.float32)  # coarse, for ties
    depth = rng.normal(size=(n, samples)).astype(np.float32)
    points = (
        x,
        rng.uniform(0.1, 3, n).astype(np.float32),
        depth,
        rng.uniform(0.01, 2, (n, samples)).astype(np.float32),
        3.0,
    )
    queries, references = (np.flatnonzero(rng.random(n) < 0.7).astype(np.int32) for _ in range(2))
    index, distance = neighbours(*points, queries, references, k)
    same_index, same_distance = neighbours_emulated(*points, queries, references, k, slices)
    np.testing.assert_array_equal(index, same_index)
    np.testing.assert_array_equal(distance, same_distance)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 80),
    st.integers(0, 2),
    st.integers(1, 12),
    st.integers(1, 3),
)
@settings(deadline=None, max_examples=60)
def test_a_search_of_all_cells_is_exact(
    seed: int, n: int, samples: int, k: int, threads: int
) -> None:
    rng = np.random.default_rng(seed)
    tables = [
        rng.integers(0, 3, (n, 3)),
        rng.integers(1, 3, n),
        rng.normal(size=(n, samples)),
        rng.uniform(0.1, 1, (n, samples)),
    ]
    points = Points(*(t.astype(np.float32) for t in tables), 2.0)
    queries = np.flatnonzero(rng.random(n) < 0.7).astype(np.int32)
    references = rng.permutation(n)[: rng.integers(1, n + 1)].astype(np.int32)
    bounds = np.concatenate(
        [[0], np.sort(rng.integers(0, len(references) + 1, 4)), [len(references)]]
    )
    cells = np.array([rng.permutation(5) for _ in queries], np.int32).reshape(-1, 5)
    found = neighbours_in_cells(*points.arrays(), queries, references, bounds, cells, k, threads)
    for got, want in zip(found, neighbours(*points.arrays(), queries, references, k), strict=True):
        np.testing.assert_array_equal(got, want)
    one = neighbours_in_cells(
        *points.arrays(), queries, references, bounds, cells[:, :1].copy(), k, threads
    )[0]
    home = np.full(n, -1)
    home[references] = np.repeat(np.arange(5), np.diff(bounds))
    assert (home[one] == cells[:, :1])[one >= 0].all()


@pytest.mark.parametrize(
    ("bounds", "cells"),
    [
        ([0, 2, 3], [[2]]),
        ([0, 2], [[0]]),
        ([0, 3, 2, 3], [[0]]),
        ([1, 3], [[0]]),
        ([], [[0]]),
        ([0, 3], [[0], [0]]),
    ],
)
def test_cells_that_cannot_be(bounds: list[int], cells: list[list[int]]) -> None:
    points = plain(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"bounds|cell"):
        neighbours_in_cells(
            *points.arrays(),
            np.zeros(1, np.int32),
            np.arange(3, dtype=np.int32),
            np.array(bounds, np.int64),
            np.array(cells, np.int32),
            1,
        )


@pytest.mark.parametrize(("size", "share"), [(50, 0.98), (12, 0.96)], ids=["cells", "of cells"])
@pytest.mark.parametrize("samples", [0, 2])
def test_cells_find_nearly_all_neighbours(samples: int, size: int, share: float) -> None:
    rng = np.random.default_rng(1)
    centres = rng.normal(0, 4, (40, 8 + samples))
    x = (centres[np.repeat(np.arange(40), 50)] + rng.normal(0, 0.7, (2000, 8 + samples))).astype(
        np.float32
    )
    variance = np.full((2000, samples), 0.5, np.float32)
    points = Points(
        np.ascontiguousarray(x[:, :8]),
        np.full(2000, 0.5, np.float32),
        np.ascontiguousarray(x[:, 8:]),
        variance,
        8.0,
    )
    rows = np.arange(2000, dtype=np.int32)
    exact, _ = nearest(points, rows, rows, 5, Resources())
    in_cells = NeighbourThresholds(exact_pairs=0, cell_size=size)
    found, distance = nearest(points, rows, rows[::2].copy(), 5, Resources(), in_cells)
    assert (found % 2 == 0).all()
    assert (np.diff(distance, axis=1) >= 0).all()
    found, _ = nearest(points, rows, rows, 5, Resources(), in_cells)
    both = zip(exact.tolist(), found.tolist(), strict=True)
    assert np.mean([len(set(a) & set(b)) / 5 for a, b in both]) > share
    tree = build_tree(points, np.full(2000, 10_000), Resources(2), search=in_cells)
    assert len(cut_by_distance(tree, merge_distances(tree, points, 200_000), 200_000)) == 40


@given(st.integers(0, 2**32 - 1), st.integers(2, 90), st.integers(0, 2), st.floats(0.05, 1))
@settings(deadline=None, max_examples=60)
def test_neighbours_that_were_found_once_serve_every_question(
    seed: int, n: int, samples: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    tables = [
        rng.normal(size=(n, 3)),
        rng.uniform(0.1, 1, n),
        rng.normal(size=(n, samples)),
        rng.uniform(0.1, 1, (n, samples)),
    ]
    points = Points(*(t.astype(np.float32) for t in tables), 2.0)
    references = np.flatnonzero(rng.random(n) < 0.8).astype(np.int32)
    wanted = np.isin(np.arange(n), references) & (rng.random(n) < share)
    if not wanted.any():
        return
    found = find_neighbours(points, references, Resources())
    k = min(15, int(wanted.sum()))
    everyone, few = np.arange(n, dtype=np.int32), np.flatnonzero(wanted).astype(np.int32)
    asked = nearest(points, everyone, few, k, Resources())
    for got, want in zip(found.among(wanted, k), asked, strict=True):
        np.testing.assert_array_equal(got, want)
    within = found.within()
    if within is None:
        assert (
            points.noise[references].min() > points.noise.min()
            or (points.variance[references].min(0) > points.variance.min(0)).any()
        )
    else:
        part, rows = points.take(references), np.arange(len(references), dtype=np.int32)
        asked = nearest(part, rows, rows, within[0].shape[1], Resources())
        for got, want in zip(within, asked, strict=True):
            np.testing.assert_array_equal(got, want)
