from __future__ import annotations

import numpy as np
import pytest

from llmbin._kernels import encode_bases
from llmbin.features.scan import watched
from llmbin.genes.hallmarks import (
    STEP,
    Hallmarks,
    HallmarkSearch,
    arrays_of,
    as_stored,
    hallmarks_of,
    load_hallmarks,
)
from llmbin.io.contigs import Contig
from llmbin.tools.synthetic import GenomeModel, reverse_complement

LOWEST = -16.0  # bits that a file holds, in steps of an eighth

SHIPPED = load_hallmarks()
AMINO = "ACDEFGHIKLMNPQRSTVWY"


def protein_of(family: int) -> str:
    """What is likeliest by a family's profile."""
    return "".join(AMINO[k] for k in SHIPPED.profiles[family][0].argmax(1))


def found_in(texts: list[str], threads: int = 1) -> np.ndarray:
    search = HallmarkSearch(SHIPPED.tools)
    contigs = [Contig(k, str(k), encode_bases(text.encode())) for k, text in enumerate(texts)]
    for _ in watched(contigs, [search], threads):
        pass
    return search.result(len(texts))


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Contigs with a family or two each, and as many with none."""
    model = GenomeModel(np.random.default_rng(7))
    with_some = [
        model.spacer(200)
        + model.gene(protein_of(k))
        + model.spacer(300)
        + reverse_complement(model.gene(protein_of(k + 10)))
        + model.spacer(100)
        for k in range(10)
    ]
    without = [model.gene(model.protein(1_500)) for _ in range(10)]
    return [*with_some, *without]


def test_families_are_found_on_both_strands_and_not_where_none_is(texts: list[str]) -> None:
    there = found_in(texts)
    assert there.shape == (20, len(SHIPPED.profiles))
    for k in range(10):
        assert there[k, k]
        assert there[k, k + 10]
    assert not there[10:].any()


def test_neither_order_nor_threads_nor_company_matter(texts: list[str]) -> None:
    there = found_in(texts)
    order = np.random.default_rng(1).permutation(len(texts))
    assert (found_in([texts[k] for k in order]) == there[order]).all()
    many = [texts[k] for k in order] * 40  # several groups
    assert (found_in(many, threads=4) == np.tile(there[order], (40, 1))).all()
    assert (found_in([texts[3]]) == there[3:4]).all()


def test_a_gene_that_is_cut_counts_if_a_third_of_the_profile_is_there() -> None:
    family = int(np.argmax([len(columns) for columns, _ in SHIPPED.profiles]))
    protein, model = protein_of(family), GenomeModel(np.random.default_rng(3))
    parts = [model.gene(protein[: int(share * len(protein))]) for share in (0.4, 0.2)]
    assert found_in(parts)[:, family].tolist() == [True, False]


def test_profiles_are_written_in_steps_and_read_again() -> None:
    rng = np.random.default_rng(1)
    columns, transitions = (rng.normal(0, 3, (9, k)).astype(np.float32) for k in (20, 7))
    transitions[-1, 0] = -np.inf
    whole = Hallmarks(
        ((columns[:5], transitions[:5]), (columns, transitions)), np.ones(2), np.ones(5)
    )
    read = hallmarks_of(arrays_of(whole))
    assert [len(c) for c, _ in read.profiles] == [5, 9]
    assert np.abs(read.profiles[1][0] - columns.clip(LOWEST)).max() <= STEP / 2
    assert read.profiles[1][1][-1, 0] == LOWEST
    for one, other in zip(read.profiles[1], as_stored(whole.profiles[1]), strict=True):
        assert (one == other).all()


def test_what_ships_says_virus_and_nothing_else() -> None:
    assert 100 <= len(SHIPPED.profiles) <= 150
    assert SHIPPED.evidence.min() > 0
    assert len(SHIPPED.evidence) == len(SHIPPED.profiles)
