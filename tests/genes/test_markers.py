from __future__ import annotations

import numpy as np
import pytest

from llmbin.features.scan import watched
from llmbin.genes.markers import MarkerSearch, load_marker_set
from llmbin.genes.matches import Matches
from llmbin.genes.prints import no_prints
from llmbin.genes.quality import estimate
from llmbin.io.contigs import Contig
from llmbin.tools.synthetic import (
    GenomeModel,
    marker_proteins,
    mutate,
    reverse_complement,
    synthetic_genome,
)

pytest.importorskip("pyhmmer")


def codes(text: str) -> np.ndarray:
    from llmbin._kernels import encode_bases

    return encode_bases(text.encode())


def search(texts: list[str], threads: int = 1) -> np.ndarray:
    finder = MarkerSearch(load_marker_set(), threads)
    contigs = [Contig(i, f"c{i}", codes(t)) for i, t in enumerate(texts)]
    assert list(watched(contigs, [finder], threads)) == contigs
    return finder.matches().counts(len(texts), len(finder.markers.names))[:]


def test_the_set_is_usable() -> None:
    markers = load_marker_set()
    assert len(markers.names) == len(set(markers.names)) == len(markers.cutoffs)
    assert markers.used[0].sum() >= 50
    assert markers.used[1].sum() >= 20


def test_every_marker_of_a_genome_is_found_once() -> None:
    rng = np.random.default_rng(0)
    genome = synthetic_genome(rng, 400_000, marker_proteins())
    counts = search([genome, reverse_complement(genome)], threads=2)
    np.testing.assert_array_equal(counts[0], counts[1])
    used = load_marker_set().used[0]
    assert (counts[0][used] == 1).mean() > 0.97
    quality = estimate(counts[0], load_marker_set())
    assert quality.completeness > 0.97
    assert quality.contamination < 0.03
    assert quality.domain == "bacteria"


def recoded(gene: str, code: int) -> str:
    """A gene whose tryptophans (code 4) or every third glycine (code 25), not its end, are TGA."""
    begin = 13  # behind its binding site
    codons = [gene[i : i + 3] for i in range(begin, len(gene), 3)]
    glycines = [i for i, codon in enumerate(codons) if codon.startswith("GG")]
    for i in (
        glycines[::3] if code == 25 else [i for i, codon in enumerate(codons) if codon == "TGG"]
    ):
        codons[i] = "TGA"
    return gene[:begin] + "".join(codons[:-1]) + "TAA"


