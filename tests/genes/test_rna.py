from __future__ import annotations

import time

import numpy as np
import pytest
import reference

from llmbin._kernels import RrnaScanner, TrnaScanner, encode_bases
from llmbin.features.scan import watched
from llmbin.genes.rna import (
    ARM_BITS,
    DATA,
    KINDS,
    MOST_COPIES,
    TRNA_BITS,
    RnaGenes,
    RnaSearch,
    amino_acid_of,
)
from llmbin.io.contigs import Contig

# Escherichia coli, anticodon GAA; the base behind base 37 is the twelfth of the anticodon's arm.
PHENYLALANINE = "GCCCGGATAGCTCAGTCGGTAGAGCAGGGGATTGAAAATCCCCGTGTCCTTGGTTCGATTCCGAGTCCGGGCACCA"
BEHIND_37 = PHENYLALANINE.index("GAAAA") + 4


@pytest.fixture(scope="module")
def model() -> dict[str, np.ndarray]:
    with np.load(DATA, allow_pickle=False) as held:
        return dict(held)


def noise(n: int, seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGT"), n))


def consensus(model: dict[str, np.ndarray], profile: int) -> str:
    first = model["first"]
    best = model["profiles"][first[profile] : first[profile + 1]].argmax(1)
    return "".join("ACGT"[base] for base in best)


def mutated(text: str, rate: float, seed: int = 0) -> str:
    rng = np.random.default_rng(seed)
    return "".join(c if rng.random() > rate else rng.choice(list("ACGT")) for c in text)


def search(texts: list[str], threads: int = 1) -> RnaGenes:
    finder = RnaSearch()
    contigs = [Contig(i, f"c{i}", encode_bases(t.encode())) for i, t in enumerate(texts)]
    assert list(watched(contigs, [finder], threads)) == contigs
    return finder.result()


def both_strands(text: str) -> RnaGenes:
    """What is found on either strand, which must be the same."""
    found = search([text, reference.reverse_complement(text)])
    for counts in (found.rrna, found.whole, found.trna):
        np.testing.assert_array_equal(counts[0], counts[1])
    return found.together([0])


@pytest.mark.parametrize("rate", [0, 0.12])
def test_every_profile_finds_its_genes(model: dict[str, np.ndarray], rate: float) -> None:
    for profile, kind in enumerate(model["kinds"]):
        gene = mutated(consensus(model, profile), rate, profile)
        found = both_strands(noise(700) + gene + noise(900, 1) + gene + noise(30, 2))
        expected = [2 * (k == kind) for k in range(len(KINDS))]  # by one of two domains' profiles
        assert found.rrna[0].tolist() == expected
        if rate == 0 or kind > 0:
            assert found.whole[0].tolist() == expected


def test_parts_count_from_a_quarter_on(model: dict[str, np.ndarray]) -> None:
    for profile, kind in enumerate(model["kinds"]):
        gene = mutated(consensus(model, profile), 0.05, profile)
        half, fifth = len(gene) // 2, len(gene) // 5
        found = search([noise(500) + gene[:half], gene[-half:] + noise(500), gene[:fifth]])
        assert found.rrna[:, kind].tolist() == [1, 1, 0]
        assert found.whole.sum() == 0


def test_insertions_and_unknown_bases_break_no_gene(model: dict[str, np.ndarray]) -> None:
    gene = consensus(model, int(np.flatnonzero(model["kinds"] == 2)[0]))
    parts = gene[:900], gene[900:1000], gene[1000:2000], gene[2003:]
    pieces = [parts[0], noise(400), parts[1], "N" * 50, parts[2], parts[3]]
    found = both_strands("".join(pieces))
    assert found.rrna[0].tolist() == found.whole[0].tolist() == [0, 0, 1]


def test_random_sequence_has_no_rna_genes() -> None:
    found = search([noise(1_000_000), "", "ACG", "N" * 300, "A" * 5000, "GC" * 5000])
    assert found.rrna.sum() == found.trna.sum() == 0


def test_bits_of_a_match_are_those_of_its_columns(model: dict[str, np.ndarray]) -> None:
    first, bits = model["first"], model["profiles"].astype(np.float32)
    begin, end = int(first[2]), int(first[3])
    gene = mutated(consensus(model, 2), 0.02, 3)
    scanner = RrnaScanner(bits[begin:end], [0, end - begin], [1], 4000, [22.0, 42.0, 0.4, 0.25])
    ((contig, kind, at, stop, reverse, cover, found),) = scanner.scan([encode_bases(gene.encode())])
    codes = encode_bases(gene.encode())
    assert (contig, kind, reverse) == (0, 1, False)
    assert cover == pytest.approx((stop - at) / (end - begin))
    expected = bits[begin:end][np.arange(at, stop), codes[at:stop]].sum()
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("intron", ["", "ACGTTGCAATGCCATTAGCAC", noise(60, 5)])
def test_a_transfer_rna(intron: str) -> None:
    gene = PHENYLALANINE[:BEHIND_37] + intron + PHENYLALANINE[BEHIND_37:]
    found = both_strands(noise(200) + gene + noise(200, 1))
    assert found.trna.sum() == 1
    assert found.trna[0, "ACDEFGHIKLMNPQRSTVWY".index("F")] == 1
    assert found.amino_acids.tolist() == [1]


def test_no_transfer_rna_without_its_anticodon_or_its_end() -> None:
    loop = PHENYLALANINE.replace("GAAAA", "NAAAA", 1)
    assert search([noise(90) + loop, PHENYLALANINE[:60], PHENYLALANINE[12:]]).trna.sum() == 0


@pytest.mark.parametrize("seed", range(6))
def test_a_cloverleaf_is_worth_what_its_best_shape_is(
    model: dict[str, np.ndarray], seed: int
) -> None:
    names = ("pairs", "singles", "variable", "turns")
    scanner = TrnaScanner(*(model[name] for name in names), ARM_BITS, TRNA_BITS)
    text = noise(40, seed) + mutated(PHENYLALANINE[:-3], 0.04, seed)
    codes = encode_bases(text.encode())
    ((_, _, end, reverse, _, bits),) = scanner.scan([codes])
    assert (end, reverse) == (len(text), False)
    assert bits == pytest.approx(reference.cloverleaf_bits(codes.tolist(), model), rel=1e-5)


def test_a_contig_of_nothing_but_genes_takes_linear_time(model: dict[str, np.ndarray]) -> None:
    """16 Mbp took 12 seconds when each gene was compared with all before it, and now 0.7."""
    unit = consensus(model, 0)
    times = []
    for copies in (10_000, 80_000):
        begin = time.process_time()
        found = search([unit * copies])
        times.append(time.process_time() - begin)
        assert found.rrna[0].tolist() == [min(copies, MOST_COPIES), 0, 0]
    assert times[1] < 25 * times[0]


def test_anticodons() -> None:
    def amino_acid(anticodon: str) -> str:
        a, b, c = ("ACGT".index(base) for base in anticodon)
        return amino_acid_of(a << 4 | b << 2 | c)

    known = {"GAA": "F", "CAT": "M", "TGC": "A", "CCA": "W", "TCA": "*", "TTA": "*", "GTA": "Y"}
    assert {anticodon: amino_acid(anticodon) for anticodon in known} == known


def test_threads_change_nothing(model: dict[str, np.ndarray]) -> None:
    texts = [noise(40_000, k) + consensus(model, k % 6) + PHENYLALANINE for k in range(12)]
    one, two = search(texts), search(texts, threads=3)
    np.testing.assert_array_equal(one.rrna, two.rrna)
    np.testing.assert_array_equal(one.trna, two.trna)
    assert one.rrna.sum() == 12


def test_counts_must_be_of_the_kinds_and_amino_acids() -> None:
    with pytest.raises(ValueError, match="shapes"):
        RnaGenes(
            np.zeros((2, 3), np.int16), np.zeros((2, 3), np.int16), np.zeros((2, 21), np.int16)
        )
    with pytest.raises(ValueError, match="four bases"):
        RrnaScanner(np.zeros((5, 3), np.float32), [0, 5], [0], 10, [1, 1, 1, 1])
    with pytest.raises(ValueError, match="four:"):
        RrnaScanner(np.zeros((5, 4), np.float32), [0, 5], [0], 10, [1, 1, 1])
    with pytest.raises(ValueError, match="pairs"):
        TrnaScanner(np.zeros((2, 16)), np.zeros((20, 4)), np.zeros(25), np.zeros((5, 5)), 1, 1)
