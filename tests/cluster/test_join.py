from __future__ import annotations

import numpy as np
from builders import MARKERS, plain

from llmbin.cluster.join import join_parts
from llmbin.genes.homology import Homology, no_homology
from llmbin.genes.markers import MarkerSet


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
