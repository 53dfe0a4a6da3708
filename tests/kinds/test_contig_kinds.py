from __future__ import annotations

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin.features.composition import compose
from llmbin.kinds.contigs import (
    ARCHAEON,
    BACTERIUM,
    EUKARYOTE,
    LARGEST_PLASMID,
    PLASMID,
    UNCLEAR,
    VIRUS,
    call_kinds,
    kinds_of_contigs,
    without_viruses,
)
from llmbin.kinds.network import LONGEST, ROWS, TOLD_APART, kind_inputs, load_kind_network

RNG = np.random.default_rng(5)


def test_the_likeliest_kind_is_called_if_it_is_likely_enough() -> None:
    likely = np.array(
        [[0.9, 0.1, 0, 0], [0, 0.2, 0.8, 0], [0.4, 0.2, 0, 0.4], [0.2, 0.75, 0, 0.05]]
    )
    found = call_kinds(likely, np.zeros(4, bool))
    assert found.kind.tolist() == [BACTERIUM, EUKARYOTE, UNCLEAR, ARCHAEON]
    assert found.probability.tolist() == [0.9, 0.8, 0.4, 0.75]


def test_a_circle_of_a_cell_is_a_plasmid_and_one_of_a_virus_is_a_virus() -> None:
    likely = np.array([[0.5, 0.4, 0, 0.1], [0.1, 0, 0, 0.9], [0, 0.05, 0.95, 0]])
    found = call_kinds(likely, np.ones(3, bool))
    assert found.kind.tolist() == [PLASMID, VIRUS, EUKARYOTE]
    assert found.probability[0] == pytest.approx(0.9)


def test_what_has_a_gene_of_cells_is_no_virus() -> None:
    likely = np.array([[0.1, 0.1, 0, 0.8], [0.1, 0.1, 0, 0.8]])
    found = without_viruses(likely, np.array([True, False]))
    assert found.tolist() == [[0.5, 0.5, 0, 0], [0.1, 0.1, 0, 0.8]]


def test_a_circle_with_marker_genes_or_of_a_genomes_size_is_no_plasmid() -> None:
    contigs = random_contigs(RNG, [30_000] * 3)
    features = features_of(contigs, markers=[0, 1, 0])
    features.circular[:] = True
    features.lengths[2] = LARGEST_PLASMID + 1
    kinds = kinds_of_contigs(features).kind.tolist()
    assert PLASMID not in kinds[1:]


def test_probabilities_add_up_and_do_not_depend_on_the_other_contigs() -> None:
    made = compose(random_contigs(RNG, [1_000, 5_000, 200] * (ROWS // 2)))
    lengths = np.array([1_000, 5_000, 200] * (ROWS // 2), np.int64)
    network = load_kind_network()
    found = network.probabilities(made.vectors, made.frames, lengths)
    assert found.shape == (len(lengths), len(TOLD_APART))
    assert np.abs(found.sum(1) - 1).max() < 1e-5
    for row in (0, 1, 2, ROWS, ROWS + 1):
        alone = network.probabilities(made.vectors[[row]], made.frames[[row]], lengths[[row]])
        assert (alone[0] == found[row]).all()
    assert network.probabilities(made.vectors[:0], made.frames[:0], lengths[:0]).shape == (0, 4)


def test_inputs_say_how_open_frames_lie_and_what_words_they_have() -> None:
    made = compose(random_contigs(RNG, [2_000]))
    frames = np.array([[300, 0, 600, 0, 2, 1, 4, 0, 1, 0, 9, 100]], np.uint32)
    inputs = kind_inputs(made.vectors, frames, np.array([2_000], np.int64))
    assert inputs.shape == (1, len(load_kind_network().mean))
    assert inputs[0, -19:-10].tolist() == pytest.approx(
        [0.15, 0, 0.3, 0, 0.45, np.log1p(1), 0.5, np.log1p(1.5), np.log10(2_000) - 4]
    )
    assert inputs[0, -10:].tolist() == pytest.approx(
        [*np.log1p([4, 0, 1, 0, 9]), 0.2, 0, 0.1, 0, 0.3]
    )


def test_a_contig_longer_than_what_was_trained_on_looks_like_the_longest_of_that() -> None:
    made = compose(random_contigs(RNG, [LONGEST]))
    once = kind_inputs(made.vectors, made.frames, np.array([LONGEST], np.int64))
    thrice = kind_inputs(made.vectors, 3 * made.frames, np.array([3 * LONGEST], np.int64))
    assert thrice == pytest.approx(once)


def test_a_contig_of_a_few_bases_is_unclear() -> None:
    kinds = kinds_of_contigs(features_of(random_contigs(RNG, [1, 60, 999, 5_000])))
    assert kinds.kind[:3].tolist() == [UNCLEAR] * 3


def test_a_contig_without_known_bases_is_unclear() -> None:
    gaps, islands = np.full(5_000, 4, np.uint8), np.full(5_000, 4, np.uint8)
    islands[::3] = 1
    found = kinds_of_contigs(features_of([gaps, islands, *random_contigs(RNG, [5_000])]))
    assert found.kind[:2].tolist() == [UNCLEAR] * 2
    assert (found.likely[:2] == load_kind_network().prior).all()
    assert (found.likely[2] != load_kind_network().prior).any()


def test_a_virus_for_certain_that_has_a_gene_of_cells_is_what_cells_mostly_are() -> None:
    found = without_viruses(np.array([[0.0, 0, 0, 1], [0, 0, 0, 1]]), np.array([True, False]))
    assert found[0].argmax() == BACTERIUM
    assert found.sum(1).tolist() == pytest.approx([1, 1])
    assert found[:, VIRUS].tolist() == [0, 1]
