from __future__ import annotations

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin.genes.markers import load_marker_set
from llmbin.kinds.bins import MOST, BinKind, judged_contigs, kinds_of_bins, with_their_bins
from llmbin.kinds.contigs import (
    ARCHAEON,
    BACTERIUM,
    EUKARYOTE,
    PLASMID,
    UNCLEAR,
    VIRUS,
    ContigKinds,
)

MARKERS = load_marker_set()


def kinds(*of: int) -> ContigKinds:
    return ContigKinds(np.array(of, np.int8), np.ones(len(of)), np.full((len(of), 4), 0.25))


def kind_of(of: list[int], lengths: list[int], markers: list[int] | None = None) -> BinKind:
    features = features_of(random_contigs(np.random.default_rng(1), lengths), markers)
    rows = [np.arange(len(lengths))]
    return kinds_of_bins(features, kinds(*of), rows, MARKERS if markers else None)[0]


@pytest.mark.parametrize(
    ("of", "lengths", "kind"),
    [
        ([BACTERIUM, ARCHAEON, UNCLEAR], [5_000, 1_000, 3_000], BACTERIUM),
        ([EUKARYOTE, BACTERIUM, UNCLEAR], [5_000, 4_000, 9_000], EUKARYOTE),
        ([EUKARYOTE, BACTERIUM], [4_000, 5_000], BACTERIUM),
        ([VIRUS, PLASMID, BACTERIUM], [3_000, 2_000, 4_000], VIRUS),
        ([VIRUS, PLASMID, BACTERIUM], [2_000, 3_000, 4_000], PLASMID),
        ([VIRUS, BACTERIUM], [3_000, 4_000], BACTERIUM),
        ([UNCLEAR, UNCLEAR], [3_000, 4_000], UNCLEAR),
        ([UNCLEAR, VIRUS], [30_000, 4_000], VIRUS),
    ],
)
def test_a_bin_is_what_most_of_its_bases_are(of: list[int], lengths: list[int], kind: int) -> None:
    found = kind_of(of, lengths)
    assert found.kind == kind
    assert found.bases.sum() == sum(lengths)
    assert found.bases[of[0]] >= lengths[0]
    assert found.judged == (kind in (BACTERIUM, ARCHAEON, UNCLEAR))


def test_marker_genes_say_that_a_bin_is_a_cell_and_of_which_domain() -> None:
    half = int(MOST * len(MARKERS.names)) + 40
    assert kind_of([VIRUS, VIRUS], [5_000, 5_000], [half, half]).kind in (BACTERIUM, ARCHAEON)
    few = kind_of([VIRUS, VIRUS], [5_000, 5_000], [2, 2])
    assert few.kind == VIRUS


def test_a_few_families_do_not_outvote_what_contigs_are() -> None:
    assert kind_of([EUKARYOTE, EUKARYOTE], [5_000, 5_000], [8, 8]).kind == EUKARYOTE


def test_all_families_in_little_space_are_of_a_cell_whatever_its_contigs_look_like() -> None:
    every = len(MARKERS.names)
    of, lengths = [EUKARYOTE, EUKARYOTE], [500_000, 400_000]
    found = kind_of(of, lengths, [every, 0])
    assert found.kind in (BACTERIUM, ARCHAEON)
    assert found.judged
    assert found.bases[EUKARYOTE] == sum(lengths)
    assert kind_of(of, lengths, [5, 0]).kind == EUKARYOTE


def test_plasmids_and_viruses_do_not_count_for_a_bins_quality() -> None:
    of = kinds(BACTERIUM, VIRUS, UNCLEAR, PLASMID, VIRUS)
    rows = judged_contigs(of, [np.array([0, 1, 2]), np.array([3, 4])])
    assert [r.tolist() for r in rows] == [[0, 2], [3, 4]]


def test_a_bin_says_what_its_contigs_do_not_say_alone() -> None:
    features = features_of(
        random_contigs(np.random.default_rng(4), [9_000] * 6), [0, 0, 0, 0, 0, 0]
    )
    likely = np.array([[0.7, 0.02, 0.26, 0.02]] * 3 + [[0.97, 0.01, 0.01, 0.01]] * 3)
    one_by_one = ContigKinds(np.zeros(6, np.int8), likely.max(1), likely)
    bins = [np.arange(3), np.arange(3, 6)]
    found, any_bin = with_their_bins(features, one_by_one, bins, MARKERS)
    assert any_bin
    assert found.kind.tolist() == [EUKARYOTE] * 3 + [BACTERIUM] * 3
    features = features_of(
        random_contigs(np.random.default_rng(4), [9_000] * 6), [len(MARKERS.names)] * 6
    )
    found, any_bin = with_their_bins(features, one_by_one, bins, MARKERS)
    assert not any_bin
    assert found.kind.tolist() == [BACTERIUM] * 6


def test_a_lone_contig_is_a_eukaryote_only_if_that_is_very_likely() -> None:
    features = features_of(random_contigs(np.random.default_rng(4), [9_000] * 3))
    likely = np.array([[0.3, 0, 0.7, 0], [0.05, 0, 0.95, 0], [0.3, 0, 0.1, 0.6]])
    one_by_one = ContigKinds(
        np.array([EUKARYOTE, EUKARYOTE, VIRUS], np.int8), likely.max(1), likely
    )
    found, any_bin = with_their_bins(features, one_by_one, [], MARKERS)
    assert not any_bin
    assert found.kind.tolist() == [UNCLEAR, EUKARYOTE, VIRUS]
    # Where a bin is a eukaryote, others are told sooner.
    found, any_bin = with_their_bins(features, one_by_one, [np.array([1])], MARKERS)
    assert any_bin
    assert found.kind.tolist() == [EUKARYOTE, EUKARYOTE, VIRUS]


def test_eukaryotes_and_viruses_are_not_judged() -> None:
    features = features_of(random_contigs(np.random.default_rng(3), [40_000] * 3))
    bins = [np.array([i]) for i in range(3)]
    found = kinds_of_bins(features, kinds(EUKARYOTE, BACTERIUM, VIRUS), bins, MARKERS)
    assert [b.judged for b in found] == [False, True, False]
    assert [b.name for b in found] == ["eukaryote", "bacterium", "virus"]
