from __future__ import annotations

import numpy as np
import pytest

from llmbin.features.scan import watched
from llmbin.genes.markers import MarkerSearch, load_marker_set
from llmbin.genes.matches import Genes, Matches, join_matches, likeness
from llmbin.genes.prints import no_prints, prints_of, words_shared
from llmbin.io.contigs import Contig
from llmbin.tools.synthetic import GenomeModel, marker_proteins, synthetic_genome

# contig, family, begin, end, begin_cut, end_cut, likeness, whole
Row = tuple[int, int, float, float, bool, bool, float, bool]


def matches(*rows: Row) -> Matches:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    types = (np.int64, np.int16, np.float32, np.float32, bool, bool, np.float32, bool)
    typed = (column.astype(kind) for column, kind in zip(columns, types, strict=True))
    return Matches(*typed, no_prints(len(rows)))


def spans(genes: Genes) -> list[tuple[int, int, float, float]]:
    columns = (genes.contig, genes.family, genes.begin.round(2), genes.end.round(2))
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_a_whole_gene_covers_its_profile_and_a_cut_one_what_is_left() -> None:
    found = matches(
        (0, 1, 0.1, 0.9, False, False, 2.0, True),  # the alignment ends before the gene does
        (1, 1, 0.0, 0.6, False, True, 2.0, True),  # more than half, and the contig ends
        (2, 1, 0.6, 0.95, True, False, 2.0, False),
        (3, 1, 0.6, 0.95, True, True, 2.0, False),
    )
    wanted = [(0, 1, 0, 1), (1, 1, 0, 0.6), (2, 1, 0.6, 1), (3, 1, 0.6, 0.95)]
    assert spans(found.genes()) == pytest.approx(np.array(wanted))
    assert found.counts(4, 2)[:].tolist() == [[0, 1], [0, 1], [0, 0], [0, 0]]


def test_parts_behind_each_other_are_one_gene_that_broke() -> None:
    broken = matches(
        (0, 0, 0.05, 0.4, False, False, 1.3, False),
        (0, 0, 0.41, 0.95, False, False, 1.3, False),
    )
    assert spans(broken.genes()) == [(0, 0, 0, 1)]
    twice = matches(
        (0, 0, 0.0, 1.0, False, False, 2.0, True), (0, 0, 0.1, 1.0, False, False, 2.0, True)
    )
    assert spans(twice.genes()) == [(0, 0, 0, 1), (0, 0, 0, 1)]
    elsewhere = matches(
        (0, 0, 0.0, 0.4, False, True, 1.3, False), (0, 0, 0.5, 1.0, True, False, 1.3, False)
    )
    assert len(spans(elsewhere.genes())) == 2  # each at an end of the contig: two genes


def test_what_is_no_gene_and_not_cut_must_be_very_like_the_family() -> None:
    assert spans(matches((0, 0, 0.2, 0.6, False, False, 1.3, False)).genes()) == []
    alike = matches((0, 0, 0.2, 0.6, False, False, 1.6, False))
    assert spans(alike.genes()) == pytest.approx(np.array([(0, 0, 0.2, 0.6)]))
    kept = matches(
        (0, 0, 0, 1, False, False, 1.1, False), (0, 1, 0, 1, False, False, 0.9, True)
    ).of_genes()
    assert kept.tolist() == [False, True]


def test_likeness_is_relative_to_the_cutoff_and_zero_where_bits_are_few() -> None:
    bits = np.array([100, 46, 21.9], np.float32)
    cover = np.array([1, 0.5, 0.1], np.float32)
    assert likeness(bits, cover, 100.0).tolist() == pytest.approx([1, 1, 0])
    assert likeness(np.array([-1e9], np.float32), np.zeros(1, np.float32), 9.0).tolist() == [0]


def test_cover_tells_once_from_twice() -> None:
    genes = Genes(
        np.array([0, 1, 2, 3]),
        np.array([0, 0, 0, 1], np.int16),
        np.array([0, 0.5, 0, 0], np.float32),
        np.array([0.5, 1, 0.5, 1], np.float32),
        no_prints(4),
    )
    once, more = genes.cover(np.array([0, 0, 1, -1]), 3, 2)
    assert once.tolist() == [[1, 0], [0.5, 0], [0, 0]]
    assert more.tolist() == [[0, 0], [0, 0], [0, 0]]
    once, more = genes.cover(np.array([0, 0, 0, 0]), 1, 2)
    assert (once.tolist(), more.tolist()) == ([[1, 1]], [[0.5, 0]])


def test_genes_of_no_match() -> None:
    none = join_matches([matches((0, 0, 0, 1, False, False, 1.0, True))]).take(np.zeros(1, bool))
    assert spans(none.genes()) == []
    assert none.genes().cover(np.array([0]), 1, 3)[0].tolist() == [[0, 0, 0]]


def search(texts: list[str]) -> Matches:
    from llmbin._kernels import encode_bases

    finder = MarkerSearch(load_marker_set(), 1)
    contigs = [Contig(i, f"c{i}", encode_bases(t.encode())) for i, t in enumerate(texts)]
    for _ in watched(contigs, [finder], 1):
        pass
    return finder.matches()


def test_genes_add_up_to_the_same_whatever_the_contigs_are() -> None:
    pytest.importorskip("pyhmmer")
    rng = np.random.default_rng(2)
    genome = synthetic_genome(rng, 400_000, marker_proteins())
    ends = np.cumsum(rng.integers(1000, 3000, 400))
    pieces = [genome[a:b] for a, b in zip([0, *ends], [*ends, len(genome)], strict=True) if a < b]
    families = len(load_marker_set().names)
    whole, cut = search([genome]), search([p for p in pieces if p])
    total = whole.genes().cover(np.zeros(1, np.int64), 1, families)[0].sum()
    once, more = cut.genes().cover(np.zeros(len(pieces), np.int64), 1, families)
    assert once.sum() == pytest.approx(total, rel=0.05)
    assert more.sum() < 0.05 * total


def test_a_frameshift_leaves_one_gene() -> None:
    pytest.importorskip("pyhmmer")
    model = GenomeModel(np.random.default_rng(1))
    gene = model.gene(max(marker_proteins(), key=len))
    middle = len(gene) // 2
    found = search(["TTAA" + gene[:middle] + gene[middle + 1 :] + "TTAA" * 20])
    genes = found.genes()
    assert len(genes.contig) == 1
    assert genes.end[0] - genes.begin[0] > 0.9
    protein = max(marker_proteins(), key=len)
    assert words_shared(genes.prints, prints_of([protein]))[0] > 0.7  # of both halves


def test_bins_are_covered_alike_however_many_are_looked_at_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(3)
    contig, family = rng.integers(0, 60, 900), rng.integers(0, 5, 900).astype(np.int16)
    begin, end = np.sort(rng.random((2, 900), np.float32), axis=0)
    genes, bin_of = Genes(contig, family, begin, end, no_prints(900)), rng.integers(-1, 20, 60)
    once, more = genes.cover(bin_of, 20, 5)
    assert once.shape == more.shape == (20, 5)
    monkeypatch.setattr("llmbin.genes.matches.BINS", 7)
    again = genes.cover(bin_of, 20, 5)
    assert (once.tobytes(), more.tobytes()) == (again[0].tobytes(), again[1].tobytes())
    assert [part.shape for part in genes.cover(bin_of, 0, 5)] == [(0, 5), (0, 5)]
