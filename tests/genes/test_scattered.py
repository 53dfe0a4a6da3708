from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyhmmer")

from llmbin._kernels import encode_bases
from llmbin.features.scan import watched
from llmbin.genes.markers import MarkerSearch, load_marker_set
from llmbin.genes.matches import Matches
from llmbin.genes.scattered import STEP, Scattered, arrays_of, load_scattered
from llmbin.io.contigs import Contig
from llmbin.tools.synthetic import (
    GenomeModel,
    marker_proteins,
    synthetic_genome,
    universal_proteins,
)

MARKERS = load_marker_set()


def matches(texts: list[str]) -> Matches:
    search = MarkerSearch(MARKERS, 2)
    contigs = [Contig(k, str(k), encode_bases(text.encode())) for k, text in enumerate(texts)]
    for _ in watched(contigs, [search], 1):
        pass
    return search.matches()


@pytest.fixture(scope="module")
def found() -> Matches:
    """Of a genome with all families, and one with markers alone."""
    every, some = universal_proteins(), marker_proteins()
    rng = np.random.default_rng(3)
    return matches([synthetic_genome(rng, 450_000, every), synthetic_genome(rng, 450_000, some)])


def test_scattered_families_are_found_behind_the_markers(found: Matches) -> None:
    assert MARKERS.scattered == len(load_scattered()) >= 50
    once, more = found.genes().cover(np.array([0, 1]), 2, MARKERS.families)
    scattered = once[:, len(MARKERS.names) :]
    assert (scattered[0] > 0.9).mean() > 0.95
    assert (scattered[1] > 0).mean() < 0.1
    assert more[0, len(MARKERS.names) :].mean() < 0.05


def test_the_cut_does_not_know_scattered_families(found: Matches) -> None:
    families = len(MARKERS.names)
    markers = found.take(found.family < families)
    both = [m.counts(2, families) for m in (found, markers)]
    assert (both[0][:] == both[1][:]).all()
    assert (found.family >= families).any()


def test_half_a_gene_at_an_end_is_half() -> None:
    rng = np.random.default_rng(5)
    gene = GenomeModel(rng).gene(max(universal_proteins()[-MARKERS.scattered :], key=len))
    once, _ = matches([gene[: len(gene) // 2]]).genes().cover(np.array([0]), 1, MARKERS.families)
    assert 0.3 < once[0, len(MARKERS.names) :].max() < 0.7


def test_profiles_are_written_in_steps() -> None:
    rng = np.random.default_rng(1)
    columns, transitions = (rng.normal(0, 3, (9, k)).astype(np.float32) for k in (20, 7))
    transitions[-1, 0] = -np.inf
    held = arrays_of([Scattered(columns[:5], transitions[:5], 20.5)] * 2)
    assert held["lengths"].tolist() == [5, 5]
    assert np.abs(held["columns"][:5] * STEP - columns[:5].clip(-8, 127 * STEP)).max() <= STEP / 2
    assert arrays_of([Scattered(columns, transitions, 1.0)])["transitions"][-1, 0] * STEP == -8
