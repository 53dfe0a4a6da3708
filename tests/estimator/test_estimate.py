from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmbin.estimator.copies import KINDS
from llmbin.estimator.estimate import Estimate, Interval, basis_of, estimate_bins, with_doubt
from llmbin.estimator.network import (
    QUANTILES,
    check_network,
    gelu,
    load_network,
    network_inputs,
)
from llmbin.estimator.traits import BinTraits, ContigTraits, Ruler, bin_traits, n50s
from llmbin.features.profile import Features
from llmbin.genes.counts import MarkerCounts
from llmbin.genes.markers import load_marker_set
from llmbin.genes.matches import Genes
from llmbin.genes.prints import no_prints, prints_of
from llmbin.results.summary import n50

MARKERS = load_marker_set()
FAMILIES = len(MARKERS.names)
SCATTERED = np.arange(FAMILIES, MARKERS.families)
BACTERIA = np.append(np.flatnonzero(MARKERS.used[0]), SCATTERED)


def whole_genes(
    contigs: list[int], families: list[int], proteins: list[str] | None = None
) -> Genes:
    n = len(contigs)
    prints = no_prints(n) if proteins is None else prints_of(proteins)
    ends = np.zeros(n, np.float32), np.ones(n, np.float32)
    return Genes(np.array(contigs, np.int64), np.array(families, np.int16), *ends, prints)


def features_of(lengths: list[int], genes: Genes) -> Features:
    n = len(lengths)
    centre = load_network().ruler.centre
    return Features(
        names=[f"c{i}" for i in range(n)],
        lengths=np.array(lengths, np.int64),
        ungapped=np.array(lengths, np.int64),
        gc=np.full(n, 0.5, np.float32),
        composition=np.tile(centre, (n, 1)),
        frames=np.zeros((n, 52), np.uint32),
        circular=np.zeros(n, np.bool_),
        lm=np.empty((n, 0), np.float32),
        markers=MarkerCounts.of(np.zeros((n, FAMILIES), np.int16)),
        too_short=0,
        short_bases=0,
        encoded_bases=0,
        computed_positions=0,
        genes=genes,
    )


def bins_of(*genes_of_contigs: list[int], length: int = 50_000) -> Features:
    contigs = [i for i, genes in enumerate(genes_of_contigs) for _ in genes]
    families = [f for genes in genes_of_contigs for f in genes]
    return features_of([length] * len(genes_of_contigs), whole_genes(contigs, families))


def spread_over(families: list[int], contigs: int) -> list[list[int]]:
    return [families[k::contigs] for k in range(contigs)]


def test_a_whole_genome_is_complete_and_half_of_it_is_not() -> None:
    families = BACTERIA.tolist()
    features = bins_of(*spread_over(families, 40))
    whole, half = estimate_bins(features, [np.arange(40)], MARKERS)[0], 20
    assert whole.completeness > 0.95
    assert whole.contamination < 0.02
    part = estimate_bins(features, [np.arange(half)], MARKERS)[0]
    assert 0.35 < part.completeness < 0.65


def protein_of(family: int, changed: int = 0) -> str:
    """A protein of a family; of residues one in so many is another."""
    own, other = (np.random.default_rng(1000 * k + family).integers(20, size=250) for k in (0, 1))
    if changed:
        own[::changed] = other[::changed]
    return "".join("ACDEFGHIKLMNPQRSTVWY"[k] for k in own)


def genomes_of(*contigs: list[tuple[int, int]]) -> Features:
    """Contigs of 50 kb, by family and change (see `protein_of`) of their genes."""
    found = [(i, *gene) for i, genes in enumerate(contigs) for gene in genes]
    proteins = [protein_of(family, changed) for _, family, changed in found]
    genes = whole_genes([i for i, _, _ in found], [f for _, f, _ in found], proteins)
    return features_of([50_000] * len(contigs), genes)


