from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin.features.profile import Features
from llmbin.genes.counts import MarkerCounts
from llmbin.genes.markers import load_marker_set
from llmbin.kinds.bins import (
    MOST,
    BinKind,
    are_eukaryotes,
    in_doubt,
    judged_contigs,
    kinds_of_bins,
    likelier_eukaryotes,
    with_their_bins,
)
from llmbin.kinds.contigs import (
    ARCHAEON,
    BACTERIUM,
    EUKARYOTE,
    PLASMID,
    SURE,
    UNCLEAR,
    VERY_LIKELY,
    VIRUS,
    ContigKinds,
)

MARKERS = load_marker_set()


def kinds(*of: int) -> ContigKinds:
    n = len(of)
    likely, least = np.full((n, 4), 0.25), np.full(n, SURE)
    return ContigKinds(np.array(of, np.int8), np.ones(n), likely, least)


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


def features_with(markers: list[int], length: int = 9_000) -> Features:
    lengths = [length] * len(markers)
    return features_of(random_contigs(np.random.default_rng(4), lengths), markers)


def called(of: list[int], likely: list[list[float]]) -> ContigKinds:
    chances = np.array(likely)
    return ContigKinds(np.array(of, np.int8), chances.max(1), chances, np.full(len(of), SURE))


def test_a_bin_says_what_its_contigs_do_not_say_alone() -> None:
    likely = [[0.7, 0.02, 0.26, 0.02]] * 3 + [[0.97, 0.01, 0.01, 0.01]] * 3
    one_by_one = called([BACTERIUM] * 6, likely)
    bins = [np.arange(3), np.arange(3, 6)]
    features = features_with([0] * 6)
    assert are_eukaryotes(features, one_by_one, bins, MARKERS).tolist() == [True, False]
    found = with_their_bins(features, one_by_one, bins, MARKERS)
    assert found.kind.tolist() == [EUKARYOTE] * 3 + [BACTERIUM] * 3
    features = features_with([len(MARKERS.names)] * 6)
    assert not are_eukaryotes(features, one_by_one, bins, MARKERS).any()
    found = with_their_bins(features, one_by_one, bins, MARKERS)
    assert EUKARYOTE not in found.kind


@pytest.mark.parametrize(
    ("families", "alone", "eukaryote"),
    [(10, 0.98, True), (20, 0.98, False), (10, 0.3, False), (4, 0.3, True)],
)
def test_a_eukaryote_may_have_some_marker_families_if_it_is_clear_but_not_many_for_its_size(
    families: int, alone: float, eukaryote: bool
) -> None:
    one_by_one = called([EUKARYOTE] * 2, [[0.99 - alone, 0.01, alone, 0]] * 2)
    features = features_with([families, 0], 150_000)
    found = are_eukaryotes(features, one_by_one, [np.arange(2)], MARKERS)
    assert found.tolist() == [eukaryote]


def test_a_lone_contig_is_a_eukaryote_only_if_that_is_very_likely() -> None:
    features = features_of(random_contigs(np.random.default_rng(4), [9_000] * 2))
    one_by_one = called([EUKARYOTE] * 2, [[0.3, 0, 0.7, 0], [0.05, 0, 0.95, 0]])
    found = with_their_bins(features, one_by_one, [], MARKERS)
    assert found.kind.tolist() == [UNCLEAR, EUKARYOTE]
    # Where a bin is a eukaryote, others are told sooner.
    found = with_their_bins(features, one_by_one, [np.array([1])], MARKERS)
    assert found.kind.tolist() == [EUKARYOTE, EUKARYOTE]


def test_in_a_genomes_bin_cells_are_of_its_domain_and_viruses_are_very_likely_ones() -> None:
    likely = [[0.9, 0.1, 0, 0], [0.3, 0.1, 0, 0.6], [0.01, 0, 0.01, 0.98], [0.4, 0.2, 0.4, 0]]
    one_by_one = called([BACTERIUM, VIRUS, VIRUS, UNCLEAR], likely)
    archaeal = MARKERS.used[list(MARKERS.domains).index("archaea")]
    features = features_with([0] * 4)
    counts = np.zeros((4, len(MARKERS.names)), np.int16)
    counts[0] = archaeal
    features = replace(features, markers=MarkerCounts.of(counts))
    found = with_their_bins(features, one_by_one, [np.arange(4)], MARKERS)
    assert found.kind.tolist() == [ARCHAEON, ARCHAEON, VIRUS, UNCLEAR]
    # What has no families of a domain settles nothing.
    found = with_their_bins(features_with([0] * 4), one_by_one, [np.arange(4)], MARKERS)
    assert found.kind.tolist() == one_by_one.kind.tolist()


