from __future__ import annotations

import numpy as np
import pytest
from builders import MARKERS, contigs_of, homology_of, plain

from llmbin.cluster.contig_set import ContigSet
from llmbin.cluster.groups import groups_of, same_genome_distance
from llmbin.cluster.join import join_groups, join_nearest, pieces_of
from llmbin.genes.homology import Homology
from llmbin.genes.markers import MarkerSet

NOWHERE = np.full(9, -1, np.int32)


def test_pieces_of_a_genome_are_joined_unless_markers_object() -> None:
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.3, (6, 4)), rng.normal(30, 0.3, (3, 4))]).astype(np.float32)
    points, lengths = plain(x), np.array([200_000] * 5 + [30_000] + [200_000] * 3)
    label = np.array([0, 0, 1, 1, 2, -1, 3, 3, -1], np.int32)
    counts = np.zeros((9, 4), np.int16)
    # Bin 2 holds second copies of the markers of bins 0 and 1.
    counts[[0, 2, 4, 4, 6], [0, 1, 0, 1, 2]] = 1
    contigs = contigs_of(points, lengths, counts)
    joined = join_groups(contigs, label)
    assert joined[0] == joined[1] == joined[2] == joined[3] != joined[4]
    assert joined[5] >= 0
    assert joined[6] == joined[7] == joined[8] == 3
    assert join_groups(contigs, NOWHERE).max() >= 0
    short = contigs_of(points, np.full(9, 1000), counts)
    assert (join_groups(short, NOWHERE) == -1).all()


def joined_islands(
    x: list[list[float]],
    counts: np.ndarray | None,
    markers: MarkerSet = MARKERS,
    size: int = 300_000,
    pairs: Homology | None = None,
) -> list[int]:
    """Labels of two genomes, and of a third group of some size, after joining."""
    lengths, label = np.array([2_000_000, 2_000_000, size]), np.array([0, 1, 2], np.int32)
    contigs = contigs_of(plain(np.array(x)), lengths, counts, markers, pairs)
    return join_groups(contigs, label).tolist()


def test_an_island_goes_to_the_genome_that_stands_out() -> None:
    counts = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 0, 0]], np.int16)
    whole = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 0, 0]], np.int16)
    stays, goes = [0, 1, 2], [0, 1, 0]
    assert joined_islands([[0, 0], [30, 0], [8, 0]], counts) == goes  # D is 64; 484 to the other
    assert joined_islands([[0, 0], [30, 0], [11, 0]], counts) == stays  # 121: too far
    assert joined_islands([[0, 0], [16.5, 0], [8, 0]], counts) == stays  # 64 and 72: which one?
    assert joined_islands([[0, 0], [30, 0], [8, 0]], whole) == stays  # a genome by itself


def test_without_markers_only_what_is_too_small_for_a_genome_is_joined() -> None:
    stays, goes = [0, 1, 2], [0, 1, 0]
    assert joined_islands([[0, 0], [30, 0], [8, 0]], None) == goes
    assert joined_islands([[0, 0], [30, 0], [8, 0]], None, size=500_000) == stays
    assert joined_islands([[0, 0], [30, 0], [11, 0]], None) == stays
    assert joined_islands([[0, 0], [16.5, 0], [8, 0]], None) == stays
    # Two genomes side by side: nothing says that they are one.
    assert joined_islands([[0, 0], [0.1, 0], [30, 0]], None) == stays
    ortholog = homology_of((0, 2, 40_000))
    assert joined_islands([[0, 0], [30, 0], [8, 0]], None, pairs=ortholog) == stays
    points = plain(np.array([[0.0, 0], [30, 0], [8, 0], [8, 0]]))
    loose = contigs_of(points, np.array([2_000_000, 2_000_000, 30_000, 9_000]))
    assert join_groups(loose, np.array([0, 1, -1, -1], np.int32)).tolist() == [0, 1, 0, -1]


def test_a_marker_that_comes_twice_weighs_against_an_island() -> None:
    many = MarkerSet([str(i) for i in range(20)], [1.0] * 20, ["bacteria"], np.ones((1, 20), bool))
    counts = np.zeros((3, 20), np.int16)
    counts[0, :10], counts[1, :18], counts[2, 0] = 1, 1, 1
    near, far = [[0.0, 0], [30, 0], [9.3, 0]], [[0.0, 0], [30, 0], [9.8, 0]]
    assert joined_islands(near, counts, many) == [0, 1, 0]  # D is 86; 94 with the second copy
    assert joined_islands(far, counts, many) == [0, 1, 2]  # 96 and 104


def nearest_joined_plainly(contigs: ContigSet, label: np.ndarray, count: int) -> np.ndarray:
    """`join_nearest` by a table of all pairs, whose smallest number is looked for each time."""
    label, groups = label.copy(), groups_of(contigs.points, label, count)
    assert contigs.evidence.marker_copies is not None
    copies = contigs.evidence.marker_copies.of_groups(label, count)
    pairs = contigs.evidence.homology
    distance = np.full((count, count), np.inf)
    for a in range(count):
        distance[a, a + 1 :] = groups.distance(a, np.arange(a + 1, count))
    while distance.min() <= same_genome_distance(contigs.points):
        a, b = divmod(int(distance.argmin()), count)
        sizes = [int(contigs.lengths[label == group].sum()) for group in (a, b)]
        together, apart = copies.worth([a, b]), copies.worth([a]) + copies.worth([b])
        if together < apart - 1e-9 or pairs.bases(label, a, b) > 0.1 * min(sizes):
            distance[a, b] = np.inf
            continue
        groups.add(b, a)
        copies.counts[a] += copies.counts[b]
        copies.counts[b] = 0
        label[label == b] = a
        distance[b], distance[:, b] = np.inf, np.inf
        for other in sorted(set(label.tolist()) - {a, -1}):
            low, high = min(a, other), max(a, other)
            distance[low, high] = groups.distance(a, np.array([other]))[0]
    return label


@pytest.mark.parametrize("seed", range(6))
def test_the_nearest_are_joined_first_whatever_holds_the_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count, n = 40, 160
    label = rng.integers(-1, count, n).astype(np.int32)
    genome = rng.integers(0, 12, count)
    x = np.round(rng.normal(0, 6, (12, 4))[genome][label] + rng.normal(0, 1, (n, 4)))
    counts = (rng.random((n, 4)) < 0.02).astype(np.int16)
    ends = np.sort(rng.permutation(n)[:40].reshape(-1, 2), axis=1)
    pairs = homology_of(*((int(a), int(b), int(rng.integers(1_000, 90_000))) for a, b in ends))
    contigs = contigs_of(plain(x), np.full(n, 60_000), counts, MARKERS, pairs)
    pieces = pieces_of(contigs, label, count)
    assert pieces.copies is not None
    join_nearest(pieces, pieces.copies)
    want = nearest_joined_plainly(contigs, label, count)
    np.testing.assert_array_equal(pieces.now(label), want)
    assert 3 < len(np.unique(want)) < len(np.unique(label)) - 3
    sizes = np.bincount(want[want >= 0], contigs.lengths[want >= 0], count)
    np.testing.assert_array_equal(pieces.size, sizes)
    for a in pieces.not_empty().tolist():
        for b in pieces.not_empty().tolist():
            if a != b:
                assert pieces.shared.get(a, {}).get(b, 0) == pairs.bases(want, a, b)
