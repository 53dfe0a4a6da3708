from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llmbin._kernels import spaced_words
from llmbin.genes.homology import HOMOLOGY, HomologySearch
from llmbin.genes.sketches import SKETCH_RATE
from llmbin.io.contigs import Contig


@pytest.mark.parametrize("most_words", [HOMOLOGY.most_words, 5])  # words are thinned out by then
def test_sketches_are_the_words_of_groups_of_contigs(most_words: int) -> None:
    chance = np.random.default_rng(1)
    codes = [chance.integers(0, 4, size).astype(np.uint8) for size in (9000, 100, 30_000, 20_000)]
    codes.append(codes[0])
    contigs = [Contig(i, f"c{i}", part) for i, part in enumerate(codes)]
    search = HomologySearch(thresholds=replace(HOMOLOGY, most_words=most_words))
    for group in (contigs[:2], contigs[2:]):
        search.keep(group, search.look(group))
    sketches = search.sketches()
    search.pairs()
    assert len(sketches.ends) == len(contigs)
    label = np.array([1, 0, -1, 1, 1], np.int32)
    found = sketches.of_groups(label, 3)
    for number, words in enumerate(found):
        members = [codes[i] for i in np.flatnonzero(label == number)]
        want = np.unique(spaced_words(members, SKETCH_RATE)[0][:, 0])
        assert words.dtype == np.uint32
        assert words.tolist() == want.tolist()
    assert len(found[1]) > 30


def test_sketches_of_no_contigs() -> None:
    assert len(HomologySearch().sketches().ends) == 0
