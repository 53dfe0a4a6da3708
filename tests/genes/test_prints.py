from __future__ import annotations

import numpy as np
import pytest

from llmbin.genes.candidates import Candidate
from llmbin.genes.prints import NONE, WIDTH, no_prints, prints_of, words_shared

LETTERS = "ACDEFGHIKLMNPQRSTVWY"


def protein(rng: np.random.Generator, length: int) -> str:
    return "".join(rng.choice(list(LETTERS), length))


def changed(text: str, share: float, rng: np.random.Generator) -> str:
    other = rng.choice(list(LETTERS), len(text))
    return "".join(np.where(rng.random(len(text)) < share, other, list(text)))


def test_proteins_share_the_fewer_words_the_more_they_differ() -> None:
    rng = np.random.default_rng(0)
    texts = [protein(rng, 250) for _ in range(60)]
    own = prints_of(texts)
    shares = [
        float(words_shared(own, prints_of([changed(t, x, rng) for t in texts])).mean())
        for x in (0.0, 0.1, 0.3, 0.7)
    ]
    assert shares[0] == 1
    assert shares == sorted(shares, reverse=True)
    # Of words of four residues .9 ** 4 are as they were, of those of either protein half.
    assert shares[1] == pytest.approx(0.5, abs=0.08)
    assert shares[3] < 0.03
    assert words_shared(own[:-1], own[1:]).max() < 0.1


def test_a_part_shares_what_it_has() -> None:
    rng = np.random.default_rng(1)
    texts = [protein(rng, 300) for _ in range(60)]
    halves = prints_of([t[:150] for t in texts])
    assert words_shared(prints_of(texts), halves).mean() == pytest.approx(0.5, abs=0.06)
    both = np.minimum(halves, prints_of([t[147:] for t in texts]))
    assert np.array_equal(both, prints_of(texts))  # of the parts of a gene comes that of the gene


def test_prints_of_little_and_of_unknown_residues() -> None:
    assert prints_of([]).shape == (0, WIDTH)
    assert (prints_of(["", "MK", "XXXXXXXX", "MKXLV*AA"]) == NONE).all()
    assert np.array_equal(prints_of(["MKVLA", "", "C"])[0], prints_of(["MKVLA"])[0])
    assert (prints_of(["MKVLA"]) != NONE).sum() == 2
    nothing = no_prints(2)
    assert words_shared(nothing, nothing).tolist() == [0, 0]
    with pytest.raises(ValueError, match="read-only"):
        nothing[0] = 0


def test_the_part_of_a_protein_that_is_like_its_family() -> None:
    text = "".join(chr(65 + k % 26) for k in range(100))
    assert Candidate(0, text, 5).part(40, 60) == text[25:65]
    assert Candidate(0, text, -5).part(0, 90) == text[:100]
    assert Candidate(0, text, 80).part(0, 60) == ""