def test_two_genomes_are_contaminated() -> None:
    parts = spread_over(BACTERIA.tolist(), 40)
    features = genomes_of(*([(f, changed) for f in part] for changed in (0, 8) for part in parts))
    both = estimate_bins(features, [np.arange(80)], MARKERS)[0]
    assert both.contamination > 0.25
    assert both.completeness > 0.9
    apart = estimate_bins(features, [np.arange(40), np.arange(40, 80)], MARKERS)
    assert all(e.contamination < 0.02 and e.completeness > 0.95 for e in apart)


def test_copies_that_are_alike_are_of_another_genome() -> None:
    parts = spread_over(BACTERIA.tolist(), 40)
    own = [[(f, 0) for f in part] for part in parts]
    twice = BACTERIA[BACTERIA < FAMILIES][::3].tolist()

    def contamination(changed: int) -> float:
        more = [[(f, changed)] for f in twice]
        features = genomes_of(*own, *more)
        rows = [np.arange(len(own) + len(more))]
        return estimate_bins(features, rows, MARKERS)[0].contamination

    lineage, relative = contamination(1), contamination(8)
    assert relative > 1.5 * lineage


def test_estimates_lie_in_their_intervals_and_do_not_depend_on_other_bins() -> None:
    rng = np.random.default_rng(0)
    contigs = [rng.choice(BACTERIA, int(rng.integers(0, 9))).tolist() for _ in range(900)]
    features = bins_of(*contigs)
    bins = np.array_split(rng.permutation(900), 300)
    together = estimate_bins(features, bins, MARKERS)
    for e in together:
        assert 0 <= e.completeness_interval.low <= e.completeness <= e.completeness_interval.high
        assert e.completeness_interval.high <= 1
        low, high = e.contamination_interval.low, e.contamination_interval.high
        assert 0 <= low <= e.contamination <= high <= 1
    assert [estimate_bins(features, [rows], MARKERS)[0] for rows in bins[:20]] == together[:20]


def test_bins_without_markers_say_so() -> None:
    features = bins_of([], [int(BACTERIA[0])], length=900_000)
    none, one = estimate_bins(features, [np.array([0]), np.array([1])], MARKERS)
    assert none.completeness < 0.2
    assert "too few to tell" in none.basis
    assert "too few to tell" in one.basis
    assert estimate_bins(features, [], MARKERS) == []


def test_bins_smaller_than_any_that_was_trained_on_are_not_called_contaminated() -> None:
    lengths = [1, 500, 3_000, 19_000, 40_000]
    features = features_of(lengths, whole_genes([], []))
    found = estimate_bins(features, [np.array([k]) for k in range(len(lengths))], MARKERS)
    assert max(e.contamination for e in found) < 0.05
    assert max(e.completeness for e in found) < 0.1


def test_what_is_large_for_its_markers_may_be_a_eukaryote() -> None:
    once, more = np.ones((1, FAMILIES), np.float32), np.zeros((1, FAMILIES))
    traits = BinTraits(once, more, np.zeros((1, KINDS)), np.zeros((1, 7)))
    assert "eukaryote" in basis_of(traits, 0, 40_000_000, MARKERS)
    assert basis_of(traits, 0, 4_000_000, MARKERS).startswith("98 of 98 marker families of")


def test_markers_that_were_not_looked_for() -> None:
    features = bins_of([1])
    object.__setattr__(features, "genes", None)
    with pytest.raises(ValueError, match="not looked for"):
        estimate_bins(features, [np.array([0])], MARKERS)


def test_what_may_be_a_relatives_counts_for_it() -> None:
    sure = Estimate(0.9, 0.02, Interval(0.8, 0.95), Interval(0.0, 0.05), "all families")
    doubted = with_doubt(sure, 0.25)
    assert doubted.completeness == pytest.approx(0.675)
    assert doubted.contamination == pytest.approx(0.02 * 0.75 + 0.25)
    complete, foreign = doubted.completeness_interval, doubted.contamination_interval
    assert (complete.low, complete.high) == pytest.approx((0.5, 0.95))
    assert (foreign.low, foreign.high) == pytest.approx((0.0, 0.05 * 0.625 + 0.375))
    assert doubted.basis == "all families; 25 % of its bases may be a relative's"
    assert with_doubt(sure, 0.0) is sure and with_doubt(sure, 0.004).basis == "all families"


