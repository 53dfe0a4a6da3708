from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from builders import plain
from known_contigs import features_of, random_contigs

from llmbin.cluster.binning import Binning
from llmbin.genes.markers import load_marker_set
from llmbin.kinds.bins import with_their_bins
from llmbin.kinds.contigs import ARCHAEON, BACTERIUM, EUKARYOTE, UNCLEAR, VIRUS, ContigKinds
from llmbin.resources import Resources
from llmbin.stages import clustering
from llmbin.stages.eukaryotes import of_eukaryotes, settled_kinds
from llmbin.stages.kinds import Known

# Five contigs of a eukaryote and five of a bacterium lie apart. Then come contigs that may be
# either: one near each, one near the eukaryote that is in the bacterium's bin, a virus near it, and
# one near it that is surely none.
SURE = [EUKARYOTE] * 5 + [BACTERIUM] * 5
KIND = [*SURE, BACTERIUM, EUKARYOTE, BACTERIUM, VIRUS, BACTERIUM]
LIKELY = [0.99] * 5 + [0.001] * 5 + [0.2, 0.6, 0.2, 0.2, 0.001]
FIRST = [0] * 5 + [1] * 5 + [-1, -1, 1, -1, -1]
PLACES = [0.0] * 5 + [10.0] * 5 + [0.0, 10.0, 0.0, 0.0, 0.0]
POINTS = plain(np.random.default_rng(1).normal(np.array(PLACES)[:, None], 0.1, (len(PLACES), 3)))


def known(likely: list[float] = LIKELY, kind: list[int] = KIND) -> Known:
    other = np.where(np.array(kind) == VIRUS, VIRUS, BACTERIUM)
    chances = np.zeros((len(likely), 4))
    chances[np.arange(len(likely)), other] = 1 - np.array(likely)
    chances[:, EUKARYOTE] = likely
    contigs = random_contigs(np.random.default_rng(1), [4_000] * len(likely))
    kinds = ContigKinds(np.array(kind, np.int8), chances.max(1), chances, np.full(len(kind), 0.5))
    return Known(features_of(contigs), kinds, load_marker_set())


def binning_of(label: list[int]) -> Binning:
    n, numbers = len(label), np.array(label, np.int32)
    core = (numbers >= 0) & (np.arange(n) < len(SURE))
    return Binning(numbers, np.ones(n), core, [""] * n, numbers, np.zeros(n), max(label) + 1)


def test_a_contig_in_doubt_is_binned_with_what_it_lies_next_to() -> None:
    found = of_eukaryotes(POINTS, known(), binning_of(FIRST), Resources())
    assert np.flatnonzero(found).tolist() == [0, 1, 2, 3, 4, 10, 12]


def test_where_no_bin_is_of_a_eukaryote_none_are_binned_apart() -> None:
    alone = known([0.001] * 5 + LIKELY[5:], [BACTERIUM] * 5 + KIND[5:])
    assert not of_eukaryotes(POINTS, alone, binning_of(FIRST), Resources()).any()


def test_contigs_in_doubt_without_a_bin_are_what_they_lie_next_to() -> None:
    kinds = settled_kinds(POINTS, known(), binning_of(FIRST), Resources())
    assert kinds.kind.tolist() == [*SURE, EUKARYOTE, UNCLEAR, EUKARYOTE, VIRUS, BACTERIUM]
    assert kinds.probability[10] == pytest.approx(0.2)  # what the contig says alone
    # In a eukaryote's bin they are eukaryotes anyhow.
    last = [*FIRST[:11], 0, *FIRST[12:]]
    assert settled_kinds(POINTS, known(), binning_of(last), Resources()).kind[11] == EUKARYOTE


def test_a_virus_that_is_none_alone_is_what_it_lies_next_to() -> None:
    of = known()
    kind = np.array([*KIND[:13], UNCLEAR, BACTERIUM], np.int8)
    of = replace(of, kinds=replace(of.kinds, kind=kind))
    bins = [np.arange(5), np.array([5, 6, 7, 8, 9, 12])]
    assert with_their_bins(of.features, of.kinds, bins, of.markers).kind[13] == VIRUS
    assert settled_kinds(POINTS, of, binning_of(FIRST), Resources()).kind[13] == EUKARYOTE


def test_without_eukaryotes_neighbours_have_no_say() -> None:
    alone = known([0.001] * 5 + LIKELY[5:], [ARCHAEON] * 5 + KIND[5:])
    kinds = settled_kinds(POINTS, alone, binning_of(FIRST), Resources())
    assert kinds.kind.tolist() == [
        *([ARCHAEON] * 5 + [BACTERIUM] * 5),
        BACTERIUM,
        UNCLEAR,
        BACTERIUM,
        VIRUS,
        BACTERIUM,
    ]


def test_all_is_binned_once_more_with_the_eukaryotes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, asked = iter([FIRST, [*FIRST[:10], 0, -1, 0, -1, -1]]), []

    def bins(*arguments: Any) -> Binning:
        asked.append(np.flatnonzero(arguments[-1]).tolist())
        return binning_of(next(labels))

    monkeypatch.setattr(clustering, "bin_assemblies", bins)
    monkeypatch.setattr(clustering, "gpu_for", lambda _: None)
    options: Any = SimpleNamespace(min_length=1, min_bin_size=1, threads=1)
    device: Any = SimpleNamespace(kind="cpu", gpu=None)
    contigs = [""] * len(KIND)
    found, kinds = clustering.bin_contigs(POINTS, known(), contigs, options, device)
    assert asked == [[0, 1, 2, 3, 4, 11], [0, 1, 2, 3, 4, 10, 12]]
    assert found.label[12] == 0
    assert kinds.kind.tolist() == [*SURE, EUKARYOTE, UNCLEAR, EUKARYOTE, VIRUS, BACTERIUM]