@pytest.mark.parametrize("code", [4, 25])
@pytest.mark.parametrize("seed", [0, 3])
def test_a_genome_that_reads_through_tga_is_as_complete_as_one_that_does_not(
    code: int, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def genome() -> str:
        return synthetic_genome(np.random.default_rng(seed), 400_000, marker_proteins())

    def contigs(text: str) -> list[str]:
        ends = np.cumsum(np.random.default_rng(1).integers(1500, 5000, len(text) // 1500))
        return [
            text[end - size : end]
            for end, size in zip(ends.tolist(), np.diff(ends, prepend=0).tolist(), strict=True)
            if end - size < len(text)
        ]

    plain, ordinary = genome(), GenomeModel.gene
    monkeypatch.setattr(
        GenomeModel, "gene", lambda model, protein: recoded(ordinary(model, protein), code)
    )
    other, markers = genome(), load_marker_set()
    whole = search([plain, other, reverse_complement(other)])
    np.testing.assert_array_equal(whole[1:], whole[[0, 0]])
    assert estimate(whole[1], markers).completeness > 0.97

    pieces = contigs(plain), contigs(other)
    mixed = search([*pieces[0], *pieces[1]])
    np.testing.assert_array_equal(mixed, search([*pieces[0], *pieces[1]], threads=2))
    np.testing.assert_array_equal(*np.split(mixed, 2))
    assert estimate(mixed[: len(pieces[0])].sum(0), markers).completeness > 0.97


def test_half_a_gene_and_random_sequence_are_no_markers() -> None:
    rng = np.random.default_rng(1)
    model = GenomeModel(rng)
    gene = model.gene(marker_proteins()[0])
    noise = "".join(rng.choice(list("ACGT"), 100_000))
    pieces = [
        "ACGT" * 50 + gene[: len(gene) * 2 // 5],
        gene[len(gene) * 3 // 5 :] + "ACGT" * 50,
        noise,
        "",
        "AC",
        "N" * 500,
    ]
    assert search(pieces).sum() == 0
    assert search(["TTAA" + gene + "TTAA"]).sum() == 1


def test_mutation_rate() -> None:
    rng = np.random.default_rng(0)
    protein = "A" * 10_000
    assert 0.08 < sum(c != "A" for c in mutate(protein, 0.1, rng)) / 10_000 < 0.11


def test_the_early_end_of_a_search_loses_nothing() -> None:
    import pyhmmer
    from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

    from llmbin.genes.markers import profile_hits, read_profiles

    markers, alphabet, rng = load_marker_set(), Alphabet.amino(), np.random.default_rng(0)
    seen = 0
    for profile, cutoff, _ in zip(read_profiles(), markers.cutoffs, range(12), strict=False):
        consensus = str(profile.consensus).upper()
        texts = [mutate(consensus, rate, rng) for rate in np.linspace(0, 0.95, 40)]
        block = DigitalSequenceBlock(
            alphabet,
            [
                TextSequence(name=str(i).encode(), sequence=t).digitize(alphabet)
                for i, t in enumerate(texts)
            ],
        )
        found = set(profile_hits(profile, block, cutoff))
        plain = pyhmmer.plan7.Pipeline(alphabet, T=cutoff, bias_filter=False).search_hmm(
            profile, block
        )
        wide = {
            h.name
            for h in plain
            if h.score >= cutoff
            and max(d.alignment.hmm_to for d in h.domains)
            - min(d.alignment.hmm_from for d in h.domains)
            + 1
            >= 0.5 * profile.M
        }
        assert found == {name if isinstance(name, str) else name.decode() for name in wide}
        seen += len(found)
    assert 100 < seen < 12 * 40


def test_what_the_alignment_decides_is_what_hmmer_says() -> None:
    from pyhmmer.easel import Alphabet, DigitalSequenceBlock, TextSequence

    from llmbin.genes.candidates import Candidate
    from llmbin.genes.markers import align, profile_hits, read_profiles

    markers, alphabet, rng = load_marker_set(), Alphabet.amino(), np.random.default_rng(0)
    verdicts: list[bool | None] = []
    told: list[bool] = []
    for profile, cutoff, _ in zip(read_profiles(), markers.cutoffs, range(12), strict=False):
        consensus = str(profile.consensus).upper()
        texts = [mutate(consensus, rate, rng) for rate in np.linspace(0, 0.95, 30)]
        texts += [
            texts[3][: int(share * len(consensus))] for share in np.linspace(0.3, 1, 10)
        ]  # cut short
        aligned = align(profile, [Candidate(0, text, 0) for text in texts], cutoff)
        verdicts += [verdict.hit for verdict in aligned]
        block = DigitalSequenceBlock(
            alphabet,
            [
                TextSequence(name=str(i).encode(), sequence=t).digitize(alphabet)
                for i, t in enumerate(texts)
            ],
        )
        hits = set(map(int, profile_hits(profile, block, cutoff)))
        told += [i in hits for i in range(len(texts))]
    assert all(
        verdict is None or verdict == hit for verdict, hit in zip(verdicts, told, strict=True)
    )
    assert min(verdicts.count(verdict) for verdict in (True, False, None)) > 40


def test_more_copies_than_a_count_holds_stay_the_most_there_can_be() -> None:
    n = 40_000
    family = np.where(np.arange(n) < n - 2, 3, 4).astype(np.int16)
    ones, flags = np.ones(n, np.float32), np.ones(n, bool)
    rest = (0 * ones, ones, flags, flags, ones, flags, no_prints(n))
    found = Matches(np.ones(n, np.int64), family, *rest)
    counts = found.counts(2, 6)[:]
    assert counts.dtype == np.int16
    assert counts.tolist() == [[0] * 6, [0, 0, 0, 32_767, 2, 0]]
