from __future__ import annotations

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import reference
from builders import homology_of
from hypothesis import given
from hypothesis import strategies as st

from llmbin._kernels import (
    WordTable,
    encode_bases,
    spaced_words,
)
from llmbin.features.scan import watched
from llmbin.genes.homology import HomologySearch, no_homology
from llmbin.genes.thresholds import HOMOLOGY, HomologyThresholds
from llmbin.io.contigs import Contig

pieces = st.lists(
    st.one_of(st.text(alphabet="ACGT", min_size=20, max_size=70), st.sampled_from(["N", "RY"])),
    max_size=4,
).map("".join)


@given(pieces)
def test_sampled_words_equal_the_reference(text: str) -> None:
    want = reference.spaced_words(text)
    words, places = words_of(text, 1)
    assert [(p >> 1, p & 1) for p in places.tolist()] == [(at, forward) for _, at, forward in want]
    assert (
        len(set(words.tolist()))
        == len({w for w, _, _ in want})
        == len({*zip(words.tolist(), (w for w, _, _ in want), strict=True)})
    )
    chosen = words % 4 == 0
    for kept, at in (words_of(text, 4), words_of(text, 1, thinned=2)):
        assert (kept == words[chosen]).all() and (at == places[chosen]).all()
    assert (
        spaced_words([encode_bases(text.encode())], 4)[0]
        == np.column_stack([words, places])[chosen]
    ).all()


def test_words_of_contigs_stay_apart_however_many_they_are() -> None:
    """More than one piece of memory holds."""
    rng = np.random.default_rng(7)
    texts = [random_bases(rng, n) for n in (100_000, 20, 0, 90_000, 1000)]
    table = WordTable(1)
    for text in texts:
        add(table, text)
    for _ in range(2):
        contig, words, places = table.words().T
        assert len(table) == len(contig)
        for i, text in enumerate(texts):
            one = words_of(text, 1, thinned=_)
            assert (one[0] == words[contig == i]).all() and (one[1] == places[contig == i]).all()
        table.thin()


def add(table: WordTable, text: str) -> None:
    """All words of a contig are offered; the table keeps those of its sample."""
    table.add(*spaced_words([encode_bases(text.encode())], 1), np.array([len(text)]))


def words_of(text: str, sample: int, thinned: int = 0) -> tuple[np.ndarray, np.ndarray]:
    table = WordTable(sample)
    add(table, text)
    for _ in range(thinned):
        table.thin()
    _, words, places = table.words().T
    return words, places


def random_bases(rng: np.random.Generator, n: int) -> str:
    return "".join(rng.choice(list("ACGT"), n))


