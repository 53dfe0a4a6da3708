from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from llmbin._kernels import WordTable, spaced_words
from llmbin.features.scan import watched
from llmbin.genes.earlier_pairs import (
    DIGEST,
    EarlierSearch,
    Since,
    Stretches,
    no_search,
    unpacked_search,
)
from llmbin.genes.homology import Homology, HomologySearch
from llmbin.genes.thresholds import HOMOLOGY
from llmbin.io.contigs import Codes, Contig

NO_PAIRS = np.empty((0, 2), np.int32)
FEW_PLACES = replace(HOMOLOGY, word_rate=1, most_places=4)


def digest(codes: Codes) -> bytes:
    return blake2b(codes.data, digest_size=DIGEST).digest()


def searched(
    contigs: Sequence[Codes], earlier: EarlierSearch | None
) -> tuple[Homology, EarlierSearch]:
    since = Since(earlier, lambda: [digest(codes) for codes in contigs])
    pairs = pairs_of(contigs, HomologySearch(threads=2, thresholds=FEW_PLACES, since=since))
    assert since.found is not None
    return pairs, since.found


def pairs_of(contigs: Sequence[Codes], search: HomologySearch) -> Homology:
    stream = (Contig(i, f"c{i}", codes) for i, codes in enumerate(contigs))
    for _ in watched(stream, [search], 2):
        pass
    return search.pairs()


def without_memory(contigs: Sequence[Codes]) -> Homology:
    return pairs_of(contigs, HomologySearch(threads=1, thresholds=FEW_PLACES))


def assert_same(one: EarlierSearch, other: EarlierSearch) -> None:
    np.testing.assert_array_equal(one.stretches.pairs, other.stretches.pairs)
    np.testing.assert_array_equal(one.stretches.alike, other.stretches.alike)
    np.testing.assert_array_equal(one.frequent, other.frequent)
    assert (one.rate, one.most) == (other.rate, other.most)
    assert list(one.contigs) == list(other.contigs)


def relative(rng: np.random.Generator, ancestor: Codes) -> Codes:
    """A stretch of it, with one base in fifty changed, on either strand."""
    begin, end = np.sort(rng.integers(0, len(ancestor), 2))
    codes = ancestor[begin:end].copy()
    at = rng.random(len(codes)) < 0.02
    codes[at] = rng.integers(0, 4, at.sum())
    return codes if rng.random() < 0.5 else np.ascontiguousarray(3 - codes[::-1])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("others", [0, 30])