@given(st.floats(0, 1), *[st.lists(st.floats(0, 1), min_size=3, max_size=3)] * 2)
def test_doubted_estimates_lie_in_their_intervals(
    doubt: float, complete: list[float], foreign: list[float]
) -> None:
    low, middle, high = sorted(complete)
    least, some, most = sorted(foreign)
    now = with_doubt(Estimate(middle, some, Interval(low, high), Interval(least, most), ""), doubt)
    a, b = now.completeness_interval, now.contamination_interval
    assert 0 <= a.low <= now.completeness + 1e-12 and now.completeness <= a.high <= 1
    assert 0 <= b.low <= now.contamination + 1e-12 and now.contamination <= b.high + 1e-12
    assert b.high <= 1


def test_traits_of_bins() -> None:
    ruler = Ruler(np.zeros(2, np.float32), np.eye(2, dtype=np.float32), 1.0, 1000.0)
    lengths = np.array([1000, 3000, 2000, 500], np.int64)
    places = ruler.places(np.array([[0, 0], [0, 4], [1, 1], [9, 9]], np.float32))
    contigs = ContigTraits(lengths, places, whole_genes([0, 1, 1, 3], [0, 0, 1, 1]))
    traits = bin_traits(contigs, ruler, np.array([0, 0, 1, -1]), 2, MARKERS)
    assert traits.once[:, :3].tolist() == [[1, 1, 0], [0, 0, 0]]
    assert traits.more[:, :3].tolist() == [[1, 0, 0], [0, 0, 0]]
    assert traits.alike.tolist() == [[1, 0, 0, 0, 0, 0], [0] * 6]  # nothing is known of these two
    broken, bp, number, n50, mean, far, farther = traits.sizes[0].tolist()
    assert (broken, 10**bp, 10**number, 10**n50) == pytest.approx((0, 4000, 2, 3000))
    # The centre lies at 3; squared distances 9 and 1 of 1 + 1 and 1 + 1 / 3 that are expected.
    assert np.exp(mean) - 1e-3 == pytest.approx((1000 * 9 / 2 + 3000 * 1 / (4 / 3)) / 4000)
    assert (far, farther) == pytest.approx((0.25, 0))


def test_n50_of_several_bins() -> None:
    own, length = np.array([0, 1, 0, 0, 1]), np.array([4.0, 10, 3, 3, 1])
    assert n50s(own, length, 2).tolist() == [3, 10]
    for lengths, half in (([1, 5, 3, 2], 3), ([4, 5, 3, 2], 4), ([5, 3, 2], 5), ([7], 7)):
        assert n50(np.array(lengths)) == half


def test_the_network_that_ships() -> None:
    network = load_network()
    assert len(network.members) >= 2
    inputs, share = network_inputs(
        np.zeros((3, MARKERS.families)),
        np.zeros((3, MARKERS.families)),
        np.zeros((3, KINDS)),
        np.zeros((3, 7)),
        MARKERS.used,
    )
    assert inputs.shape == (3, network.members[0].weights[0].shape[0])
    assert share.shape == (3, 1)
    assert network.members[0](inputs).shape == (3, 2 * len(QUANTILES))
    assert gelu(np.array([-10.0, 0.0, 10.0])).tolist() == pytest.approx([0, 0, 10])


def test_a_network_of_other_inputs_or_without_a_scale_is_refused() -> None:
    network = load_network()
    check_network(network, MARKERS)
    with pytest.raises(ValueError, match="inputs, not"):
        check_network(network, replace(MARKERS, scattered=MARKERS.scattered - 1))
    for broken in (
        replace(network, scale=0 * network.scale),
        replace(network, ruler=replace(network.ruler, noise=0.0)),
    ):
        with pytest.raises(ValueError, match="not above 0"):
            check_network(broken, MARKERS)
