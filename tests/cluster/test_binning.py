from __future__ import annotations

import numpy as np
import pytest
from builders import binned, contigs_of, plain

from llmbin.cluster import binning
from llmbin.cluster.binning import bin_assemblies, number_bins, tree_rows
from llmbin.cluster.contig_set import BinLimits, ContigSet
from llmbin.resources import Resources


@pytest.mark.parametrize("samples", [0, 3, 10, 30])
def test_many_samples_leave_no_contig_out(samples: int) -> None:
    from bench.scale import community

    points, lengths, genome = community(3_000, samples, seed=2)
    found = binned(ContigSet(points, lengths))
    inside = found.label >= 0
    assert lengths[inside].sum() > 0.99 * lengths.sum()
    if samples:
        both = set(zip(found.label[inside].tolist(), genome[inside].tolist(), strict=True))
        assert len(both) == found.bins == genome.max() + 1


@pytest.mark.parametrize("n", [1, 2, 10, 50])
@pytest.mark.parametrize("with_markers", [True, False])
def test_few_contigs(n: int, with_markers: bool) -> None:
    rng = np.random.default_rng(n)
    lengths = rng.integers(1500, 9000, n)
    lengths[0] = 300_000
    counts = np.zeros((n, 4), np.int16)
    counts[0] = 1
    points = plain(rng.normal(size=(n, 4)))
    got = binned(contigs_of(points, lengths, counts if with_markers else None))
    assert got.bins == 1
    assert got.label[0] == 0
    assert all((label < 0) == bool(why) for label, why in zip(got.label, got.why, strict=True))
    small = binned(contigs_of(plain(rng.normal(size=(n, 4))), np.full(n, 2000)))
    assert small.bins == 0
    assert all(small.why)


@pytest.mark.parametrize("threads", [1, 3])
def test_each_assembly_is_binned_by_itself_and_bins_are_numbered_by_size(threads: int) -> None:
    lengths = np.array([300_000, 900_000, 500_000, 1_000, 2_000])
    contigs = contigs_of(plain(np.zeros((5, 2))), lengths)
    limits = BinLimits(1_500, 400_000)
    found = bin_assemblies(contigs, ["x", "y", "x", "short", "small"], limits, Resources(threads))
    assert found.label.tolist() == [1, 0, 1, -1, -1]
    assert found.bins == 2
    assert found.core.tolist() == [True, True, True, False, False]
    assert found.why[:3] == ["", "", ""]
    assert found.best.tolist() == [1, 0, 1, -1, -1]
    assert found.why[3] == "no contig is long enough to begin a bin"
    assert found.why[4] == "no cluster is large and clean enough to be a bin"


def test_eukaryotes_are_binned_apart_and_without_markers_if_they_are_enough_for_a_bin() -> None:
    rng = np.random.default_rng(2)
    places, lengths = rng.normal(0, 0.1, (60, 3)), np.full(60, 20_000)
    counts = np.ones((60, 4), np.int16)  # which would tear a bin of many contigs apart
    contigs = contigs_of(plain(places), lengths, counts)
    eukaryote = np.arange(60) % 2 == 0
    limits = BinLimits(1_500, 200_000)
    found = bin_assemblies(contigs, [""] * 60, limits, Resources(), eukaryote)
    of_eukaryote, of_others = (set(found.label[rows].tolist()) for rows in (eukaryote, ~eukaryote))
    assert not (of_eukaryote & of_others) - {-1}
    assert len(of_eukaryote) == 1
    few = np.arange(60) < 3
    alone = bin_assemblies(contigs, [""] * 60, limits, Resources(), few)
    plainly = bin_assemblies(contigs, [""] * 60, limits, Resources())
    assert (alone.label == plainly.label).all()


def test_a_contig_without_a_bin_has_the_one_of_its_neighbours() -> None:
    places = np.concatenate([np.zeros((20, 2)), np.full((20, 2), 9.0), [[4.6, 4.6]]])
    places += np.random.default_rng(1).normal(0, 0.1, places.shape)
    lengths = np.array([20_000] * 40 + [1_400])
    found = binned(contigs_of(plain(places), lengths))
    assert found.label[40] == -1
    assert found.best[40] == found.label[39]
    assert (found.best[:40] == found.label[:40]).all()


def test_of_equal_bins_that_with_the_first_contig_comes_first() -> None:
    label = np.array([3, -1, 1, 3, 0, 1], np.int32)  # nothing is in cluster 2
    numbers, bins = number_bins(label, np.array([5, 9, 4, 1, 2, 2]), 3)
    assert (numbers.tolist(), bins) == ([0, -1, 1, 0, -1, 1], 2)


def test_short_contigs_make_the_tree_where_there_are_no_others() -> None:
    assert tree_rows(np.array([9_000, 2_000, 1_000]), 1_500).tolist() == [0]
    assert tree_rows(np.array([3_000, 2_000, 2_400, 2_400, 1_000]), 1_500).tolist() == [0, 1, 2, 3]


def test_a_large_part_has_as_many_threads_as_is_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    had: dict[int, int] = {}

    def cluster(contigs: ContigSet, limits: BinLimits, resources: Resources) -> None:
        had[len(contigs)] = resources.threads

    monkeypatch.setattr(binning, "cluster_contigs", cluster)
    contigs = contigs_of(plain(np.zeros((100, 2))), np.full(100, 5_000))
    for sizes, threads, want in (
        ((90, 10), 2, [2, 1]),
        ((90, 10), 16, [15, 2]),
        ((100,), 16, [16]),
        ((51, 49), 1, [1, 1]),
        ((40, 33, 27), 2, [1, 1, 1]),
    ):
        had.clear()
        names = [str(k) for k, size in enumerate(sizes) for _ in range(size)]
        bin_assemblies(contigs, names, BinLimits(1_500, 200_000), Resources(threads))
        assert [had[size] for size in sizes] == want
