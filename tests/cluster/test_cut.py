from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from builders import MARKERS, disjoint_sets, plain, random_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin.cluster.cut import complementarity, cut_by_distance, cut_by_markers, merge_distances
from llmbin.cluster.groups import groups_of
from llmbin.cluster.thresholds import GROUPS, TreeThresholds
from llmbin.cluster.tree import build_tree, contigs_under, link
from llmbin.genes.markers import MarkerSet
from llmbin.genes.quality import MarkerCopies, estimate
from llmbin.resources import Resources

SAME_GENOME = GROUPS.same_genome


def taken_off(ours: np.ndarray, theirs: np.ndarray) -> float:
    used = MARKERS.used[MARKERS.domains.index(estimate(ours + theirs, MARKERS).domain)]
    a, b = ours[used] > 0, theirs[used] > 0
    return complementarity(int(a.sum()), int(b.sum()), int((a & b).sum()), int(used.sum()))


@given(st.integers(1, 7), st.integers(0, 10_000))
@settings(deadline=None, max_examples=80)
def test_the_cut_is_the_best_of_all_cuts(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    tree = random_tree(rng, n)
    counts = rng.choice(4, (n, 4), p=[0.6, 0.3, 0.07, 0.03]).astype(np.int16)
    least = 150
    distance = rng.choice([-np.inf, SAME_GENOME - 1, SAME_GENOME + 2, SAME_GENOME + 50], n - 1)
    copies = [counts[contigs_under(tree, node)].sum(0) for node in range(2 * n - 1)]
    one = [True] * n
    for k, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True)):
        one.append(
            one[a] and one[b] and distance[k] - taken_off(copies[a], copies[b]) <= SAME_GENOME
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
    chosen = cut_by_markers(tree, distance, MarkerCopies(counts, MARKERS), least)
    assert disjoint_sets(tree, chosen)
    assert all(x in value for x in chosen)
    assert sum(value[x] for x in chosen) == pytest.approx(best)


def test_groups_that_meet_are_as_far_apart_as_one_by_one() -> None:
    rng = np.random.default_rng(3)
    n = 400
    depth = rng.normal(size=(2, n, 2)).astype(np.float32)
    points = replace(
        plain(rng.normal(0, 3, size=(n, 19))), log_depth=depth[0], variance=np.exp(depth[1])
    )
    tree = random_tree(rng, n)
    found = merge_distances(tree, points, 1_000)
    groups = groups_of(points, np.arange(n), 2 * n - 1)
    for k, (a, b) in enumerate(zip(tree.left.tolist(), tree.right.tolist(), strict=True)):
        if tree.size[a] >= 1_000 and tree.size[b] >= 1_000:
            assert found[k] == groups.distance(a, np.array([b]))[0] - points.samples_allowance
        else:
            assert found[k] == -np.inf
        groups.add(a, n + k)
        groups.add(b, n + k)
    assert np.isfinite(found).sum() > 10


@given(st.integers(0, 2**32 - 1), st.integers(1, 60))
@settings(deadline=None)  # the first call imports scipy
def test_what_markers_take_off_is_the_chance_that_two_genomes_share_so_few(
    seed: int, total: int
) -> None:
    from scipy.stats import hypergeom

    rng = np.random.default_rng(seed)
    a, b = (rng.random(total) < 0.4 for _ in range(2))
    first, second, both = (int(x.sum()) for x in (a, b, a & b))
    found = complementarity(first, second, both, total)
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
    copies = MarkerCopies(counts, markers)
    assert len(cut_by_markers(tree, np.array([SAME_GENOME]), copies, 200_000)) == 1
    assert len(cut_by_markers(tree, np.array([SAME_GENOME + 40]), copies, 200_000)) == bins


@given(st.integers(1, 30), st.integers(0, 10_000), st.sampled_from([0.5, 20.0]))
@settings(deadline=None, max_examples=50)
def test_without_markers_the_cut_is_disjoint_large_and_of_one_genome(
    n: int, seed: int, spread: float
) -> None:
    rng = np.random.default_rng(seed)
    points = plain(rng.normal(0, spread, size=(n, 2)))
    lengths, thresholds = rng.integers(50, 400, n), TreeThresholds(min_samples=1)
    tree = build_tree(points, lengths, Resources(), thresholds=thresholds)
    chosen = cut_by_distance(tree, merge_distances(tree, points, 500), 500)
    assert disjoint_sets(tree, chosen)
    assert all(tree.size[x] >= 500 for x in chosen)
    assert bool(chosen) == (tree.size[-1] >= 500)

    def centre(node: int) -> tuple[np.ndarray, float]:
        rows = contigs_under(tree, node)
        return points.vectors[rows].mean(0), 0.5 / len(rows)

    for node in chosen:
        mine = set(contigs_under(tree, node))
        below = [x for x in range(n, node + 1) if set(contigs_under(tree, x)) <= mine]
        for x in below:
            a, b = int(tree.left[x - n]), int(tree.right[x - n])
            if tree.size[a] >= 500 and tree.size[b] >= 500:
                (za, va), (zb, vb) = centre(a), centre(b)
                assert ((za - zb) ** 2).sum() / (va + vb) <= SAME_GENOME * 1.001
