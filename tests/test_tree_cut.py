from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin._kernels import (
    neighbours,
    neighbours_emulated,
    neighbours_in_cells,
    spanning_forest,
    spanning_tree,
)
from llmbin.cluster.binning import bin_contigs
from llmbin.cluster.cut import complement, cut_by_markers, cut_by_separation, meetings
from llmbin.cluster.groups import SAME_GENOME, parts_of
from llmbin.cluster.join import join_parts
from llmbin.cluster.neighbours import find_neighbours, nearest
from llmbin.cluster.points import Points
from llmbin.cluster.recruit import recruit
from llmbin.cluster.tree import Tree, build_tree, core_distance, link, members
from llmbin.genes.homology import Homology, no_homology
from llmbin.genes.markers import MarkerSet, estimate

MARKERS = MarkerSet(
    ["a", "b", "c", "d"],
    [1.0] * 4,
    ["bacteria", "archaea"],
    np.array([[1, 1, 1, 0], [0, 1, 1, 1]], bool),
)


def plain(x: np.ndarray, noise: float = 0.5) -> Points:
    n = len(x)
    return Points(
        np.ascontiguousarray(x, np.float32),
        np.full(n, noise, np.float32),
        np.empty((n, 0), np.float32),
        np.empty((n, 0), np.float32),
        0.0,
    )


def random_tree(rng: np.random.Generator, n: int) -> Tree:
    return build_tree(
        plain(rng.normal(size=(n, 2))), rng.integers(50, 400, n), min_samples=1, core_bases=10**9
    )


def test_tree_equals_hdbscan() -> None:
    import hdbscan

    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(c, 0.3, (40, 5)) for c in (-2, 0, 3)]).astype(np.float32)
    ours = build_tree(plain(x), np.ones(len(x), np.int64), min_samples=5)
    theirs = hdbscan.HDBSCAN(min_cluster_size=30, min_samples=5, algorithm="generic").fit(
        x.astype(np.float64)
    )
    np.testing.assert_allclose(
        ours.distance, np.sort(theirs.single_linkage_tree_.to_numpy()[:, 2]), rtol=1e-4
    )
    assert theirs.labels_.max() == 2
    tops = [node for node in range(120, 239) if 30 <= ours.size[node] <= 45]
    assert {int(theirs.labels_[members(ours, node)].max()) for node in tops} == {0, 1, 2}


def test_a_long_contig_is_company_enough() -> None:
    index = np.array([[1, 2], [0, 2], [1, 0]], np.int32)
    distance = np.array([[0.1, 0.2], [0.1, 0.3], [0.3, 0.4]], np.float32)
    core = core_distance(index, distance, np.array([60_000, 10_000, 30_000]), 50_000)
    np.testing.assert_allclose(core, [0, 0.1, 0.4])


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


def test_link_breaks_ties_by_order() -> None:
    tree = link(
        np.array([2, 0, 1], np.int32),
        np.array([3, 1, 2], np.int32),
        np.ones(3, np.float32),
        np.array([1, 2, 3, 4]),
    )
    assert tree.left.tolist() == [0, 4, 5]
    assert tree.right.tolist() == [1, 2, 3]
    assert tree.size.tolist() == [1, 2, 3, 4, 3, 6, 10]


def disjoint_sets(tree: Tree, nodes: list[int]) -> bool:
    return not any(set(members(tree, a)) & set(members(tree, b)) for a, b in combinations(nodes, 2))


