from __future__ import annotations

import numpy as np
import pytest

from llmbin.estimator.copies import BANDS, KINDS, MOST_COPIES, copies_by_likeness
from llmbin.genes.matches import Genes
from llmbin.genes.prints import prints_of

RNG = np.random.default_rng(0)
LETTERS = list("ACDEFGHIKLMNPQRSTVWY")
OWN, OTHER = ("".join(RNG.choice(LETTERS, 400)) for _ in range(2))
RELATIVE = "".join(b if k % 8 == 0 else a for k, (a, b) in enumerate(zip(OWN, OTHER, strict=True)))

Row = tuple[int, int, float, float, str]  # contig, family, begin, end, protein


def genes(*rows: Row) -> Genes:
    contig, family, begin, end, proteins = zip(*rows, strict=True)
    return Genes(
        np.array(contig, np.int64),
        np.array(family, np.int16),
        np.array(begin, np.float32),
        np.array(end, np.float32),
        prints_of(proteins),
    )


def test_copies_of_a_relative_are_told_from_those_of_a_lineage() -> None:
    found = genes(
        (0, 0, 0.0, 1.0, OWN),
        (1, 0, 0.0, 0.9, RELATIVE),  # in the bin of the first
        (2, 1, 0.0, 1.0, OWN),
        (3, 1, 0.0, 0.8, OTHER),  # a second copy that is unlike
        (4, 2, 0.0, 1.0, OWN),
        (4, 2, 0.0, 1.0, OWN),  # on the same contig: a gene that was doubled
        (5, 3, 0.0, 1.0, OWN),  # in no bin
    )
    alike = copies_by_likeness(found, np.array([0, 0, 1, 1, 1, -1]), 3, 4)
    assert alike.shape == (3, KINDS)
    assert alike.dtype == np.float32
    assert alike.sum(1).tolist() == pytest.approx([0.9, 0.8, 0])
    assert alike[0, 3:].sum() == pytest.approx(0.9)
    assert alike[1, 0] == pytest.approx(0.8)
    assert not copies_by_likeness(found, np.zeros(6, np.int64), 1, 0).any()  # no markers at all


def test_halves_of_genes_count_by_what_they_overlap_in() -> None:
    half = OWN[:200]
    found = genes(
        (0, 0, 0.0, 0.5, half),
        (1, 0, 0.5, 1.0, OWN[200:]),  # the other half, of the same gene
        (2, 0, 0.0, 0.5, half),
        (3, 0, 0.0, 1.0, OWN),
        (4, 0, 0.0, 1.0, OTHER),
        (5, 0, 0.25, 1.0, OWN[100:]),
    )
    alike = copies_by_likeness(found, np.array([0, 0, 1, 1, 2, 2]), 3, 1)
    assert not alike[0].any()
    assert alike[1].tolist() == pytest.approx([0] * (KINDS - 1) + [0.5])
    assert alike[2].sum() == pytest.approx(0.75)


def test_each_copy_counts_once_by_the_one_that_it_is_most_like() -> None:
    found = genes(*((k, 0, 0.0, 1.0 - k / 100, p) for k, p in enumerate([OWN, OTHER, OWN, OTHER])))
    alike = copies_by_likeness(found, np.zeros(4, np.int64), 1, 1)[0]
    assert alike[0] == pytest.approx(0.99)  # of the second to the first
    assert alike[-1] == pytest.approx(0.98 + 0.97)


def test_many_copies_do_not_take_forever() -> None:
    found = genes(*((k, 0, 0.0, 1.0, OWN) for k in range(3_000)))
    alike = copies_by_likeness(found, np.zeros(3_000, np.int64), 1, 1)
    assert alike.sum() == MOST_COPIES - 1
    assert len(BANDS) == KINDS - 1


def test_no_genes() -> None:
    found = genes((0, 0, 0.0, 1.0, OWN))
    none = Genes(*(column[:0] for column in vars(found).values()))
    assert not copies_by_likeness(none, np.zeros(1, np.int64), 2, 1).any()


def test_the_order_of_contigs_does_not_matter() -> None:
    parts = [OWN, OTHER, RELATIVE, OWN[200:] + OTHER[:200]]
    rows = [(k, k % 3, 0.0, 1.0, parts[k // 3]) for k in range(12)]  # all as large
    bin_of = np.zeros(12, np.int64)
    found = copies_by_likeness(genes(*rows), bin_of, 1, 3)
    for _ in range(20):
        shuffled = [rows[k] for k in RNG.permutation(12)]
        assert copies_by_likeness(genes(*shuffled), bin_of, 1, 3).tolist() == found.tolist()
