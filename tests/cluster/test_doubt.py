"""How sure relatives are told apart."""

from __future__ import annotations

import numpy as np
from builders import binned, contigs_of, homology_of, plain
from hypothesis import given
from hypothesis import strategies as st

from llmbin.cluster.doubt import components, doubts
from llmbin.cluster.neighbours import find_neighbours
from llmbin.genes.homology import Homology, no_homology
from llmbin.resources import Resources

# Two clusters of ten contigs; the first six of each line up, and the other four.
LABEL = np.repeat(np.array([0, 1], np.int32), 10)
LENGTHS = np.full(20, 100_000)
LENGTHS[[6, 7, 8, 9, 16, 17, 18, 19]] = 60_000
TWO_COMPONENTS = homology_of(
    *[(i, 10 + i, 20_000) for i in range(10)],
    *[(i, 11 + i, 20_000) for i in range(5)],
    *[(i, 11 + i, 20_000) for i in range(6, 9)],
)
ONE_COMPONENT = homology_of(
    *[(i, 10 + i, 20_000) for i in range(10)], *[(i, 11 + i, 20_000) for i in range(9)]
)


def doubt_of(x: np.ndarray, pairs: Homology, label: np.ndarray = LABEL) -> np.ndarray:
    points, voting = plain(x, 1.0), np.ones(len(x), np.bool_)
    near = find_neighbours(points, np.arange(len(x), dtype=np.int32), Resources())
    return doubts(near, LENGTHS[: len(x)], label, voting, pairs)


def mixed(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, (20, 8))


def test_a_component_that_could_as_well_be_the_other_way_round_is_in_doubt() -> None:
    doubt = doubt_of(mixed(), TWO_COMPONENTS)
    smaller = [6, 7, 8, 9, 16, 17, 18, 19]
    assert (doubt[smaller] > 0.05).all() and (doubt[smaller] < 0.7).all()
    assert (np.delete(doubt, smaller) == 0).all()


def test_what_lines_up_from_end_to_end_is_sure() -> None:
    assert (doubt_of(mixed(), ONE_COMPONENT) == 0).all()


def test_relatives_that_lie_apart_are_sure() -> None:
    apart = mixed() + np.repeat([[0.0], [20.0]], 10, axis=0)
    assert doubt_of(apart, TWO_COMPONENTS).max() < 1e-3


def test_without_homology_nothing_is_known_of_relatives() -> None:
    assert (doubt_of(mixed(), no_homology()) == 0).all()
    repeat = homology_of((0, 10, 500))  # a repeat, and no relatives
    assert (doubt_of(mixed(), repeat) == 0).all()


def test_contigs_without_a_cluster_and_clusters_of_one_contig() -> None:
    label = LABEL.copy()
    label[[0, 10]] = -1
    doubt = doubt_of(mixed(), TWO_COMPONENTS, label)
    assert (doubt[[0, 10]] == 0).all() and np.isfinite(doubt).all()
    alone = np.full(20, -1, np.int32)
    alone[[0, 10]] = [0, 1]
    assert (doubt_of(mixed(), TWO_COMPONENTS, alone) == 0).all()
    assert (doubt_of(mixed(), TWO_COMPONENTS, np.full(20, -1, np.int32)) == 0).all()


def test_doubt_does_not_depend_on_the_order_of_contigs() -> None:
    order = np.random.default_rng(3).permutation(20)
    place = np.argsort(order)
    first, second = place[TWO_COMPONENTS.first], place[TWO_COMPONENTS.second]
    pairs = Homology(
        np.minimum(first, second).astype(np.int32),
        np.maximum(first, second).astype(np.int32),
        TWO_COMPONENTS.length,
    )
    points = plain(mixed()[order], 1.0)
    near = find_neighbours(points, np.arange(20, dtype=np.int32), Resources())
    found = doubts(near, LENGTHS[order], LABEL[order], np.ones(20, np.bool_), pairs)
    np.testing.assert_allclose(found, doubt_of(mixed(), TWO_COMPONENTS)[order], atol=1e-6)


def test_bins_carry_the_doubt_of_their_contigs() -> None:
    contigs = contigs_of(plain(mixed(), 1.0), LENGTHS, pairs=TWO_COMPONENTS)
    doubt = binned(contigs).doubt
    assert 0 < doubt.max() <= 1
    none = binned(contigs, min_bin_size=10_000_000)  # what is in no bin is of no bin's relative
    assert (none.label < 0).all() and (none.doubt == 0).all()


def test_without_voters_there_is_no_doubt() -> None:
    points, nobody = plain(mixed(), 1.0), np.zeros(20, np.bool_)
    near = find_neighbours(points, np.arange(20, dtype=np.int32), Resources())
    assert np.isfinite(doubts(near, LENGTHS, LABEL, nobody, TWO_COMPONENTS)).all()


def test_a_long_chain_is_one_component() -> None:
    order = np.random.default_rng(4).permutation(100_000)
    assert (components(order[:-1], order[1:], len(order)) == 0).all()


@given(
    st.integers(1, 30).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=40),
        )
    )
)
def test_components_are_what_edges_hold_together(graph: tuple[int, list[tuple[int, int]]]) -> None:
    n, edges = graph
    a, b = np.array(edges, np.int64).reshape(-1, 2).T
    expected = list(range(n))
    for _ in range(n):
        for x, y in edges:
            expected[x] = expected[y] = min(expected[x], expected[y])
    assert components(a, b, n).tolist() == expected
