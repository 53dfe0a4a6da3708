"""How likely contigs are of their cluster's genome."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from builders import binned, contigs_of, plain
from hypothesis import given
from hypothesis import strategies as st

from llmbin.cluster.confidence import chance_of, confidence, evidence_of, own_shares
from llmbin.cluster.neighbours import Neighbours, find_neighbours
from llmbin.cluster.recruit import Membership
from llmbin.resources import Resources

N = 40
LENGTHS = np.full(N, 5_000)
LABEL = np.repeat(np.array([0, 1], np.int32), N // 2)
ALL = np.ones(N, np.bool_)


def near(x: np.ndarray, threads: int = 1) -> Neighbours:
    return find_neighbours(plain(x, 1.0), np.arange(len(x), dtype=np.int32), Resources(threads))


def apart(by: float) -> np.ndarray:
    x = np.random.default_rng(1).normal(0, 1, (N, 4))
    return x + by * LABEL[:, None]


def membership(label: np.ndarray = LABEL, share: float = 0.9) -> Membership:
    n = len(label)
    return Membership(
        label, np.full(n, share), label >= 0, np.zeros(n, np.float32), label, np.zeros(n)
    )


def test_a_contig_among_its_own_is_likelier_right_than_one_among_others() -> None:
    label = LABEL.copy()
    label[0] = 1
    found = confidence(near(apart(8.0)), LENGTHS, membership(label), ALL)
    assert found[0] < 0.5
    assert found[1:].min() > 0.7


def test_votes_of_the_own_cluster_by_likelihood() -> None:
    label = LABEL.copy()
    label[3] = -1
    share = own_shares(near(apart(8.0)), label, ALL & (label >= 0))
    assert share[3] == 0
    np.testing.assert_allclose(np.delete(share, 3), 1, atol=1e-6)
    none = own_shares(near(apart(8.0)), np.full(N, -1, np.int32), np.zeros(N, np.bool_))
    assert (none == 0).all()


def test_of_contigs_in_no_cluster_it_is_the_share_of_votes() -> None:
    label = LABEL.copy()
    label[[2, 30]] = -1
    found = confidence(near(apart(8.0)), LENGTHS, membership(label, 0.63), ALL)
    assert (found[[2, 30]] == 0.63).all()
    outside = membership(np.full(N, -1, np.int32), 0.5)
    assert (confidence(near(apart(8.0)), LENGTHS, outside, ALL) == 0.5).all()


def test_no_other_contig_of_its_cluster_can_vote_for_one_that_is_alone() -> None:
    label = LABEL.copy()
    label[0] = 2
    x = apart(8.0)
    x[0] += 100
    lengths = LENGTHS.copy()
    lengths[0] = 3_000_000
    assert confidence(near(x), lengths, membership(label, 0.999), ALL)[0] > 0.995
    assert confidence(near(x), lengths, membership(label, 0.02), ALL)[0] < 0.8


def test_it_is_no_likelier_than_that_there_is_no_doubt() -> None:
    doubt = np.linspace(0, 1, N)
    found = confidence(near(apart(8.0)), LENGTHS, replace(membership(), doubt=doubt), ALL)
    assert (found <= 1 - doubt).all() and found[0] > 0.95


def test_threads_change_nothing() -> None:
    one, four = (confidence(near(apart(1.0), t), LENGTHS, membership(), ALL) for t in (1, 4))
    assert (one == four).all()


shares = st.floats(0, 1)


@given(shares, shares, st.booleans(), st.integers(0, 10**7), shares, st.integers(0, 10**7))
def test_more_votes_and_more_bases_never_make_it_less_likely(
    votes: float, likely: float, core: bool, bases: int, more: float, longer: int
) -> None:
    def chance(votes: float, likely: float, bases: int) -> float:
        columns = (np.array([votes]), np.array([likely]), np.array([core]), np.array([bases]))
        return float(chance_of(evidence_of(*columns))[0])

    least = chance(votes, likely, bases)
    assert 0 < least < 1
    assert chance(max(votes, more), likely, bases) >= least
    assert chance(votes, max(likely, more), bases) >= least
    assert chance(votes, likely, max(bases, longer)) >= least


def test_bins_carry_it() -> None:
    contigs = contigs_of(plain(apart(30.0), 1.0), np.full(N, 50_000))
    found = binned(contigs)
    assert found.bins == 2
    assert found.probability.min() > 0.95
    longer = contigs_of(plain(apart(30.0), 1.0), np.full(N, 500_000))
    assert (binned(longer).probability > found.probability).all()
