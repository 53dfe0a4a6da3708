from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from test_tree_cut import plain

from llmbin._kernels import WordTable, encode_bases, spaced_words
from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.points import Points
from llmbin.cluster.recruit import Membership
from llmbin.cluster.relatives import colouring, separate, separate_relatives, settle
from llmbin.cluster.repulsion import Repulsion
from llmbin.features.scan import watched
from llmbin.genes import homology
from llmbin.genes.homology import Homology, HomologySearch, no_homology
from llmbin.genes.markers import MarkerSet
from llmbin.io.contigs import Contig

MARKERS = MarkerSet(["a", "b", "c", "d"], [1.0] * 4, ["bacteria", "archaea"], np.ones((2, 4), bool))
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
    table.add(spaced_words([encode_bases(text.encode())], 1)[0], len(text))


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


def found(texts: list[str], names: list[str] | None = None) -> list[tuple[int, int, int]]:
    search = HomologySearch(lambda name: name.split("~")[0] if "~" in name else "")
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


@pytest.mark.parametrize(
    ("left", "right", "turned"), list(product([0, 4000], [0, 4000], [False, True]))
)
def test_what_could_overlap_follows_from_the_ends(left: int, right: int, turned: bool) -> None:
    """A stretch of 2,000 bases, with flanks of its own on the first contig and on the left of the second."""
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
    assert found([mutated(rng, repeat, 0.01) for _ in range(2 * homology.MOST_PLACES)]) == []


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
    names = [f"{sample}~{i}" for sample in "xy" for i in range(3)]
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


def test_frequent_words_are_left_out_where_matches_would_be_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    family, pair = random_bases(rng, 5000), random_bases(rng, 5000)
    texts = [mutated(rng, family, 0.01) for _ in range(20)] + [
        mutated(rng, pair, 0.01) for _ in range(2)
    ]
    assert len(found(texts)) == 191
    monkeypatch.setattr(homology, "MOST_MATCHES", 1000)
    assert [p[:2] for p in found(texts)] == [(20, 21)]


def test_unknown_bases_and_unlike_contigs_are_homologous_to_nothing() -> None:
    rng = np.random.default_rng(5)
    assert (
        found(["N" * 5000, "N" * 5000, random_bases(rng, 5000), random_bases(rng, 5000), "ACGT"])
        == []
    )
    assert found([]) == []


def test_samples_are_searched_apart_and_thinning_finds_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(6)
    gene = random_bases(rng, 8000)
    texts = [gene, diverged(rng, gene), diverged(rng, gene), random_bases(rng, 4000)]
    names = ["x~0", "y~0", "x~1", "y~1"]
    assert [p[:2] for p in found(texts, names)] == [(0, 2)]
    whole = found(texts)
    monkeypatch.setattr(homology, "MOST_WORDS", 800)
    thin = found(texts)
    assert [p[:2] for p in thin] == [p[:2] for p in whole] == [(0, 1), (0, 2), (1, 2)]
    assert thin != whole  # ends are looked at less closely


def homology_of(*pairs: tuple[int, int, int]) -> Homology:
    return Homology(*np.array(pairs or np.empty((0, 3)), np.int32).reshape(-1, 3).T.copy())


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


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(2, 3))
@settings(deadline=None, max_examples=60)
def test_choices_equal_those_of_all_combinations_where_pairs_make_no_cycle(
    seed: int, n: int, parts: int
) -> None:
    rng = np.random.default_rng(seed)
    logs = rng.normal(0, 2, (n, parts))
    logs[rng.random((n, parts)) < 0.15] = -np.inf
    logs[:, 0] = np.maximum(logs[:, 0], -5)
    options = np.array([rng.permutation(5)[:parts] for _ in range(n)], np.int32)
    pairs = homology_of(
        *[(int(rng.integers(i)), i, int(rng.integers(500, 30_000))) for i in range(1, n)]
    )
    want = np.zeros((n, parts))
    for choice in product(range(parts), repeat=n):
        same = [
            options[a, choice[a]] == options[b, choice[b]]
            for a, b in zip(pairs.first, pairs.second, strict=True)
        ]
        weight = np.exp(sum(logs[i, c] for i, c in enumerate(choice)) - pairs.evidence[same].sum())
        want[np.arange(n), choice] += weight
    want /= want.sum(1, keepdims=True)
    repulsion = Repulsion(options, pairs)
    repulsion.choose(rng.normal(size=logs.shape))  # what was asked before makes no difference
    np.testing.assert_allclose(repulsion.choose(logs), want, atol=0.02)


