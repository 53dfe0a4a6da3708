from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest
import reference
from builders import random_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from llmbin._kernels import (
    MarkerScanner,
    PeptideTable,
    ProfileAligner,
    base_counts,
    codons,
    encode_bases,
    gap_bases,
    has_bases,
    hexamers,
    neighbours,
    node_markers,
    node_sums,
    packed_bases,
    peptide_words,
    spaced_words,
    spanning_tree,
    tetranucleotides,
)
from llmbin.io.contigs import Contig

NO_PEPTIDES = PeptideTable(np.empty(0, np.uint32), np.empty(0, np.uint8), 2)
NO_WEIGHTS = np.zeros((0, 2_080), np.int16)

TGA = 3 * 16 + 2 * 4  # its number among codons

bases = st.text(alphabet="ACGT", max_size=60)
messy = st.lists(st.one_of(bases, st.text(alphabet="NRYacgtn", max_size=9)), max_size=8).map(
    "".join
)


@given(messy)
def test_codes_and_base_counts(text: str) -> None:
    codes = encode_bases(text.encode())
    assert codes.tolist() == ["ACGT".find(c) if c in "ACGT" else 4 for c in text.upper()]
    upper = text.upper()
    assert base_counts(codes) == (
        upper.count("G") + upper.count("C"),
        sum(c in "ACGT" for c in upper),
    )


def test_bases_of_long_contigs_are_counted() -> None:
    codes = np.random.default_rng(1).integers(0, 5, 100_003).astype(np.uint8)
    codes[1_000:3_000] = 1
    assert base_counts(codes) == (np.isin(codes, [1, 2]).sum(), (codes < 4).sum())


gappy = st.lists(
    st.one_of(bases, st.integers(1, 25).map("N".__mul__), st.integers(1, 12).map("nR".__mul__)),
    max_size=8,
).map("".join)


@given(gappy, st.integers(0, 200))
def test_gaps_are_runs_of_ten_unknown_bases(text: str, least: int) -> None:
    gaps = sum(len(run) for run in re.findall("[^ACGT]{10,}", text))
    assert gap_bases(encode_bases(text.encode())) == gaps
    assert has_bases(text.encode(), least) == (len(text) - gaps >= least)
    left = Contig(0, "c", encode_bases(text.encode())).without_gaps()
    assert (left == encode_bases(re.sub("[^ACGT]{10,}", "", text).encode())).all()