@given(st.integers(1, 7), st.integers(0, 10_000))
@settings(deadline=None, max_examples=80)
def test_the_cut_is_the_best_of_all_cuts(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, n)
    counts = rng.choice(4, (n, 4), p=[0.6, 0.3, 0.07, 0.03]).astype(np.int16)
    least = 150
    apart = rng.choice([-np.inf, SAME_GENOME - 1, SAME_GENOME + 2, SAME_GENOME + 50], n - 1)
    copies = [counts[members(tree, node)].sum(0) for node in range(2 * n - 1)]
    one = [True] * n
    for k, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True)):
        one.append(
            one[a]
            and one[b]
            and apart[k] - complement(copies[a], copies[b], MARKERS) <= SAME_GENOME
        )
    value = {}
    for node in range(2 * n - 1):
        score = estimate(copies[node], MARKERS).worth
        if tree.size[node] >= least and score > 0 and one[node]:
            value[node] = score
    best = 0.0
    for k in range(1, len(value) + 1):
        for nodes in combinations(value, k):
            if disjoint_sets(tree, list(nodes)):
                best = max(best, sum(value[x] for x in nodes))
    chosen = cut_by_markers(tree, apart, counts, MARKERS, least)
    assert disjoint_sets(tree, chosen)
    assert all(x in value for x in chosen)
    assert sum(value[x] for x in chosen) == pytest.approx(best)


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
def test_what_markers_take_off_is_the_chance_that_two_genomes_share_so_few(
    seed: int, total: int
) -> None:
    from scipy.stats import hypergeom

    rng = np.random.default_rng(seed)
    markers = MarkerSet(
        [""] * (total + 1), [1.0] * (total + 1), ["bacteria"], np.array([[True] * total + [False]])
    )
    a, b = (
        np.append(rng.choice(3, total, p=[0.6, 0.3, 0.1]), 1).astype(np.int16) for _ in range(2)
    )  # the last one is not used
    first, second, both = (int(x[:total].sum()) for x in (a > 0, b > 0, (a > 0) & (b > 0)))
    found = complement(a, b, markers)
    if both < first * second / total:
        assert found == pytest.approx(
            -2 * hypergeom.logpmf(both, total, first, second), rel=1e-6, abs=1e-6
        )
    else:
        assert found == 0


@pytest.mark.parametrize(("first", "second", "bins"), [(3, 2, 2), (60, 35, 1), (95, 1, 2)])
def test_parts_far_apart_are_one_bin_only_if_their_markers_complement_each_other(
    first: int, second: int, bins: int
) -> None:
    markers = MarkerSet([""] * 100, [1.0] * 100, ["bacteria"], np.ones((1, 100), bool))
    tree = link(
        np.array([0], np.int32),
        np.array([1], np.int32),
        np.ones(1, np.float32),
        np.array([900_000, 300_000]),
    )
    counts = np.zeros((2, 100), np.int16)
    counts[0, :first], counts[1, first : first + second] = 1, 1
    assert len(cut_by_markers(tree, np.array([SAME_GENOME]), counts, markers, 200_000)) == 1
    assert len(cut_by_markers(tree, np.array([SAME_GENOME + 40]), counts, markers, 200_000)) == bins


@given(st.integers(1, 30), st.integers(0, 10_000), st.sampled_from([0.5, 20.0]))
@settings(deadline=None, max_examples=50)
def test_without_markers_the_cut_is_disjoint_large_and_of_one_genome(
    n: int, seed: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    points = plain(rng.normal(0, spread, size=(n, 2)))
    tree = build_tree(points, rng.integers(50, 400, n), min_samples=1)
    chosen = cut_by_separation(tree, meetings(tree, points, 500), 500)
    assert disjoint_sets(tree, chosen)
    assert all(tree.size[x] >= 500 for x in chosen)
    assert bool(chosen) == (tree.size[-1] >= 500)

    def centre(node: int) -> tuple[np.ndarray, float]:
        rows = members(tree, node)
        return points.vectors[rows].mean(0), 0.5 / len(rows)

    for node in chosen:
        below = [x for x in range(n, node + 1) if set(members(tree, x)) <= set(members(tree, node))]
        for x in below:
            a, b = int(tree.left[x - n]), int(tree.right[x - n])
            if tree.size[a] >= 500 and tree.size[b] >= 500:
                (za, va), (zb, vb) = centre(a), centre(b)
                assert ((za - zb) ** 2).sum() / (va + vb) <= SAME_GENOME * 1.001


def test_parts_are_weighted_means_and_add_up() -> None:
    rng = np.random.default_rng(0)
    noise, variance = (
        rng.uniform(0.1, 2, 6).astype(np.float32),
        rng.uniform(0.1, 2, (6, 2)).astype(np.float32),
    )
    x, c = rng.normal(size=(6, 3)).astype(np.float32), rng.normal(size=(6, 2)).astype(np.float32)
    points = Points(x, noise, c, variance, 3.0, 0.3, 0.2)
    label = np.array([0, 0, 0, 1, 1, -1])
    found = parts_of(points, label, 3).distance(0, np.array([1, 2]))
    want = 0.0
    for values, spread, weights in (
        (x, 0.3, np.repeat(1 / noise[:, None], 3, 1)),
        (c, 0.2, 1 / variance),
    ):
        a, b = (np.average(values[label == k], axis=0, weights=weights[label == k]) for k in (0, 1))
        want += (
            (a - b) ** 2
            / (1 / weights[label == 0].sum(0) + 1 / weights[label == 1].sum(0) + 2 * spread)
        ).sum()
    assert found[0] == pytest.approx(want, rel=1e-5)
    assert found[1] == np.inf


def test_pieces_of_a_genome_are_joined_unless_markers_object() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.3, (6, 4)), rng.normal(30, 0.3, (3, 4))]).astype(np.float32)
    points, lengths = plain(x), np.array([200_000] * 5 + [30_000] + [200_000] * 3)
    label = np.array([0, 0, 1, 1, 2, -1, 3, 3, -1], np.int32)
    counts = np.zeros((9, 4), np.int16)
    counts[[0, 2, 4, 4, 6], [0, 1, 0, 1, 2]] = (
        1  # bin 2 holds second copies of the markers of bins 0 and 1
    )
    joined = join_parts(points, lengths, label, counts, MARKERS, no_homology())
    assert joined[0] == joined[1] == joined[2] == joined[3] != joined[4]
    assert joined[5] >= 0
    assert joined[6] == joined[7] == joined[8] == 3
    assert (
        join_parts(points, lengths, np.full(9, -1, np.int32), counts, MARKERS, no_homology()).max()
        >= 0
    )
    alone = join_parts(
        points, np.full(9, 1000), np.full(9, -1, np.int32), counts, MARKERS, no_homology()
    )
    assert (alone == -1).all()


