from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from builders import contigs_of, homology_of, plain

import llmbin.cluster.relatives as relatives_module
from llmbin.cluster.points import Points
from llmbin.cluster.relatives import separate, separate_relatives, two_colours
from llmbin.genes.homology import Homology, no_homology
from llmbin.genes.markers import MarkerSet

MARKERS = MarkerSet(["a", "b", "c", "d"], [1.0] * 4, ["bacteria", "archaea"], np.ones((2, 4), bool))


def relatives(
    rng: np.random.Generator, n: int = 40, apart: float = 1.5, genomes: int = 2
) -> tuple[Points, np.ndarray, np.ndarray, Homology]:
    """Points of some genomes a few noises apart, genome and length of each contig, and pairs.

    Contigs of two genomes that line up are homologous.
    """
    m = genomes * n
    genome = np.repeat(np.arange(genomes), n)
    lengths = rng.integers(3_000, 30_000, m)
    x = rng.normal(0, 1, (m, 6))
    x[np.arange(m), genome] += apart * (genome > 0)
    ends = np.concatenate([np.cumsum(lengths[genome == g]) for g in range(genomes)])
    pairs = []
    for i, j in combinations(range(m), 2):
        shared = min(ends[i], ends[j]) - max(ends[i] - lengths[i], ends[j] - lengths[j])
        if genome[i] != genome[j] and shared > 800:
            pairs.append((i, j, int(0.8 * shared)))
    return plain(x, 1.0), genome, lengths, homology_of(*pairs)


def purity(part: np.ndarray, genome: np.ndarray, lengths: np.ndarray) -> float:
    table = np.zeros((int(part.max()) + 1, int(genome.max()) + 1))
    np.add.at(table, (part, genome), lengths)
    return float(table.max(1).sum() / table.sum())


@pytest.mark.parametrize("seed", range(4))
def test_relatives_that_look_alike_are_told_apart(seed: int) -> None:
    points, genome, lengths, pairs = relatives(np.random.default_rng(seed))
    part = separate(points, lengths, pairs, 0.2)
    assert part.max() == 1 and purity(part, genome, lengths) > 0.97
    assert not separate(points, lengths, no_homology(), 0.2).any()


@pytest.mark.parametrize("seed", range(4))
def test_three_relatives_are_told_apart(seed: int) -> None:
    """A third of the homologous bases is left within the halves at first, as of repeats."""
    points, genome, lengths, pairs = relatives(np.random.default_rng(seed), apart=2.0, genomes=3)
    part = separate(points, lengths, pairs, 0.2)
    assert part.max() == 2 and purity(part, genome, lengths) > 0.97


@pytest.mark.parametrize("seed", range(4))
def test_homology_alone_colours_two_genomes_that_line_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, genome, lengths, pairs = relatives(rng)
    share = two_colours(lengths, pairs)
    begun = share.sum(1) > 0
    assert set(np.unique(share)) == {0, 1} and lengths[begun].sum() > 0.25 * lengths.sum()
    colour = share.argmax(1) ^ int(share[genome == 0, 1].any())
    assert (colour[begun] == genome[begun]).all()
    order = rng.permutation(len(lengths))
    place = np.argsort(order)
    shuffled = Homology(place[pairs.second[::-1]], place[pairs.first[::-1]], pairs.length[::-1])
    again = two_colours(lengths[order], shuffled)
    assert (again == share[order]).all() or (again == share[order, ::-1]).all()


def test_a_colouring_begins_from_the_longest_stretches_of_the_largest_set() -> None:
    lengths = np.array([9_000, 9_000, 9_000, 50_000, 4_000, 700])
    pairs = homology_of((0, 1, 5_000), (1, 2, 4_000), (0, 2, 900), (3, 4, 3_000))
    assert two_colours(lengths, pairs).tolist() == [[0, 0], [0, 0], [0, 0], [1, 0], [0, 1], [0, 0]]
    three = two_colours(np.full(6, 9_000), pairs)[:3]
    assert (three[0] == three[2]).all() and (
        three[0] == 1 - three[1]
    ).all()  # the 900 bp of 0 and 2 come last and close a ring


def test_a_genome_with_some_repeats_stays_whole() -> None:
    points, _, lengths, _ = relatives(np.random.default_rng(1), apart=0)
    repeats = homology_of(*[(i, i + 7, 1200) for i in range(0, 60, 3)])
    assert 2 * repeats.length.sum() < 0.08 * lengths.sum()
    assert not separate(points, lengths, repeats, 0.2).any()
    many = homology_of(
        *[(i, j, 3000) for i, j in combinations(range(0, 72, 6), 2)]
    )  # a family, all of which are alike
    assert 2 * many.length.sum() > 0.2 * lengths.sum()
    assert not separate(points, lengths, many, 0.2).any()


def test_parts_must_be_worth_what_the_bins_were() -> None:
    rng = np.random.default_rng(2)
    points, genome, lengths, pairs = relatives(rng)
    groups = [np.arange(len(points))]
    counts = np.zeros((len(points), 4), np.int16)
    counts[[0, 1, 2, 3, 40, 41, 42, 43], [0, 1, 2, 3] * 2] = 1
    mixed = np.zeros(len(points), np.int32)
    contigs = contigs_of(points, lengths, counts, MARKERS, pairs)
    core = separate_relatives(contigs, mixed, groups)
    assert (
        purity(np.unique(core, return_inverse=True)[1], genome, lengths) > 0.97
        and (mixed == 0).all()
    )
    known = genome.astype(np.int32)
    counts[:] = 0
    counts[[0, 1, 2, 3], [0, 1, 2, 3]] = 1
    odd = known.copy()
    odd[4:30] = 2  # worth the same by markers as the true parts are
    assert (separate_relatives(contigs, odd, [np.arange(30)]) == odd).all()
    assert (separate_relatives(contigs_of(points, lengths), mixed, groups) == mixed).all()


def test_a_group_that_is_as_it_was_is_not_looked_at_again(monkeypatch: pytest.MonkeyPatch) -> None:
    points, _, lengths, pairs = relatives(np.random.default_rng(3))
    sample = np.ones((len(points), 1), np.float32)
    points = replace(points, log_depth=sample, variance=sample)
    contigs, groups = contigs_of(points, lengths, pairs=pairs), [np.arange(len(points))]
    mixed, separated = np.zeros(len(points), np.int32), {}
    core = separate_relatives(contigs, mixed, groups, separated=separated)
    looked = []

    def look(points: Points, *given: object) -> np.ndarray:
        looked.append(points)
        return np.zeros(len(points), np.int32)

    monkeypatch.setattr(relatives_module, "separate", look)
    again = separate_relatives(contigs, mixed, groups, separated=separated)
    assert not looked and (again == core).all() and len(np.unique(core)) == 2
    for name in ("log_depth", "variance"):
        other = getattr(points, name).copy()
        other[5] += 1
        changed = replace(contigs, points=replace(points, **{name: other}))
        assert (separate_relatives(changed, mixed, groups, separated=separated) == mixed).all()
    separate_relatives(contigs, mixed, [np.arange(len(points) - 1)], separated=separated)
    assert len(looked) == 3
