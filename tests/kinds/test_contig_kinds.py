from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_contigs import features_of, random_contigs

from llmbin._kernels import encode_bases
from llmbin.features.composition import compose
from llmbin.kinds.contigs import (
    ARCHAEON,
    BACTERIUM,
    EUKARYOTE,
    LARGEST_PLASMID,
    LARGEST_UNSEARCHED,
    PHAGES,
    PLASMID,
    SURE,
    UNCLEAR,
    VIRUS,
    call_kinds,
    kinds_of_contigs,
    plasmids_among_circles,
    without_viruses,
)
from llmbin.kinds.inputs import (
    GENES,
    LONGEST,
    MARKER_INPUTS,
    RNA_INPUTS,
    gene_counts,
    kind_inputs,
)
from llmbin.kinds.network import FARTHEST, ROWS, TOLD_APART, load_kind_network, scaled
from llmbin.tools.synthetic import synthetic_genome

RNG = np.random.default_rng(5)


def test_the_likeliest_kind_is_called_if_it_is_likely_enough() -> None:
    likely = np.array(
        [[0.9, 0.1, 0, 0], [0, 0.2, 0.8, 0], [0.4, 0.2, 0, 0.4], [0.2, 0.75, 0, 0.05]]
    )
    found = call_kinds(likely, np.zeros(4, bool), np.full(4, SURE))
    assert found.kind.tolist() == [BACTERIUM, EUKARYOTE, UNCLEAR, ARCHAEON]
    assert found.probability.tolist() == [0.9, 0.8, 0.4, 0.75]


def test_a_circle_of_a_cell_is_a_plasmid_and_one_of_a_virus_is_a_virus() -> None:
    likely = np.array(
        [[0.5, 0.45, 0, 0.05], [0.1, 0, 0, 0.9], [0, 0.05, 0.95, 0], [0.7, 0, 0, 0.3]]
    )
    found = call_kinds(likely, np.ones(4, bool), np.full(4, SURE))
    assert found.kind.tolist() == [PLASMID, VIRUS, EUKARYOTE, UNCLEAR]
    odds = (1 - PHAGES) / PHAGES * (0.95 / 0.85) / (0.05 / 0.05)
    assert found.probability[0] == pytest.approx(odds / (1 + odds), abs=1e-6)
    none = call_kinds(likely, np.zeros(4, bool), np.full(4, SURE))
    assert none.kind.tolist() == [BACTERIUM, VIRUS, EUKARYOTE, BACTERIUM]


def test_a_circle_is_a_plasmid_by_what_it_has_of_a_phage() -> None:
    virus = np.linspace(0, 1, 21)
    likely = np.column_stack([1 - virus, 0 * virus, 0 * virus, virus])
    chance = plasmids_among_circles(likely)
    assert chance[0] == 1 and chance[-1] == 0 and (np.diff(chance) < 0).all()
    assert plasmids_among_circles(np.array([[0.0, 0, 1, 0]])).tolist() == [0]


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


def test_of_a_size_that_small_chromosomes_have_a_circle_is_none_if_nobody_looked() -> None:
    genome = synthetic_genome(np.random.default_rng(1), 30_000, [])
    features = features_of([encode_bases(genome.encode())] * 2)
    features.circular[:] = True
    features.lengths[1] = LARGEST_UNSEARCHED + 1
    assert (kinds_of_contigs(features).kind == PLASMID).all()
    kinds = kinds_of_contigs(replace(features, markers=None)).kind
    assert kinds[0] == PLASMID and kinds[1] != PLASMID


