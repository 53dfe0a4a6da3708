from __future__ import annotations

import numpy as np
import pytest

from llmbin.features.circles import LEAST_SHARED, MOST_SHARED, is_circle

RNG = np.random.default_rng(1)


def bases(n: int) -> np.ndarray:
    return RNG.integers(0, 4, n).astype(np.uint8)


@pytest.mark.parametrize("shared", [LEAST_SHARED, 55, 141, MOST_SHARED])
def test_ends_that_share_bases_are_a_circle(shared: int) -> None:
    body = bases(5_000)
    assert is_circle(np.concatenate([body, body[:shared]]))


@pytest.mark.parametrize("shared", [0, 12, LEAST_SHARED - 1, MOST_SHARED + 1])
def test_ends_that_share_less_or_more_are_none(shared: int) -> None:
    body = bases(5_000)
    assert not is_circle(np.concatenate([body, body[:shared]]))


def test_the_shared_bases_must_end_the_contig() -> None:
    body = bases(5_000)
    assert not is_circle(np.concatenate([body, body[:100], bases(5)]))
    assert not is_circle(np.concatenate([bases(5), body, body[:100]]))


def test_a_word_that_comes_twice_in_the_end_is_followed_to_the_end() -> None:
    word = bases(LEAST_SHARED)
    shared = np.concatenate([word, bases(10)])
    contig = np.concatenate([shared, bases(5_000), word, bases(20), shared])
    assert is_circle(contig)


@pytest.mark.parametrize("period", [5, 31, 171, 240])
def test_a_satellite_is_no_circle(period: int) -> None:
    unit = bases(period)
    for copies in range(5_000 // period, 5_003 // period + 4):
        assert not is_circle(np.tile(unit, copies))
    assert not is_circle(np.concatenate([np.tile(unit, 20), bases(3_000), np.tile(unit, 20)]))


def test_simple_repeats_and_short_contigs_are_no_circles() -> None:
    tail = np.tile([0, 3], 50).astype(np.uint8)
    assert not is_circle(np.concatenate([tail, bases(3_000), tail]))
    short = bases(400)
    assert not is_circle(np.concatenate([short, short[:60]]))
    assert not is_circle(np.empty(0, np.uint8))
