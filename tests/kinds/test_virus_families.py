from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin.genes.hallmarks import Hallmarks, load_hallmarks
from llmbin.genes.rna import RnaGenes
from llmbin.kinds.contigs import (
    BACTERIUM,
    SURE,
    UNCLEAR,
    VERY_LIKELY,
    VIRUS,
    ContigKinds,
    call_kinds,
    kinds_of_contigs,
)
from llmbin.kinds.hallmarks import (
    DOUBT,
    OUTWEIGHS,
    regressors,
    said_by_families,
    with_families,
)
from llmbin.kinds.inputs import LONGEST
from llmbin.kinds.network import load_kind_network

RNG = np.random.default_rng(2)
SHIPPED = load_hallmarks()
WEIGHTS = np.array([1.5, 2.0, 0.5, 0.1, -1.0])


def test_families_are_added_up_and_count_less_on_what_is_longer_than_what_is_seen() -> None:
    there = np.array([[True, True, False], [False, False, False], [True, True, False]])
    said = said_by_families(there, np.array([5_000, 5_000, 4 * LONGEST]), np.array([1.0, 2, 4]))
    assert said.tolist() == [3, 0, 0.75]


def test_the_regression_is_that_of_its_inputs() -> None:
    x = regressors(np.array([0.5, 0.1]), np.array([0.0, np.e - 1]), np.array([10_000, 1_000]))
    assert x[0] == pytest.approx([0, 0, 1, 0, 1])
    assert x[1] == pytest.approx([np.log(1 / 9), 1, 1 / np.e, np.log(0.1) / np.e, 1])
    hallmarks = Hallmarks((), np.array([np.e - 1]), WEIGHTS)
    found, _ = with_families(
        np.array([[0.6, 0.1, 0.2, 0.1]]), np.array([[True]]), np.array([1_000]), hallmarks
    )
    odds = float(x[1] @ WEIGHTS)
    assert found[0, VIRUS] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)
    assert found.sum() == pytest.approx(1)
    assert found[0, :3] / found[0, :3].sum() == pytest.approx([6 / 9, 1 / 9, 2 / 9])


def test_what_was_certain_a_virus_leaves_equal_shares_to_the_others() -> None:
    hallmarks = Hallmarks((), np.ones(1), np.array([0, 0, 0, 0, 0.0]))
    found, _ = with_families(
        np.array([[0.0, 0, 0, 1]]), np.zeros((1, 1), bool), np.array([5_000]), hallmarks
    )
    assert found[0].tolist() == pytest.approx([1 / 6, 1 / 6, 1 / 6, 0.5])


def test_more_families_never_make_a_virus_less_likely() -> None:
    families = len(SHIPPED.profiles)
    for length in (1_000, 5_000, LONGEST, 50 * LONGEST):
        for virus in (DOUBT, 0.3, 0.9):
            there = np.tri(families + 1, families, -1).astype(bool)[:, RNG.permutation(families)]
            likely = np.tile([1 - virus, 0, 0, virus], (families + 1, 1))
            lengths = np.full(families + 1, length)
            found, said = with_families(likely, there, lengths, SHIPPED)
            assert (np.diff(found[:, VIRUS]) >= 0).all()
            assert (np.diff(said) >= 0).all()
    more = with_families(
        np.array([[0.5, 0, 0, 0.5]] * 2), there[[0, 3]], np.full(2, 9_000), SHIPPED
    )
    assert more[0][1, VIRUS] > more[0][0, VIRUS] + 0.1


def test_a_contig_is_the_same_whatever_the_others_are() -> None:
    n = 300
    likely = RNG.dirichlet(np.ones(4), n)
    there = RNG.random((n, len(SHIPPED.profiles))) < 0.02
    lengths = RNG.integers(1_000, 90_000, n)
    found, said = with_families(likely, there, lengths, SHIPPED)
    order = RNG.permutation(n)
    again, _ = with_families(likely[order], there[order], lengths[order], SHIPPED)
    assert (again == found[order]).all()
    alone, _ = with_families(likely[7:8], there[7:8], lengths[7:8], SHIPPED)
    assert (alone[0] == found[7]).all()
    assert (said == said_by_families(there, lengths, SHIPPED.evidence)).all()


def test_without_a_family_a_virus_has_to_be_very_likely() -> None:
    likely = np.array([[0.2, 0, 0, 0.8], [0.05, 0, 0, 0.95], [0.2, 0, 0, 0.8], [0.4, 0, 0.6, 0]])
    least = np.array([VERY_LIKELY, VERY_LIKELY, SURE, VERY_LIKELY])
    found = call_kinds(likely, np.zeros(4, bool), least)
    assert found.kind.tolist() == [UNCLEAR, VIRUS, VIRUS, 2]


def test_only_contigs_in_doubt_are_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    features = features_of(random_contigs(RNG, [9_000] * 5 + [900]), markers=[0, 0, 0, 2])
    virus = np.array([0.4, DOUBT / 2, 0.95, 0.6, 0.6, 0.6])
    likely = np.column_stack([1 - virus, virus * 0, virus * 0, virus])
    monkeypatch.setattr(
        type(load_kind_network()), "probabilities", lambda *_: likely.copy(), raising=True
    )
    asked = []

    def families(rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        there = np.zeros((len(rows), len(SHIPPED.profiles)), bool)
        there[0] = SHIPPED.evidence >= np.sort(SHIPPED.evidence)[-3]
        return there

    found = kinds_of_contigs(features, 1, families)
    assert asked == [[0, 2, 4]]  # neither what has two genes of cells, nor what is short
    assert found.kind[0] == VIRUS
    assert found.least.tolist() == [SURE, *[VERY_LIKELY] * 5]
    assert found.likely[1, VIRUS] == virus[1]
    before = kinds_of_contigs(features)
    assert before.kind.tolist() == [BACTERIUM, BACTERIUM, VIRUS, BACTERIUM, VIRUS, UNCLEAR]
    assert isinstance(before, ContigKinds)
    assert (before.least == SURE).all()


def test_families_outweigh_one_gene_of_cells_if_they_say_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    features = features_of(random_contigs(RNG, [9_000] * 5), markers=[1, 1, 1, 2, 0])
    rrna = np.zeros((5, 3), np.int16)
    rrna[2, 1] = 1
    features = replace(features, rna=RnaGenes(rrna, rrna, np.zeros((5, 20), np.int16)))
    likely = np.tile([0.4, 0.0, 0.1, 0.5], (5, 1))
    monkeypatch.setattr(type(load_kind_network()), "probabilities", lambda *_: likely.copy())
    strong = np.flatnonzero(SHIPPED.evidence >= OUTWEIGHS / 2)[:4]
    weak = np.flatnonzero(SHIPPED.evidence < OUTWEIGHS)[:1]
    asked = []

    def families(rows: np.ndarray) -> np.ndarray:
        asked.append(rows.tolist())
        there = np.zeros((len(rows), len(SHIPPED.profiles)), bool)
        there[0, strong], there[1, weak] = True, True
        return there

    found = kinds_of_contigs(features, 1, families)
    assert asked == [[0, 1, 4]]  # neither with a gene of ribosomal RNA, nor with two families
    assert found.kind.tolist() == [VIRUS, BACTERIUM, BACTERIUM, BACTERIUM, UNCLEAR]
    assert found.likely[1].tolist() == pytest.approx([0.8, 0, 0.2, 0])  # as without families
    assert (found.likely[1:4] == kinds_of_contigs(features).likely[1:4]).all()
    assert found.least.tolist() == [SURE, *[VERY_LIKELY] * 4]