def test_probabilities_add_up_and_do_not_depend_on_the_other_contigs() -> None:
    made = compose(random_contigs(RNG, [1_000, 5_000, 200] * (ROWS // 2)))
    lengths = np.array([1_000, 5_000, 200] * (ROWS // 2), np.int64)
    network = load_kind_network()
    genes = RNG.integers(0, 3, (len(lengths), GENES)).astype(np.float64)
    genes[: ROWS + 1, 0] = np.nan  # nobody looked
    found = network.probabilities(made.vectors, made.frames, genes, lengths)
    assert found.shape == (len(lengths), len(TOLD_APART))
    assert np.abs(found.sum(1) - 1).max() < 1e-5
    for row in (0, 1, 2, ROWS, ROWS + 1):
        one = (part[[row]] for part in (made.vectors, made.frames, genes, lengths))
        alone = network.probabilities(*one)
        assert (alone[0] == found[row]).all()
    none = (part[:0] for part in (made.vectors, made.frames, genes, lengths))
    assert network.probabilities(*none).shape == (0, 4)


LAYOUT = [300, 0, 600, 0, 2, 1]
SIGNALS = [5, 4, 3, 1, 2, 0, 4, 3, 8, 3, 1, 500, 3, 600, 9, 0, 15, 4, *[0] * 7]
HEXAMERS = [256, -128, 0, 0, 512]
WORDS = [4, 0, 0, 0, 1, 0, *[0] * 8, 9, 100]


def test_inputs_say_how_genes_lie_and_are_read_and_what_words_they_have() -> None:
    made = compose(random_contigs(RNG, [2_000]))
    frames = np.array([[*LAYOUT, *SIGNALS, *HEXAMERS, *WORDS]]).astype(np.uint32)
    genes = np.array([[1, 0, 2, 0, 3]], np.float64)
    inputs = kind_inputs(made.vectors, frames, genes, np.array([2_000], np.int64))
    assert inputs.shape == (1, len(load_kind_network().mean))
    assert inputs[0, :197].tolist() == made.vectors[0].tolist()
    own = inputs[0, 197:].tolist()
    assert own[:9] == pytest.approx(
        [0.15, 0, 0.3, 0, 0.45, np.log1p(1), 0.5, np.log1p(1.5), np.log10(2_000) - 4]
    )
    assert own[9:24] == pytest.approx(np.log1p(WORDS[:-1]).tolist())
    assert own[24:39] == pytest.approx(np.sqrt(np.array(WORDS[:-1]) / 100).tolist())
    assert own[39:48] == pytest.approx([0.8, 0.6, 0.2, 0.4, 0, 3 / 2, 2 / np.sqrt(7), 0.75, 0.5])
    assert own[48:54] == pytest.approx([0.25, 0.75, 0.25, np.log1p(3), 0.3, np.log1p(2)])
    assert own[54:58] == pytest.approx(np.log1p([4.5, 0, 7.5, 2]).tolist())
    assert own[65:70] == [1, -0.5, 0, 0, 2]
    assert own[70:] == pytest.approx([*np.log1p([1, 5, 3, 15]), 0, 1, 0])


def test_genes_that_nobody_looked_for_are_as_usual() -> None:
    made, lengths = compose(random_contigs(RNG, [2_000])), np.array([2_000], np.int64)
    known, network = features_of(random_contigs(RNG, [2_000]), markers=[2]), load_kind_network()
    for markers, silent in ((known.markers, RNA_INPUTS), (None, slice(MARKER_INPUTS.start, None))):
        genes = gene_counts(1, markers, None)
        inputs = kind_inputs(made.vectors, made.frames, genes, lengths)[0]
        assert np.isnan(inputs[silent]).all() and not np.isnan(inputs[: silent.start]).any()
        usual = np.where(np.isnan(inputs), network.mean, inputs)
        assert (network.odds(inputs[None]) == network.odds(usual[None])).all()


def test_no_input_counts_for_more_than_the_strangest_that_was_learnt() -> None:
    far = scaled(np.array([[1e9, -1e9, 3, np.nan]]), np.ones(4), np.full(4, 2.0))
    assert far.tolist() == [[FARTHEST, -FARTHEST, 1, 0]]


def test_a_contig_longer_than_what_was_trained_on_looks_like_the_longest_of_that() -> None:
    made = compose(random_contigs(RNG, [LONGEST]))
    more, genes = made.frames.copy(), np.array([[2.0, 0, 1, 0, 4]])
    most = 6 + np.array([11, 12, 13])  # the longest of each, which do not add up
    counts = np.setdiff1d(np.r_[0:31, 36:52], most)
    more[:, counts] *= 3
    once = kind_inputs(made.vectors, made.frames, genes, np.array([LONGEST], np.int64))
    thrice = kind_inputs(made.vectors, more, 3 * genes, np.array([3 * LONGEST], np.int64))
    alone = 197 + np.array([48, 49])  # of one gene less than there are
    same = np.setdiff1d(np.arange(once.shape[1]), alone)
    assert thrice[0, same] == pytest.approx(once[0, same])


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


@pytest.mark.parametrize("repeat", ["A", "AT", "ACG", "AAAAT", "ACGTGCA"])
def test_a_contig_of_a_simple_repeat_is_unclear(repeat: str) -> None:
    codes = np.array(["ACGT".index(base) for base in repeat], np.uint8)
    found = kinds_of_contigs(features_of([np.resize(codes, 6_000)]))
    assert found.kind.tolist() == [UNCLEAR]


def test_a_virus_for_certain_that_has_a_gene_of_cells_is_what_cells_mostly_are() -> None:
    found = without_viruses(np.array([[0.0, 0, 0, 1], [0, 0, 0, 1]]), np.array([True, False]))
    assert found[0].argmax() == BACTERIUM
    assert found.sum(1).tolist() == pytest.approx([1, 1])
    assert found[:, VIRUS].tolist() == [0, 1]