def test_an_island_goes_to_the_genome_that_stands_out() -> None:
    sizes = [2_000_000, 2_000_000, 300_000]
    counts = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]], np.int16)

    def joined(x: list[list[float]], copies: np.ndarray = counts) -> list[int]:
        return join_parts(
            plain(np.array(x)),
            np.array(sizes),
            np.array([0, 1, 2], np.int32),
            copies,
            MARKERS,
            no_homology(),
        ).tolist()

    assert joined([[0, 0], [30, 0], [8, 0]]) == [0, 1, 0]  # D is 64, and 484 to the other
    assert joined([[0, 0], [30, 0], [11, 0]]) == [0, 1, 2]  # 121: too far for an island
    assert joined([[0, 0], [16.5, 0], [8, 0]]) == [0, 1, 2]  # 64 and 72: which of the two?
    assert joined(
        [[0, 0], [30, 0], [8, 0]], np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]], np.int16)
    ) == [
        0,
        1,
        2,
    ]  # a genome by itself


def test_without_markers_only_what_is_too_small_for_a_genome_is_joined() -> None:
    def joined(
        x: list[list[float]], size: int = 300_000, pairs: Homology | None = None
    ) -> list[int]:
        lengths, label = np.array([2_000_000, 2_000_000, size]), np.array([0, 1, 2], np.int32)
        return join_parts(
            plain(np.array(x)), lengths, label, None, None, pairs or no_homology()
        ).tolist()

    assert joined([[0, 0], [30, 0], [8, 0]]) == [0, 1, 0]
    assert joined([[0, 0], [30, 0], [8, 0]], size=500_000) == [0, 1, 2]
    assert joined([[0, 0], [30, 0], [11, 0]]) == [0, 1, 2]
    assert joined([[0, 0], [16.5, 0], [8, 0]]) == [0, 1, 2]
    assert joined([[0, 0], [0.1, 0], [30, 0]]) == [
        0,
        1,
        2,
    ]  # two genomes side by side: nothing says that they are one
    ortholog = Homology(np.array([0]), np.array([2]), np.array([40_000]))
    assert joined([[0, 0], [30, 0], [8, 0]], pairs=ortholog) == [0, 1, 2]
    loose = join_parts(
        plain(np.array([[0.0, 0], [30, 0], [8, 0], [8, 0]])), np.array([2_000_000, 2_000_000, 30_000, 9_000]), np.array([0, 1, -1, -1], np.int32),
        None, None, no_homology(),
    )  # fmt: skip
    assert loose.tolist() == [0, 1, 0, -1]


