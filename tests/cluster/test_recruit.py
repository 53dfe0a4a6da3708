from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import plain

from llmbin.cluster.arrays import TOGETHER, share_rows
from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.recruit import recruit
from llmbin.resources import Resources


def test_recruitment_follows_the_neighbours_and_leaves_doubtful_contigs_out() -> None:
    x = np.concatenate([np.zeros((20, 3)), np.full((20, 3), 10.0), [[0.1, 0, 0], [5, 5, 5]]])
    x[:40] += np.random.default_rng(0).normal(0, 0.1, (40, 3))
    core = np.repeat([0, 1, -1], [20, 20, 2]).astype(np.int32)
    points = plain(x)
    got = recruit(find_neighbours(points, np.arange(len(x), dtype=np.int32), Resources()), core)
    assert got.label[:40].tolist() == core[:40].tolist()
    assert got.label[40] == 0
    assert got.probability[40] > 0.99
    assert got.label[41] == -1 or got.probability[41] > 0.7


@pytest.mark.parametrize(("apart", "low", "high"), [(30.0, 0.999, 1.0), (0.0, 0.0, 0.6)])
def test_a_contig_that_is_all_of_its_bin_belongs_there(
    apart: float, low: float, high: float
) -> None:
    """Unless another bin's contig is just like it."""
    vectors = np.array([[0.0, 0], [apart, 0], [100, 100], [100, 101]], np.float32)
    points = replace(plain(vectors, 1.0), effective_dims=2.0)
    near = find_neighbours(points, np.arange(4, dtype=np.int32), Resources())
    found = recruit(near, np.array([0, 1, 2, 2], np.int32))
    assert found.label.tolist() == [0, 1, 2, 2]
    for row in (0, 1):
        assert low <= found.probability[row] <= high
    assert found.probability[2:].min() > 0.9


def test_threads_change_no_bit_of_recruitment() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(2 * TOGETHER + 10, 4))
    points, core = plain(vectors), rng.integers(-1, 5, len(vectors)).astype(np.int32)
    everyone = np.arange(len(vectors), dtype=np.int32)
    one, several = (
        recruit(find_neighbours(points, everyone, Resources(threads)), core) for threads in (1, 3)
    )
    for name, values in vars(one).items():
        np.testing.assert_array_equal(values, getattr(several, name))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("rows", [0, 5, TOGETHER, 3 * TOGETHER + 1])
def test_every_row_is_worked_on_once(rows: int, threads: int) -> None:
    times = np.zeros(rows, np.int64)

    def work(some: slice) -> None:
        times[some] += 1

    share_rows(rows, threads, work)
    assert (times == 1).all()


def test_an_error_in_a_slice_comes_out() -> None:
    def refuse(some: slice) -> None:
        if some.start:
            raise MemoryError

    with pytest.raises(MemoryError):
        share_rows(2 * TOGETHER, 2, refuse)