def test_rounds_find_what_a_search_from_nothing_finds(
    seed: int, shuffled: bool, others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contigs come, go and change, and words of families cross the limit of places.

    So do few beside many other contigs: then no more is looked at again than what they change.
    """
    again = []

    def among(self: EarlierSearch, place: np.ndarray, but: np.ndarray) -> Stretches:
        again.append(len(but))
        return plainly_among(self, place, but)

    plainly_among = EarlierSearch.among
    monkeypatch.setattr(EarlierSearch, "among", among)
    rng = np.random.default_rng(seed)
    ancestors = [rng.integers(0, 4, 3000).astype(np.uint8) for _ in range(4)]

    def some(count: int) -> list[Codes]:
        return [relative(rng, ancestors[rng.integers(4)]) for _ in range(count)]

    contigs, earlier, crossed, left = some(24), None, 0, 0
    contigs += [rng.integers(0, 4, 3000).astype(np.uint8) for _ in range(others)]
    for _ in range(5):
        pairs, found = searched(contigs, earlier)
        _, fresh = searched(contigs, None)
        assert_same(found, fresh)
        plain = without_memory(contigs)
        for name in ("first", "second", "length"):
            np.testing.assert_array_equal(getattr(pairs, name), getattr(plain, name))
        if earlier is not None:
            crossed += len(np.setxor1d(earlier.frequent, found.frequent))
            left += len(plainly_among(earlier, earlier.places(found.contigs), NO_PAIRS).alike)
        earlier = unpacked_search(found.packed())
        gone = rng.integers(0, len(contigs), 2).tolist()
        contigs = [codes for i, codes in enumerate(contigs) if i not in gone] + some(2)
        if shuffled:
            contigs = [contigs[i] for i in rng.permutation(len(contigs))]
    assert crossed and left
    assert any(again) or not others


def test_what_is_known_is_not_looked_for() -> None:
    """An earlier search that says something else is believed."""
    rng = np.random.default_rng(0)
    ancestor = rng.integers(0, 4, 3000).astype(np.uint8)
    contigs = [ancestor, relative(rng, ancestor), relative(rng, ancestor)]
    _, found = searched(contigs, None)
    assert found.stretches.pairs[:, :2].tolist() == [[0, 1], [0, 2], [1, 0], [2, 0]]
    pairs = found.stretches.pairs.copy()
    pairs[:, 2] -= [7, 0, 5, 0]
    said = replace(found, stretches=replace(found.stretches, pairs=pairs))
    homology, told = searched(contigs, said)
    np.testing.assert_array_equal(told.stretches.pairs, pairs)
    assert homology.length.tolist() == pairs[:2, 2].tolist()
    turned = searched(contigs[::-1], said)[1].stretches
    assert turned.pairs[:, :2].tolist() == [[0, 2], [1, 2], [2, 0], [2, 1]]
    assert turned.pairs[:, 2].tolist() == pairs[[3, 2, 1, 0], 2].tolist()
    for other in (replace(said, rate=2), replace(said, most=3), replace(said, contigs=[b""] * 3)):
        _, again = searched(contigs, other)
        np.testing.assert_array_equal(again.stretches.pairs, found.stretches.pairs)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(("holders", "known"), [(2, True), (3, False)])
def test_a_search_begins_anew_when_that_is_less_work(last: bool, holders: int, known: bool) -> None:
    """A word that was too frequent has the pairs looked at again that have it, if they are few.

    Whether it is among the first words that are looked through or the last.
    """
    rng = np.random.default_rng(1)
    ancestor = rng.integers(0, 4, 2000).astype(np.uint8)
    contigs = [ancestor, relative(rng, ancestor), relative(rng, ancestor)]
    twice = 2 * sum(len(codes) for codes in contigs)
    contigs.append(rng.integers(0, 4, twice - 200).astype(np.uint8))  # all three are a third then
    words, ends = spaced_words(contigs, 1)
    table, in_contigs = WordTable(1), np.repeat(np.arange(4), np.diff(ends, prepend=0))
    table.add(words, ends, np.array([len(codes) for codes in contigs]))
    plain, alike = table.shared(9, 1 << 40)
    having = {
        int(word): set(in_contigs[words[:, 0] == word].tolist()) for word in np.unique(words[:, 0])
    }
    crossing = [word for word, rows in having.items() if len(rows) == holders]
    word = crossing[-1 if last else 0]
    assert (word >> 28 == 15) if last else (word >> 28 == 0)
    everyone = np.arange(4, dtype=np.int32)
    told = table.shared_since(9, 1 << 40, 2, everyone, (9, np.array([word], np.uint32)))
    pairs, same, rest_is_known, again, _, _ = told
    assert rest_is_known is known
    rows = (plain[:, :2, None] == again.T).all(1).any(1) if known else np.ones(len(plain), bool)
    found = Stretches(pairs, same).in_order()
    np.testing.assert_array_equal(found.pairs, plain[rows])
    np.testing.assert_array_equal(found.alike, alike[rows])


def test_contigs_that_are_the_same_are_new() -> None:
    earlier = replace(no_search(8), contigs=[b"a", b"b", b"b", b"c", b"d"])
    assert earlier.places([b"b", b"d", b"a", b"e", b"c", b"c"]).tolist() == [-1, 4, 0, -1, -1, -1]


def test_stretches_go_where_their_contigs_are_now() -> None:
    pairs = np.array([[0, 1, 10, 20], [0, 2, 11, 21], [1, 3, 12, 22], [2, 3, 13, 23]], np.int32)
    alike = np.arange(4, dtype=np.float32)
    earlier = replace(
        no_search(8), contigs=[b"a", b"b", b"c", b"d"], stretches=Stretches(pairs, alike)
    )
    place = earlier.places([b"x", b"a", b"c", b"b", b"d"])
    kept = earlier.among(place, np.array([[3, 4]], np.int32))
    assert kept.pairs.tolist() == [[1, 3, 10, 20], [1, 2, 11, 21], [2, 4, 13, 23]]
    assert kept.alike.tolist() == [0, 1, 3]
    turned = earlier.among(earlier.places([b"d", b"c", b"b", b"a"]), np.array([[1, 3]], np.int32))
    assert turned.pairs.tolist() == [[3, 2, 10, 20], [2, 0, 12, 22], [1, 0, 13, 23]]
    assert turned.alike.tolist() == [0, 2, 3]


@pytest.mark.parametrize(
    ("place", "frequent"), [(np.zeros(1, np.int32), []), (np.zeros(0, np.int32), [2, 1])]
)
def test_what_does_not_fit_a_table_is_refused(place: np.ndarray, frequent: list[int]) -> None:
    with pytest.raises(ValueError, match="must"):
        WordTable(1).shared_since(4, 100, 1, place, (4, np.array(frequent, np.uint32)))