def test_a_marker_that_comes_twice_weighs_against_an_island() -> None:
    many = MarkerSet([str(i) for i in range(20)], [1.0] * 20, ["bacteria"], np.ones((1, 20), bool))
    counts = np.zeros((3, 20), np.int16)
    counts[0, :10], counts[1, :18], counts[2, 0] = 1, 1, 1
    points, lengths, label = (
        plain(np.array([[0.0, 0], [30, 0], [9.3, 0]])),
        np.array([2_000_000, 2_000_000, 300_000]),
        np.array([0, 1, 2], np.int32),
    )
    assert join_parts(points, lengths, label, counts, many, no_homology()).tolist() == [
        0,
        1,
        0,
    ]  # D is 86, and 94 with the second copy
    nearer_the_limit = plain(np.array([[0.0, 0], [30, 0], [9.8, 0]]))
    assert join_parts(nearer_the_limit, lengths, label, counts, many, no_homology()).tolist() == [
        0,
        1,
        2,
    ]  # 96 and 104


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


def test_a_graph_of_all_neighbours_gives_the_exact_tree() -> None:
    rng = np.random.default_rng(0)
    points, core = plain(rng.normal(size=(60, 4))), rng.random(60).astype(np.float32)
    rows = np.arange(60, dtype=np.int32)
    index, distance = neighbours(*points.arrays(), rows, rows, 59)
    exact = spanning_tree(*points.arrays(), core)
    graph = spanning_forest(index, distance, core)
    np.testing.assert_allclose(np.sort(graph[2]), np.sort(exact[2]), rtol=1e-6)
    apart = spanning_forest(index[:, :1].copy(), distance[:, :1].copy(), core)
    assert len(apart[0]) == 59
    assert apart[2].max() > 2 * distance[:, 0].max()


@pytest.mark.parametrize("samples", [0, 2])
def test_cells_find_nearly_all_neighbours(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
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
    exact, _ = nearest(points, rows, rows, 5)
    monkeypatch.setattr("llmbin.cluster.neighbours.EXACT_PAIRS", 0)
    monkeypatch.setattr("llmbin.cluster.neighbours.CELL", 50)
    found, distance = nearest(points, rows, rows[::2].copy(), 5)
    assert (found % 2 == 0).all()
    assert (np.diff(distance, axis=1) >= 0).all()
    found, _ = nearest(points, rows, rows, 5)
    assert (
        np.mean(
            [len(set(a) & set(b)) / 5 for a, b in zip(exact.tolist(), found.tolist(), strict=True)]
        )
        > 0.98
    )
    monkeypatch.setattr("llmbin.cluster.tree.EXACT_PAIRS", 0)
    tree = build_tree(points, np.full(2000, 10_000), threads=2)
    assert len(cut_by_separation(tree, meetings(tree, points, 200_000), 200_000)) == 40


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
    found = find_neighbours(points, references)
    k = min(15, int(wanted.sum()))
    for got, want in zip(
        found.among(wanted, k),
        nearest(points, np.arange(n, dtype=np.int32), np.flatnonzero(wanted).astype(np.int32), k),
        strict=True,
    ):
        np.testing.assert_array_equal(got, want)
    within = found.within()
    if within is None:
        assert (
            points.noise[references].min() > points.noise.min()
            or (points.variance[references].min(0) > points.variance.min(0)).any()
        )
    else:
        few, rows = points.take(references), np.arange(len(references), dtype=np.int32)
        for got, want in zip(within, nearest(few, rows, rows, within[0].shape[1]), strict=True):
            np.testing.assert_array_equal(got, want)


def test_recruitment_follows_the_neighbours_and_leaves_doubtful_contigs_out() -> None:
    x = np.concatenate([np.zeros((20, 3)), np.full((20, 3), 10.0), [[0.1, 0, 0], [5, 5, 5]]])
    x[:40] += np.random.default_rng(0).normal(0, 0.1, (40, 3))
    core = np.repeat([0, 1, -1], [20, 20, 2]).astype(np.int32)
    points = plain(x)
    got = recruit(find_neighbours(points, np.arange(len(x), dtype=np.int32)), core)
    assert got.label[:40].tolist() == core[:40].tolist()
    assert got.label[40] == 0
    assert got.probability[40] > 0.99
    assert got.label[41] == -1 or got.probability[41] > 0.7


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