def test_no_pairs_leave_each_contig_to_itself() -> None:
    logs = np.log([[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(
        Repulsion(np.zeros((2, 2), np.int32), no_homology()).choose(logs), np.exp(logs)
    )


def relatives(
    rng: np.random.Generator, n: int = 40, apart: float = 1.5, genomes: int = 2
) -> tuple[Points, np.ndarray, np.ndarray, Homology]:
    """Points of some genomes a few noises apart, the genome of each contig, lengths, and homology of contigs that line up."""
    m = genomes * n
    genome = np.repeat(np.arange(genomes), n)
    lengths = rng.integers(3_000, 30_000, m)
    x = rng.normal(0, 1, (m, 6))
    x[np.arange(m), genome] += apart * (genome > 0)
    ends = np.concatenate([np.cumsum(lengths[genome == g]) for g in range(genomes)])
    pairs = []
    for i, j in combinations(range(m), 2):
        shared = min(ends[i], ends[j]) - max(ends[i] - lengths[i], ends[j] - lengths[j])
        if genome[i] != genome[j] and shared > 800:
            pairs.append((i, j, int(0.8 * shared)))
    return plain(x, 1.0), genome, lengths, homology_of(*pairs)


def purity(part: np.ndarray, genome: np.ndarray, lengths: np.ndarray) -> float:
    table = np.zeros((int(part.max()) + 1, int(genome.max()) + 1))
    np.add.at(table, (part, genome), lengths)
    return float(table.max(1).sum() / table.sum())


@pytest.mark.parametrize("seed", range(4))
def test_relatives_that_look_alike_are_told_apart(seed: int) -> None:
    points, genome, lengths, pairs = relatives(np.random.default_rng(seed))
    part = separate(points, lengths, pairs, 0.2)
    assert part.max() == 1 and purity(part, genome, lengths) > 0.97
    assert not separate(points, lengths, no_homology(), 0.2).any()


@pytest.mark.parametrize("seed", range(4))
def test_three_relatives_are_told_apart(seed: int) -> None:
    """A third of the homologous bases is left within the halves at first, as of repeats."""
    points, genome, lengths, pairs = relatives(np.random.default_rng(seed), apart=2.0, genomes=3)
    part = separate(points, lengths, pairs, 0.2)
    assert part.max() == 2 and purity(part, genome, lengths) > 0.97


@pytest.mark.parametrize("seed", range(4))
def test_homology_alone_colours_two_genomes_that_line_up(seed: int) -> None:
    rng = np.random.default_rng(seed)
    _, genome, lengths, pairs = relatives(rng)
    share = colouring(lengths, pairs)
    begun = share.sum(1) > 0
    assert set(np.unique(share)) == {0, 1} and lengths[begun].sum() > 0.25 * lengths.sum()
    colour = share.argmax(1) ^ int(share[genome == 0, 1].any())
    assert (colour[begun] == genome[begun]).all()
    order = rng.permutation(len(lengths))
    place = np.argsort(order)
    shuffled = Homology(place[pairs.second[::-1]], place[pairs.first[::-1]], pairs.length[::-1])
    again = colouring(lengths[order], shuffled)
    assert (again == share[order]).all() or (again == share[order, ::-1]).all()


def test_a_colouring_begins_from_the_longest_stretches_of_the_largest_set() -> None:
    lengths = np.array([9_000, 9_000, 9_000, 50_000, 4_000, 700])
    pairs = homology_of((0, 1, 5_000), (1, 2, 4_000), (0, 2, 900), (3, 4, 3_000))
    assert colouring(lengths, pairs).tolist() == [[0, 0], [0, 0], [0, 0], [1, 0], [0, 1], [0, 0]]
    three = colouring(np.full(6, 9_000), pairs)[:3]
    assert (three[0] == three[2]).all() and (
        three[0] == 1 - three[1]
    ).all()  # the 900 bp of 0 and 2 come last and close a ring


def test_a_genome_with_some_repeats_stays_whole() -> None:
    points, _, lengths, _ = relatives(np.random.default_rng(1), apart=0)
    repeats = homology_of(*[(i, i + 7, 1200) for i in range(0, 60, 3)])
    assert 2 * repeats.length.sum() < 0.08 * lengths.sum()
    assert not separate(points, lengths, repeats, 0.2).any()
    many = homology_of(
        *[(i, j, 3000) for i, j in combinations(range(0, 72, 6), 2)]
    )  # a family, all of which are alike
    assert 2 * many.length.sum() > 0.2 * lengths.sum()
    assert not separate(points, lengths, many, 0.2).any()


def test_parts_must_be_worth_what_the_bins_were() -> None:
    rng = np.random.default_rng(2)
    points, genome, lengths, pairs = relatives(rng)
    groups = [np.arange(len(points))]
    counts = np.zeros((len(points), 4), np.int16)
    counts[[0, 1, 2, 3, 40, 41, 42, 43], [0, 1, 2, 3] * 2] = 1
    mixed = np.zeros(len(points), np.int32)
    core = separate_relatives(points, lengths, pairs, mixed, groups, counts, MARKERS)
    assert (
        purity(np.unique(core, return_inverse=True)[1], genome, lengths) > 0.97
        and (mixed == 0).all()
    )
    known = genome.astype(np.int32)
    counts[:] = 0
    counts[[0, 1, 2, 3], [0, 1, 2, 3]] = 1
    odd = known.copy()
    odd[4:30] = 2  # worth the same by markers as the true parts are
    assert (
        separate_relatives(points, lengths, pairs, odd, [np.arange(30)], counts, MARKERS) == odd
    ).all()
    assert (separate_relatives(points, lengths, no_homology(), mixed, groups) == mixed).all()


def test_a_short_contig_is_not_recruited_beside_its_ortholog() -> None:
    """Two genomes side by side; a short contig between them, homologous to a long contig of the nearer one."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(0, 0.2, (7, 4)), rng.normal(2, 0.2, (7, 4)), [[0.9] * 4]])
    n = len(x)
    points = plain(x, 1.0)
    lengths = np.array([40_000] * 14 + [1200])
    in_tree = lengths > 2500
    label = np.array([0] * 7 + [1] * 7 + [0], np.int32)
    before = Membership(label, np.full(n, 0.9), in_tree, np.zeros(n, np.float32))
    near = find_neighbours(points, np.flatnonzero(in_tree).astype(np.int32), 1)
    settled = settle(near, lengths, before, in_tree, homology_of((3, 14, 1100)))
    assert settled.label[14] != 0 and (settled.label[:14] == label[:14]).all()
    assert (settle(near, lengths, before, in_tree, no_homology()).label == label).all()
    elsewhere = settle(near, lengths, before, in_tree, homology_of((9, 14, 1100)))
    assert elsewhere.label[14] == 0