@given(messy)
def test_packed_bases_tell_all_of_them(text: str) -> None:
    codes = encode_bases(text.encode())
    packed, n = packed_bases(codes), len(codes)
    assert int.from_bytes(packed[:8].tobytes(), "little") == n
    fours, unknown = packed[8 : 8 + 2 * (n // 8 + 1)], packed[8 + 2 * (n // 8 + 1) :]
    held = (fours[:, None] >> [0, 2, 4, 6] & 3).ravel()[:n]
    assert (codes.max(initial=0) == 4) == (len(unknown) > 0)
    if len(unknown):
        held = held | np.unpackbits(unknown, bitorder="little")[:n] << 2
    assert (held == codes).all()


@given(messy)
def test_tetranucleotides_equal_the_reference(text: str) -> None:
    assert (
        tetranucleotides([encode_bases(text.encode())])[0]
        == reference.tetranucleotides(text.upper())
    ).all()


@given(bases)
def test_tetranucleotides_do_not_see_the_strand(text: str) -> None:
    other = reference.reverse_complement(text)
    assert (
        tetranucleotides([encode_bases(text.encode())])[0]
        == tetranucleotides([encode_bases(other.encode())])[0]
    ).all()


coding = st.lists(
    st.one_of(st.sampled_from(["GCGGAT", "TAA", "TTA", "ATG", "C", "N", "GGC" * 6]), bases),
    max_size=25,
).map("".join)


@given(coding, st.sampled_from([3, 12, 30]))
def test_codons_equal_the_reference(text: str, shortest: int) -> None:
    found = codons([encode_bases(text.encode())], shortest, NO_PEPTIDES, NO_WEIGHTS)
    assert (found[0][0] == reference.codons(text, shortest)).all()


@given(coding, st.sampled_from([3, 12, 30]))
def test_the_layout_of_open_frames_is_that_of_their_codons(text: str, shortest: int) -> None:
    usage, layout, *_ = codons([encode_bases(text.encode())], shortest, NO_PEPTIDES, NO_WEIGHTS)
    assert layout[0, :4].sum() >= 3 * usage[0].sum()  # more where a TGA is read
    assert shortest * layout[0, 4] <= layout[0, :4].sum()
    assert layout[0, 5] < max(1, layout[0, 4])


def test_open_frames_lie_as_genes_were_put() -> None:
    rng = np.random.default_rng(3)
    sense = [word for word, residue in reference.CODON.items() if residue != "*"]
    stops = "TAGTTAGCTAACTAGTTAGCTAA"
    sizes, strands = [240, 900, 450, 1500, 330], [0, 0, 1, 1, 0]
    text = stops
    for size, strand in zip(sizes, strands, strict=True):
        gene = "".join(rng.choice(sense, size // 3))
        text += (reference.reverse_complement(gene) if strand else gene) + stops
    layout = codons([encode_bases(text.encode())], 150, NO_PEPTIDES, NO_WEIGHTS)[1][0].tolist()
    assert layout[4:] == [5, 2]
    for found, wanted in zip(layout, [240, 780, 900, 1500], strict=False):
        assert wanted <= found <= wanted + 100  # a frame begins before its gene does


def test_frames_go_on_behind_a_tga_where_the_contig_reads_it() -> None:
    rng = np.random.default_rng(4)
    sense = [word for word, residue in reference.CODON.items() if residue != "*"]
    genes = [rng.choice(sense, 400) for _ in range(6)]
    strands = [0, 1, 1, 0, 0, 1]
    texts = {}
    for read_as in ("TGA", "TGG"):
        text = stops = "TAGTTAGCTAACTAGTTAGCTAA"
        for gene, strand in zip(genes, strands, strict=True):
            words = gene.copy()
            words[10::40] = read_as
            one = "".join(words)
            text += (reference.reverse_complement(one) if strand else one) + stops
        texts[read_as] = encode_bases(text.encode())
    usage, layout, _, _, counted = codons(list(texts.values()), 150, NO_PEPTIDES, NO_WEIGHTS)
    # How frames lie, and their words, are those of the same genes with tryptophan.
    assert layout[0].tolist() == layout[1].tolist()
    assert layout[0, 3] > 0.9 * layout[0, :4].sum()
    assert counted[0].tolist() == counted[1].tolist()
    words = [peptide_words(codes, 150).tolist() for codes in texts.values()]
    assert words[0] == words[1]
    # Codons are counted by the standard code, which the metric was trained with.
    assert usage[0, TGA] == 0
    assert usage[0].sum() < usage[1].sum()


def test_a_tga_ends_frames_where_genes_end_with_it() -> None:
    rng = np.random.default_rng(5)
    sense = [word for word, residue in reference.CODON.items() if residue != "*"]
    genes = ["".join(rng.choice(sense, size)) for size in (400, 300, 250)]
    ends = "TGATTGACTAACTAGTTAGCTAA", "TAATTGACTAACTAGTTAGCTAA"
    one, other = ("TAGTTAGCTAA" + end.join([*genes, ""]) for end in ends)
    layout = codons(
        [encode_bases(text.encode()) for text in (one, other)], 150, NO_PEPTIDES, NO_WEIGHTS
    )[1]
    assert layout[0].tolist() == layout[1].tolist()


def signals_of(text: str) -> list[int]:
    """What shows how the genes of a sequence are read (kernels/signals.hpp)."""
    return codons([encode_bases(text.encode())], 150, NO_PEPTIDES, NO_WEIGHTS)[2][0].tolist()


STOPS = "TAGTTAGCTAACTAGTTAGCTAA"


@pytest.mark.parametrize("strand", [str, reference.reverse_complement])
def test_sites_that_ribosomes_bind_to_are_found_in_front_of_starts(
    strand: Callable[[str], str],
) -> None:
    rest = "GTTAATCAGCTA" * 40  # no start or site, and stops in the five other frames
    near, far = "CCCCCC", "CCCCCC" * 5
    for site, gap, want in [
        ("AAGGAGG", near, [1, 1, 1, 0, 0]),
        ("CCGGAGG", near, [1, 1, 0, 0, 0]),
        ("CCCGGAG", near, [1, 0, 0, 0, 0]),
        ("CCCAAGG", near, [0, 0, 0, 0, 0]),  # four bases, and not of the core
        ("AAGGAGG", far, [0, 0, 0, 1, 1]),
        ("CCCGGAG", near[:3], [0, 0, 0, 0, 0]),
    ]:
        begin = "C" * (-len(site + gap) % 3) + site + gap
        text = strand("TAGC" + STOPS + begin + "ATG" + rest + STOPS)
        assert signals_of(text)[:6] == [1, *want]
    found = signals_of(strand(STOPS + "CCCAACGATG" + rest + STOPS))
    assert found[6:9] == [1, 1, 2]


def test_order_of_genes_and_repeats_are_told() -> None:
    gene, short = "GTTAATCAGCTA" * 40, "GTTAATCAGCTA" * 15
    other = reference.reverse_complement(gene)
    gap = "TAGTTAGCTAACTAGTTAGCTAA"
    text = gap.join(["", gene, gene, other, short, gene, ""])
    genes, same, tight, longest_gap, row, longest = (
        signals_of(text)[k] for k in (0, 9, 10, 11, 12, 13)
    )
    assert (genes, same, tight, row) == (4, 1, 1, 2)
    assert len(gap) + len(short) <= longest_gap <= len(short) + 2 * len(gap)
    assert len(gene) <= longest <= len(gene) + len(gap)
    apart = STOPS + "C".join(["GTCA" * 5, "A" * 9, "GA" * 7, "TTC" * 6, "A" * 7, "CA" * 5, "GT"])
    assert signals_of(apart)[14:17] == [9, 14, 19]  # C TTC TTC ... repeats itself, too


@given(coding)
def test_words_of_introns_and_repeats_equal_the_reference(text: str) -> None:
    found = signals_of(text)
    assert found[14:] == [*reference.repeats(text), *reference.words_of_introns(text)]


@settings(deadline=None)
@given(st.lists(st.text("ACGTN", max_size=200), max_size=4), st.integers(0, 99))
def test_hexamers_equal_the_reference(texts: list[str], seed: int) -> None:
    contigs = [encode_bases(text.encode()) for text in texts]
    counts = np.array([reference.hexamers(text) for text in texts]).reshape(-1, 2080)
    assert (hexamers(contigs) == counts).all()
    weights = np.random.default_rng(seed).integers(-32_000, 32_001, (3, 2080)).astype(np.int16)
    sums = 256 * (counts.astype(np.int64) @ weights.T.astype(np.int64))
    want = sums // np.maximum(counts.sum(1, keepdims=True), 1)
    assert (codons(contigs, 9, NO_PEPTIDES, weights)[3] == want).all()
    with pytest.raises(ValueError, match="a weight for each hexamer"):
        codons(contigs, 9, NO_PEPTIDES, weights[:, :-1].copy())


def test_a_gene_shows_its_codons_on_either_strand() -> None:
    sense = [word for word, residue in reference.CODON.items() if residue != "*"]
    gene = np.random.default_rng(1).choice(sense, 200)
    text = "TAGTTAGCTAA" + "".join(gene) + "TAACTAGCTAG"
    want = [int((gene == word).sum()) for word in reference.CODON]
    for strand in (text, reference.reverse_complement(text)):
        assert (
            codons([encode_bases(strand.encode())], 150, NO_PEPTIDES, NO_WEIGHTS)[0][0].tolist()
            == want
        )


def a_gene(residues: str, rng: np.random.Generator) -> str:
    """Bases of a protein between stops in all frames, with any of its codons."""
    words = {
        a: [word for word, residue in reference.CODON.items() if residue == a] for a in residues
    }
    stops = "TAGTTAGCTAACTAGTTAGCTAA"
    return stops + "".join(rng.choice(words[a]) for a in residues) + stops


def test_words_of_residues_do_not_see_codons_the_strand_or_residues_that_are_alike() -> None:
    rng = np.random.default_rng(4)
    protein = "".join(rng.choice(list(reference.RESIDUES), 700))
    alike = protein.translate(str.maketrans("LVSTFYDEKR", "VLTSYFEDRK"))
    texts = [a_gene(p, rng) for p in (protein, protein, alike)]
    words = [peptide_words(encode_bases(text.encode()), 300).tolist() for text in texts]
    other = reference.reverse_complement(texts[0])
    assert peptide_words(encode_bases(other.encode()), 300).tolist() == words[0]
    # A frame begins and ends with the stops' bases, which are residues, too.
    assert 60 < len(words[0]) < 120
    assert set(words[0]) & set(words[1]) == set(words[0]) & set(words[2])
    assert len(set(words[0]) & set(words[2])) >= len(words[0]) - 5


def test_known_words_are_counted_in_their_columns() -> None:
    rng = np.random.default_rng(5)
    codes = [encode_bases(a_gene("".join(rng.choice(list("ACDEGHLP"), 500)), rng).encode())]
    words = np.unique(peptide_words(codes[0], 300))
    table = PeptideTable(words[::2], np.arange(len(words[::2])) % 3 == 0, 4)
    found = codons([*codes, codes[0][:9]], 300, table, NO_WEIGHTS)[4]
    all_words, known = peptide_words(codes[0], 300).tolist(), words[::2].tolist()
    first = sum(known.index(word) % 3 == 0 for word in all_words if word in known)
    both = sum(word in known for word in all_words)
    assert found.tolist() == [[both - first, first, 0, 0, len(all_words)], [0] * 5]
    assert first > 0 and both > first


def test_tables_of_peptides_are_checked() -> None:
    words, column = np.array([3, 2], np.uint32), np.zeros(2, np.uint8)
    with pytest.raises(ValueError, match="rise"):
        PeptideTable(words, column, 1)
    with pytest.raises(ValueError, match="column"):
        PeptideTable(words[::-1].copy(), column + 1, 1)
    with pytest.raises(ValueError, match="column"):
        PeptideTable(words, column[:1], 1)


@given(st.lists(st.text("ACGTN", max_size=300), max_size=6), st.integers(0, 100))
def test_many_contigs_in_one_call_are_each_by_itself(texts: list[str], seed: int) -> None:
    contigs = [encode_bases(text.encode()) for text in texts]
    profile = np.random.default_rng(seed).integers(-3, 4, (8, 20)).astype(np.float32)
    scanner = scanner_of([profile], 2_000, 8.0, 1)
    words, ends = spaced_words(contigs, 2)
    assert tetranucleotides(contigs).shape == (len(texts), 136) and [
        part.shape for part in codons(contigs, 9, NO_PEPTIDES, NO_WEIGHTS)
    ] == [(len(texts), 64), (len(texts), 6), (len(texts), 25), (len(texts), 0), (len(texts), 3)]
    assert ends.shape == (len(texts),) and words.shape == (max([0, *ends]), 2)
    found = scanner.scan(contigs)
    for i, (one, first) in enumerate(zip(contigs, [0, *ends], strict=False)):
        assert (tetranucleotides([one])[0] == tetranucleotides(contigs)[i]).all() and (
            codons([one], 9, NO_PEPTIDES, NO_WEIGHTS)[0][0]
            == codons(contigs, 9, NO_PEPTIDES, NO_WEIGHTS)[0][i]
        ).all()
        for part in (1, 2):
            alone, among = (codons(c, 9, NO_PEPTIDES, NO_WEIGHTS)[part] for c in ([one], contigs))
            assert (alone[0] == among[i]).all()
        assert (spaced_words([one], 2)[0] == words[first : ends[i]]).all()
        assert [(0, *more) for place, *more in found if place == i] == scanner.scan([one])
    assert [place for place, *_ in found] == sorted(place for place, *_ in found)


def scanner_of(
    profiles: list[np.ndarray],
    words: int,
    least_bits: float,
    least_residues: int,
    telling: int | None = None,
) -> MarkerScanner:
    first, number = [0, *np.cumsum([len(p) for p in profiles]).tolist()], len(profiles)
    return MarkerScanner(
        np.concatenate(profiles).astype(np.float32),
        first,
        [words] * number,
        [least_bits] * number,
        least_residues,
        number if telling is None else telling,
    )


WORD = "WCHMKD"  # of which a profile is made that likes nothing else
WORD_CODONS = "TGGTGCCATATGAAAGAC"


def scanner_of_word() -> MarkerScanner:
    profile = np.full((len(WORD), 20), -5.0)
    profile[range(len(WORD)), [reference.RESIDUES.index(c) for c in WORD]] = 5.0
    return scanner_of([profile], 1, 20.0, 1)


@pytest.mark.parametrize("before", [0, 19_999, 20_001, 60_000])
def test_of_an_open_stretch_only_what_is_beside_the_seed_is_translated(before: int) -> None:
    """Satellites and gaps are open for millions of residues."""
    text = "GCA" * before + WORD_CODONS + "GCA" * 30_000
    ((_, _, protein, diagonal, *_),) = [
        found for found in scanner_of_word().scan([encode_bases(text.encode())]) if WORD in found[2]
    ]
    beside = min(before, 20_000)
    assert protein == "A" * beside + WORD + "A" * (20_000 - len(WORD))
    assert diagonal == -beside


@pytest.mark.parametrize(
    "at", [0, 1 << 20, (1 << 20) - 9, (1 << 20) - 17, (1 << 20) + 2, 2_000_001]
)
def test_a_strand_is_scanned_by_pieces_as_in_one(at: int) -> None:
    filler = "TAACTAGCTGA" * 200_000  # a stop in every frame
    text = filler[:at] + WORD_CODONS + filler[at:]
    ((_, family, protein, diagonal, *_),) = scanner_of_word().scan([encode_bases(text.encode())])
    assert family == 0 and protein[-diagonal : len(WORD) - diagonal] == WORD


@given(st.integers(0, 2**32 - 1), st.sampled_from([(1, 20, 1), (30, 24, 8), (2_000, 16, 1)]))
@settings(max_examples=40, deadline=None)
def test_marker_candidates_equal_the_reference(seed: int, rule: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(seed)
    profiles = [
        np.where(rng.random((n, 20)) < 0.15, 4.0, -rng.integers(0, 4, (n, 20))) for n in (12, 4, 7)
    ]
    codon_of = {residue: word for word, residue in reference.CODON.items()}
    text = ""
    for _ in range(rng.integers(0, 6)):
        profile = profiles[rng.integers(0, 3)]
        best = profile.argmax(1) if rng.random() < 0.7 else rng.integers(0, 20, len(profile))
        gene = "".join(codon_of[reference.RESIDUES[r]] for r in best[rng.integers(0, 4) :])
        text += rng.choice(["", "TAA", "NNA", "A", "CG"]) + (
            gene if rng.random() < 0.5 else reference.reverse_complement(gene)
        )
    found = scanner_of(profiles, *rule).scan([encode_bases(text.encode())])
    assert sorted(
        (family, protein) for _, family, protein, *_ in found
    ) == reference.marker_candidates(text, profiles, *rule)
    for _, family, protein, diagonal, *_ in found:
        places = range(max(0, -diagonal), min(len(protein), len(profiles[family]) - diagonal) - 5)
        assert (
            max(
                reference.extended(protein, at, profiles[family], at + diagonal)
                for at in places
                if "X" not in protein[at : at + 6]
            )
            >= rule[1]
        )


def worn_gene(profile: np.ndarray, read_through: str, rng: np.random.Generator) -> str:
    """Part of a gene of a family's best residues.

    Some of one kind are written as TGA, others are exchanged, lost, followed by new ones, or stops.
    """
    codon_of = {residue: word for word, residue in reference.CODON.items()}
    gene = []
    for residue in (reference.RESIDUES[r] for r in profile.argmax(1)):
        word = "TGA" if residue in read_through and rng.random() < 0.8 else codon_of[residue]
        chance = rng.random()
        gene.append(
            "" if chance < 0.01 else rng.choice(list(reference.CODON)) if chance < 0.1 else word
        )
        gene += ["GCA"] * (int(rng.integers(1, 90)) if chance > 0.98 else 0)
    return "".join(gene[: rng.integers(len(gene) // 3, len(gene) + 1)])


@given(st.integers(0, 2**32 - 1), st.sampled_from(["W", "G", "WG", "K", ""]))
@settings(max_examples=60, deadline=None)
def test_the_code_is_that_of_the_reference(seed: int, read_through: str) -> None:
    rng = np.random.default_rng(seed)
    profiles = [-rng.integers(1, 4, (n, 20)).astype(float) for n in (60, 35)]
    for profile in profiles:
        best = np.array([reference.RESIDUES.index(r) for r in "WGKAL"])[
            rng.integers(0, 5, len(profile))
        ]
        profile[
            np.arange(len(profile)),
            np.where(rng.random(len(profile)) < 0.2, best, rng.integers(0, 20, len(profile))),
        ] = rng.integers(1, 5, len(profile))
    text = ""
    for _ in range(rng.integers(1, 5)):
        gene = worn_gene(profiles[rng.integers(0, 2)], read_through, rng)
        text += rng.choice(["TAA", "TGA", "A", "CTGACG", "NNA"]) + (
            gene if rng.random() < 0.5 else reference.reverse_complement(gene)
        )
    found = scanner_of(profiles, 300, 14.0, 8).scan([encode_bases(text.encode())])
    assert sorted(
        (family, protein) for _, family, protein, *_ in found
    ) == reference.marker_candidates(text, profiles, 300, 14.0, 8)


def test_tga_is_what_the_profile_has_in_its_place() -> None:
    rng = np.random.default_rng(0)
    codon_of = {residue: word for word, residue in reference.CODON.items()}
    best = "".join(rng.choice(list("ACDEFHIKLMNPQRSTVY"), 60))
    for residue in "WG":
        protein = best[:30] + residue + best[30:]
        profile = np.full((61, 20), -3.0)
        profile[np.arange(61), [reference.RESIDUES.index(r) for r in protein]] = 4
        scanner = scanner_of([profile], 300, 20.0, 8)

        def proteins(gene: str, scanner: MarkerScanner = scanner) -> list[str]:
            return sorted(found for _, _, found, *_ in scanner.scan([encode_bases(gene.encode())]))

        gene = "".join("TGA" if r == residue else codon_of[r] for r in protein)
        assert proteins(gene) == proteins(reference.reverse_complement(gene)) == [protein]
        assert proteins(gene[: 31 * 3] + "TAA" + gene[31 * 3 :]) == sorted(
            [best[:30], best[30:]]
        )  # another stop behind it
        assert best[:30] in proteins(
            gene[: 31 * 3] + "C" + gene[31 * 3 :]
        )  # the rest in another frame
        mute = scanner_of([profile], 300, 20.0, 8, telling=0)
        assert proteins(gene, mute) == sorted([best[:30], best[30:]])


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 40))
@settings(deadline=None, max_examples=60)
def test_an_alignment_is_the_best_path(seed: int, columns: int, residues: int) -> None:
    rng = np.random.default_rng(seed)
    profile, transitions = (
        rng.normal(-1, 2, (columns, 20)).astype(np.float32),
        -rng.exponential(3, (columns, 7)).astype(np.float32),
    )
    letters = reference.RESIDUES[:20] + "X"
    protein = "".join(letters[r] for r in rng.integers(0, 21, residues))
    if rng.random() < 0.7:  # a relative: the best residues, some of them lost or new
        best = [letters[r] for r in profile.argmax(1)]
        protein = "".join(rng.choice(["", b, b, b, b + "A"]) for b in best) or "A"
    aligner = ProfileAligner(profile, transitions)
    want = reference.best_path(profile, transitions, protein)
    for diagonal in (int(rng.integers(-3, 4)), None):
        bits, begin, end = aligner.align(protein, diagonal)
        if want[0] > 0:
            assert (pytest.approx(bits, abs=1e-2), begin, end) == want


def test_an_alignment_keeps_to_its_band() -> None:
    profile = np.full((1200, 20), -4, np.float32)
    best = np.random.default_rng(0).integers(0, 20, 1200)
    profile[np.arange(1200), best] = 4
    transitions = np.log2(
        np.tile(np.array([0.98, 0.01, 0.01, 0.5, 0.5, 0.5, 0.5], np.float32), (1200, 1))
    )
    aligner = ProfileAligner(profile, transitions)
    protein = "".join(reference.RESIDUES[r] for r in best)
    assert aligner.align(protein, 0)[1:] == (0, 1199)
    assert aligner.align(protein[500:], 500)[1:] == (500, 1199)
    assert aligner.align(protein[:500] + protein[550:], 0)[1:] == (
        0,
        1199,
    )  # 50 columns are deleted
    assert aligner.align(protein[:600] + protein[700:], 0)[1:] == (0, 599)  # 100 are too many
    assert aligner.align(protein[:300] + protein[900:])[1:] == (0, 1199)  # without a band none are
    assert aligner.align(protein[:300] + "X" * 5000 + protein[300:])[1:] == (300, 1199)
    begin, end = aligner.align(protein[:500] + protein[600:], 100)[1:]
    assert 580 < begin <= 600 and end == 1199  # a few columns may fit by chance
    assert aligner.align("X" * 300 + protein, -300)[1:] == (0, 1199)
    for nowhere in (2_000, -2_000, 2**62, -(2**62)):
        bits, begin, end = aligner.align(protein, nowhere)
        assert end < begin and bits < -1e6
    assert aligner.align("", 0)[2] == aligner.align("")[2] == -1
    with pytest.raises(ValueError, match="too long"):
        ProfileAligner(np.zeros((2048, 20), np.float32), np.zeros((2048, 7), np.float32))
    with pytest.raises(ValueError, match="seven transitions"):
        ProfileAligner(profile, transitions[:, :6].copy())


def test_gaps_must_go_on_over_all_columns_but_the_last() -> None:
    profile, transitions = np.ones((600, 20), np.float32), np.full((600, 7), -8, np.float32)
    transitions[:, 0] = 0
    for impossible in (-np.inf, -2_000.0):
        transitions[-1, 6] = impossible  # as HMMER has it
        assert ProfileAligner(profile, transitions).align("A" * 600)[1:] == (0, 599)
        transitions[300, 6] = impossible
        with pytest.raises(ValueError, match="no gap goes on"):
            ProfileAligner(profile, transitions)
        transitions[300, 6] = -8
    transitions[:, 6] = -40  # together more than sums of them can hold
    with pytest.raises(ValueError, match="no gap goes on"):
        ProfileAligner(profile, transitions)


def test_a_scanner_says_what_it_cannot_take() -> None:
    profile = np.zeros((8, 20), np.float32)
    for arguments, why in (
        ((profile[:, :19].copy(), [0, 8], [1], [1.0], 1, 1), "twenty"),
        ((profile, [0, 9], [1], [1.0], 1, 1), "first must rise"),
        ((profile, [0, 9, 8], [1, 1], [1.0, 1.0], 1, 2), "first must rise"),
        ((profile, [1], [], [], 1, 0), "first must rise"),
        ((profile, [0, 8], [1], [1.0], -1, 1), "0 or more"),
        ((profile, [0, 8], [1], [1.0], 1, -1), "0 or more"),
        ((profile, [0, 8], [1, 1], [1.0], 1, 1), "one for each profile"),
        ((profile, [0, 8], [1], [1.0, 1.0], 1, 1), "one for each profile"),
        ((profile, [], [], [], 1, 0), "one for each profile"),
    ):
        with pytest.raises(ValueError, match=why):
            MarkerScanner(*arguments)
    assert scanner_of([profile], 10, 1.0, 1).scan([np.zeros(2, np.uint8)]) == []


def points(n: int, dims: int, samples: int, seed: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(n, dims)).astype(np.float32),
        rng.uniform(0.1, 2, n).astype(np.float32),
        rng.normal(size=(n, samples)).astype(np.float32),
        rng.uniform(0.01, 0.5, (n, samples)).astype(np.float32),
    )


@given(
    st.integers(2, 40),
    st.integers(1, 20),
    st.integers(0, 10),
    st.integers(0, 9),
    st.sampled_from([0.0, 10.0]),
)
@settings(deadline=None, max_examples=40)
def test_neighbours_equal_the_reference(
    n: int, dims: int, samples: int, seed: int, effective_dims: float
) -> None:
    p = points(n, dims, samples, seed)
    rows = np.arange(n, dtype=np.int32)
    index, distance = neighbours(*p, effective_dims, rows, rows, min(5, n), 2)
    want = reference.squared_distances(*p, effective_dims) ** 0.5
    np.fill_diagonal(want, np.inf)
    expected = np.sort(want, axis=1)[:, : min(5, n)]
    np.testing.assert_allclose(distance, expected, rtol=2e-3, atol=2e-2)
    for i in range(n):
        for j, d in zip(index[i], distance[i], strict=True):
            assert (j == -1) == np.isinf(d)
            if j >= 0:
                np.testing.assert_allclose(d, want[i, j], rtol=2e-3, atol=2e-2)


def test_neighbours_do_not_depend_on_threads() -> None:
    p = points(300, 8, 3, 1)
    rows = np.arange(300, dtype=np.int32)
    one, many = (neighbours(*p, 10.0, rows, rows, 6, t) for t in (1, 4))
    assert (one[0] == many[0]).all()
    assert (one[1] == many[1]).all()


@pytest.mark.parametrize("samples", [0, 1, 9])
def test_spanning_tree_weighs_what_scipy_says(samples: int) -> None:
    from scipy.sparse.csgraph import minimum_spanning_tree

    p = points(120, 7, samples, 2)
    core = np.random.default_rng(0).uniform(0, 2, 120).astype(np.float32)
    start, stop, weight = spanning_tree(*p, 5.0, core)
    d = np.maximum(
        np.maximum(core[:, None], core[None]), reference.squared_distances(*p, 5.0) ** 0.5
    )
    want = np.sort(minimum_spanning_tree(d).data)
    np.testing.assert_allclose(np.sort(weight), want, rtol=1e-3, atol=1e-2)
    assert len({*start.tolist(), *stop.tolist()}) == 120


def test_kernels_check_shapes() -> None:
    x, noise, depth, variance = points(5, 3, 1, 0)
    rows = np.arange(5, dtype=np.int32)
    with pytest.raises(ValueError, match="one row a contig"):
        neighbours(x, noise[:3], depth, variance, 0.0, rows, rows, 2)
    with pytest.raises(ValueError, match="out of range"):
        neighbours(x, noise, depth, variance, 0.0, rows + 1, rows, 2)
    with pytest.raises(ValueError, match="at least 1"):
        neighbours(x, noise, depth, variance, 0.0, rows, rows, 0)


@pytest.mark.parametrize("leaves", [1, 2, 300])
def test_what_nodes_of_a_tree_hold_is_that_of_their_leaves(leaves: int) -> None:
    rng = np.random.default_rng(leaves)
    tree = random_tree(rng, leaves)
    rows = rng.normal(size=(leaves, 5))
    copies = rng.choice(4, (leaves, 37), p=[0.7, 0.2, 0.07, 0.03]).astype(np.int16)
    used = rng.random((2, 37)) < 0.6
    sums, held = list(rows), list(copies.astype(np.int64))
    for a, b in zip(tree.left.tolist(), tree.right.tolist(), strict=True):
        sums.append(sums[a] + sums[b])
        held.append(held[a] + held[b])
    there, extra = node_markers(copies, used, tree.left, tree.right)
    np.testing.assert_array_equal(node_sums(rows, tree.left, tree.right), sums)
    np.testing.assert_array_equal(there, [(used & (c > 0)).sum(1) for c in held])
    np.testing.assert_array_equal(extra, [(used * np.maximum(c - 1, 0)).sum(1) for c in held])


def test_a_tree_whose_nodes_come_before_their_parts_is_refused() -> None:
    one, two, three = (np.array([node], np.int32) for node in (1, 2, -1))
    for left, right in ((one, two), (three, one), (one, one), (one, np.array([0, 1], np.int32))):
        with pytest.raises(ValueError, match=r"node|left"):
            node_sums(np.ones((2, 1)), left, right)
    with pytest.raises(ValueError, match="leaf"):
        node_sums(np.ones((3, 1)), np.array([0], np.int32), one)
    with pytest.raises(ValueError, match="column"):
        node_markers(np.ones((2, 3), np.int16), np.ones((1, 4), bool), one - 1, one)