def test_what_may_be_a_virus_is_of_its_bin_whether_it_was_called_one_or_not() -> None:
    likely = [[0.9, 0.1, 0, 0], [0.3, 0.1, 0, 0.6], [0.01, 0, 0.01, 0.98], [0.6, 0, 0, 0.4]]
    one_by_one = called([BACTERIUM, UNCLEAR, VIRUS, UNCLEAR], likely)
    features = features_with([len(MARKERS.names), 0, 0, 0])
    found = with_their_bins(features, one_by_one, [np.arange(4)], MARKERS)
    domain = found.kind[0]
    assert domain in (BACTERIUM, ARCHAEON)
    assert found.kind.tolist() == [domain, domain, VIRUS, UNCLEAR]


def test_in_a_eukaryotes_bin_what_is_not_very_likely_a_virus_is_of_it() -> None:
    likely = [[0.01, 0, 0.99, 0]] * 3 + [
        [0.1, 0, 0.3, 0.6],
        [0.01, 0, 0.01, 0.98],
        [0.04, 0, 0, 0.96],
    ]
    one_by_one = called([EUKARYOTE] * 3 + [VIRUS] * 3, likely)
    found = with_their_bins(features_with([0] * 6), one_by_one, [np.arange(6)], MARKERS)
    assert found.kind.tolist() == [EUKARYOTE] * 4 + [VIRUS, EUKARYOTE]


def test_lone_contigs_without_a_family_are_viruses_if_that_is_very_likely() -> None:
    chance, cell = [0.3, 0, 0, 0.7], [0.99, 0.01, 0, 0]
    likely = [chance, chance, [0.01, 0, 0, 0.99], *[cell] * 20]
    one_by_one = called([UNCLEAR, VIRUS, VIRUS, *[BACTERIUM] * 20], likely)
    least = np.array([VERY_LIKELY, SURE, *[VERY_LIKELY] * 21])
    one_by_one = replace(one_by_one, least=least)
    found = with_their_bins(features_with([0] * 23, 2_000), one_by_one, [], MARKERS)
    assert found.kind[:4].tolist() == [UNCLEAR, VIRUS, VIRUS, BACTERIUM]


def test_many_lone_contigs_that_look_like_viruses_make_the_others_likelier_ones() -> None:
    perhaps = [0.6, 0, 0, 0.4]
    clear, cell = [0.01, 0, 0, 0.99], [0.99, 0, 0, 0.01]
    for others, kind in ((clear, VIRUS), (cell, BACTERIUM)):
        kinds = [VIRUS if others is clear else BACTERIUM] * 60
        one_by_one = called([BACTERIUM, EUKARYOTE, *kinds], [perhaps, [0, 0, 1, 0], *[others] * 60])
        found = with_their_bins(features_with([0] * 62, 2_000), one_by_one, [], MARKERS)
        assert found.kind.tolist() == [kind, EUKARYOTE, *kinds]
    # In bins they are what they look like alone.
    one_by_one = called([BACTERIUM, *[VIRUS] * 60], [perhaps, *[clear] * 60])
    features, bins = features_with([0] * 61, 2_000), [np.array([0])]
    assert with_their_bins(features, one_by_one, bins, MARKERS).kind[0] == BACTERIUM


def test_contigs_in_doubt_are_what_is_likelier_with_their_neighbours() -> None:
    likely = [[0.7, 0, 0.3, 0], [0.99, 0, 0.01, 0], [0.01, 0, 0.99, 0], [0.3, 0, 0.3, 0.4]]
    one_by_one = called([BACTERIUM, BACTERIUM, EUKARYOTE, VIRUS], likely)
    assert in_doubt(one_by_one, np.full(4, 2_000)).tolist() == [True, False, False, False]
    assert not in_doubt(one_by_one, np.full(4, 900)).any()
    chances = np.repeat(one_by_one.likely[:1], 3, axis=0)
    shares = np.array([0.03, 0.5, 0.97])
    assert likelier_eukaryotes(chances, shares).tolist() == [False, True, True]
    assert not likelier_eukaryotes(one_by_one.likely[1:2], np.array([0.5]))[0]


def test_gaps_say_nothing_of_a_bins_kind() -> None:
    features = features_of(random_contigs(np.random.default_rng(3), [3_000, 4_000]))
    gapped = replace(features, lengths=np.array([3_000, 4_000]), ungapped=np.array([3_000, 2_000]))
    (found,) = kinds_of_bins(gapped, kinds(VIRUS, BACTERIUM), [np.arange(2)], MARKERS)
    assert found.name == "virus"
    assert found.bases[[VIRUS, BACTERIUM]].tolist() == [3_000, 4_000]
    (found,) = kinds_of_bins(features, kinds(VIRUS, BACTERIUM), [np.arange(2)], MARKERS)
    assert found.name == "bacterium"


def test_eukaryotes_and_viruses_are_not_judged() -> None:
    features = features_of(random_contigs(np.random.default_rng(3), [40_000] * 3))
    bins = [np.array([i]) for i in range(3)]
    found = kinds_of_bins(features, kinds(EUKARYOTE, BACTERIUM, VIRUS), bins, MARKERS)
    assert [b.judged for b in found] == [False, True, False]
    assert [b.name for b in found] == ["eukaryote", "bacterium", "virus"]