def diverged(rng: np.random.Generator, text: str) -> str:
    """With a third of the third positions changed."""
    return changed(rng, text, np.arange(2, len(text), 3)[rng.random(len(text) // 3) < 1 / 3])


def mutated(rng: np.random.Generator, text: str, share: float = 0.02) -> str:
    """With a share of all bases changed."""
    return changed(rng, text, np.flatnonzero(rng.random(len(text)) < share))


def changed(rng: np.random.Generator, text: str, at: np.ndarray) -> str:
    """With other bases at some places."""
    bases = np.array(list(text))
    bases[at] = [rng.choice([c for c in "ACGT" if c != bases[i]]) for i in at]
    return "".join(bases)


def contig(index: int, text: str, name: str = "") -> Contig:
    return Contig(index, name or f"c{index}", encode_bases(text.encode()))


def found(
    texts: list[str], names: list[str] | None = None, thresholds: HomologyThresholds = HOMOLOGY
) -> list[tuple[int, int, int]]:
    search = HomologySearch(
        lambda name: name.split("~")[0] if "~" in name else "", thresholds=thresholds
    )
    for _ in watched(
        (contig(i, text, names[i] if names else "") for i, text in enumerate(texts)), [search], 2
    ):
        pass
    pairs = search.pairs()
    return list(
        zip(pairs.first.tolist(), pairs.second.tolist(), pairs.length.tolist(), strict=True)
    )


@pytest.mark.parametrize("turned", [False, True])
def test_diverged_contigs_are_homologous_on_either_strand(turned: bool) -> None:
    rng = np.random.default_rng(turned)
    gene = random_bases(rng, 6000)
    other = diverged(rng, gene)
    other = reference.reverse_complement(other) if turned else other
    [(a, b, length)] = found([random_bases(rng, 3000), gene, random_bases(rng, 900), other])
    assert (a, b) == (1, 3) and 5500 < length <= 6000


def test_gaps_do_not_break_homology() -> None:
    rng = np.random.default_rng(4)
    gene, others = random_bases(rng, 12_000), [random_bases(rng, 3000) for _ in range(2)]
    other = diverged(rng, gene)
    want = found([others[0], gene, others[1], other])
    gap = "N" * 3000
    scaffold = gap.join([gene[:5000], gene[5000:9000], gene[9000:]]) + gap
    assert found([others[0], scaffold, gap + others[1], "n" * 10 + other]) == want
    assert want[0][:2] == (1, 3)


@pytest.mark.parametrize(
    ("left", "right", "turned"), list(product([0, 4000], [0, 4000], [False, True]))
)
def test_what_could_overlap_follows_from_the_ends(left: int, right: int, turned: bool) -> None:
    """A stretch of 2,000 bases, with flanks on the first contig and on the left of the second."""
    rng = np.random.default_rng(left + right + turned)
    stretch = random_bases(rng, 2000)
    first = random_bases(rng, left) + stretch + random_bases(rng, right)
    second = random_bases(rng, 3000) + mutated(rng, stretch, 0.01)
    possible = min(left, 3000) + 2000
    if turned:
        second = reference.reverse_complement(second)
    words = WordTable(1)
    for text in (first, second):
        add(words, text)
    [[a, b, length, could]], [alike] = words.shared(60, 1 << 20)
    assert (a, b) == (0, 1)
    assert abs(length - 2000) < 100 and abs(could - possible) < 100
    assert 0.99**16 - 0.1 < alike < 0.99**16 + 0.1
    assert bool(found([first, second])) == (possible / 2 + 100 <= 2000)


def test_a_repeat_in_many_contigs_and_a_repeat_within_one_say_nothing() -> None:
    rng = np.random.default_rng(3)
    repeat = random_bases(rng, 1500)
    assert found([repeat + random_bases(rng, 1000 + i) + repeat for i in range(1)]) == []
    family = [mutated(rng, repeat, 0.01) for _ in range(5)]
    assert len(found(family)) == 10
    assert found([mutated(rng, repeat, 0.01) for _ in range(2 * HOMOLOGY.most_places)]) == []


@pytest.mark.parametrize(
    ("share", "alike", "pairs"),
    [(0.0, 1.0, 0), (0.001, 0.984, 0), (0.01, 0.851, 1), (0.03, 0.614, 1)],
)
def test_what_is_the_same_in_two_contigs_is_a_repeat(
    share: float, alike: float, pairs: int
) -> None:
    rng = np.random.default_rng(8)
    text = random_bases(rng, 20_000)
    other = mutated(rng, text, share)
    words = WordTable(4)
    for t in (text, other):
        add(words, t)
    assert words.shared(60, 1 << 20)[1] == pytest.approx([alike], abs=0.04)
    assert len(found([text, other, random_bases(rng, 500_000)])) == pairs


def test_pairs_do_not_depend_on_the_threads() -> None:
    rng = np.random.default_rng(12)
    words = WordTable(2)
    for _ in range(20):
        text = random_bases(rng, int(rng.integers(800, 6000)))
        for t in (
            text,
            mutated(rng, text, 0.02),
            reference.reverse_complement(diverged(rng, text)),
        ):
            add(words, t)
    pairs, alike = words.shared(60, 1 << 20, 1)
    assert len(pairs) > 30
    for threads in (2, 3, 8):
        again = words.shared(60, 1 << 20, threads)
        assert (again[0] == pairs).all() and (again[1] == alike).all()


def test_where_all_contigs_are_there_twice_they_are_no_repeats(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rng = np.random.default_rng(10)
    texts = [random_bases(rng, 4000) for _ in range(3)]
    assert [p[:2] for p in found(texts * 2)] == [(0, 3), (1, 4), (2, 5)]
    assert "--separator" in caplog.text
    names = [f"{assembly}~{i}" for assembly in "xy" for i in range(3)]
    caplog.clear()
    assert found(texts * 2, names) == [] and not caplog.text


def test_bases_under_many_copies_of_a_repeat_count_once() -> None:
    rng = np.random.default_rng(9)
    gene = random_bases(rng, 1000)
    tandem = "".join(mutated(rng, gene) for _ in range(4))
    for texts in (
        [tandem, gene],
        [gene, tandem],
        [tandem, "".join(mutated(rng, gene) for _ in range(5))],
    ):
        [(_, _, length)] = found(texts)
        assert 0.8 * min(map(len, texts)) < length <= min(map(len, texts))


def test_frequent_words_are_left_out_where_matches_would_be_too_many() -> None:
    rng = np.random.default_rng(4)
    family, pair = random_bases(rng, 5000), random_bases(rng, 5000)
    texts = [mutated(rng, family, 0.01) for _ in range(20)] + [
        mutated(rng, pair, 0.01) for _ in range(2)
    ]
    assert len(found(texts)) == 191
    few = replace(HOMOLOGY, most_matches=1000)
    assert [p[:2] for p in found(texts, thresholds=few)] == [(20, 21)]


def test_unknown_bases_and_unlike_contigs_are_homologous_to_nothing() -> None:
    rng = np.random.default_rng(5)
    assert (
        found(["N" * 5000, "N" * 5000, random_bases(rng, 5000), random_bases(rng, 5000), "ACGT"])
        == []
    )
    assert found([]) == []


def test_assemblies_are_searched_apart_and_thinning_finds_the_same() -> None:
    rng = np.random.default_rng(6)
    gene = random_bases(rng, 8000)
    texts = [gene, diverged(rng, gene), diverged(rng, gene), random_bases(rng, 4000)]
    names = ["x~0", "y~0", "x~1", "y~1"]
    assert [p[:2] for p in found(texts, names)] == [(0, 2)]
    whole = found(texts)
    thin = found(texts, thresholds=replace(HOMOLOGY, most_words=800))
    assert [p[:2] for p in thin] == [p[:2] for p in whole] == [(0, 1), (0, 2), (1, 2)]
    assert thin != whole  # ends are looked at less closely


def test_pairs_among_some_contigs() -> None:
    pairs = homology_of((0, 3, 500), (2, 5, 900), (3, 5, 700))
    part = pairs.take(np.array([2, 3, 5]))
    assert [part.first.tolist(), part.second.tolist(), part.length.tolist()] == [
        [0, 1],
        [2, 2],
        [900, 700],
    ]
    assert (
        len(pairs.take(np.array([], int)).first)
        == len(pairs.take(np.array([7])).first)
        == len(no_homology().take(np.arange(3)).first)
        == 0
    )
    label = np.array([0, -1, 1, 0, 2, 1])
    assert [p.length.tolist() for p in pairs.within(label, 3)] == [[500], [900], []]
    assert [pairs.bases(label, a, b) for a, b in ((0, 1), (1, 0), (1, 1), (0, 0), (0, 2))] == [
        700,
        700,
        900,
        500,
        0,
    ]


def test_evidence_grows_with_length_up_to_a_limit() -> None:
    evidence = homology_of((0, 1, 500), (0, 2, 1000), (0, 3, 10**6)).evidence
    assert evidence == pytest.approx([1.5, 3.1, 10])


def test_a_run_of_one_base_has_no_words_and_thinning_ends() -> None:
    """Its hash is 0, which every rate would keep."""
    run = "A" * 400 + "T" * 400
    assert len(spaced_words([encode_bases(run.encode())], 1)[0]) <= 2 * 22  # where A meets T
    texts = [run, "AT" * 400, "ACGTTGCATTGACCATGA" * 40]
    assert found(texts, thresholds=HomologyThresholds(most_words=10)) == []


@pytest.mark.parametrize(
    ("assembly", "said"),
    [("", r"contigs are the same .*\(--separator\)$"), ("S1", "contigs of S1 are.*by itself$")],
)
def test_genomes_that_are_there_twice_are_told(
    assembly: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    rng = np.random.default_rng(5)
    same = random_bases(rng, 30_000)
    search = HomologySearch(lambda name: assembly)
    contigs = [Contig(i, name, encode_bases(same.encode())) for i, name in enumerate("ab")]
    search.keep(contigs, search.look(contigs))
    assert len(search.pairs().length) == 1
    assert re.search(said, caplog.text.strip())
