from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from builders import plain

from llmbin.cluster.nearby import share_nearby
from llmbin.resources import Resources

RNG = np.random.default_rng(5)
LEFT, RIGHT, BETWEEN = np.zeros((20, 3)), np.full((20, 3), 10.0), np.full((1, 3), 5.0)
# Twenty here, twenty there, and three that ask: one of each side, and one between them.
PLACES = np.concatenate([LEFT, RIGHT, LEFT[:1], RIGHT[:1], BETWEEN])
POINTS = plain(PLACES + RNG.normal(0, 0.1, PLACES.shape))
ASKING, VOTERS = np.arange(40, 43), np.arange(40)
ON_THE_RIGHT = np.arange(len(PLACES)) >= 20


def test_a_contig_is_told_what_its_neighbours_are() -> None:
    share = share_nearby(POINTS, ASKING, VOTERS, ON_THE_RIGHT, Resources())
    assert share[0] == pytest.approx(0.5 / 16)  # fifteen voters, and one of whom nothing is known
    assert share[1] == pytest.approx(15.5 / 16)
    assert 0.5 / 16 <= share[2] <= 15.5 / 16


def test_only_voters_are_asked() -> None:
    share = share_nearby(POINTS, ASKING, np.arange(20), ON_THE_RIGHT, Resources())
    assert share.tolist() == pytest.approx([0.5 / 16] * 3)
    few = share_nearby(POINTS, ASKING, np.array([20]), ON_THE_RIGHT, Resources())
    assert few.tolist() == pytest.approx([0.75] * 3)


def test_nobody_to_ask_says_nothing() -> None:
    nobody = np.empty(0, np.int64)
    share = share_nearby(POINTS, ASKING, nobody, ON_THE_RIGHT, Resources())
    assert share.tolist() == [0.5] * 3
    assert not len(share_nearby(POINTS, nobody, VOTERS, ON_THE_RIGHT, Resources()))


def test_a_contig_whose_depth_is_missing_has_neighbours_by_composition() -> None:
    missing = np.zeros(len(PLACES), np.bool_)
    missing[ASKING] = True
    depths = np.where(missing, 0, 3.0)[:, None].astype(np.float32)
    variance = np.where(missing, 1e6, 0.01)[:, None].astype(np.float32)
    points = replace(POINTS, log_depth=depths, variance=variance, missing=missing)
    share = share_nearby(points, ASKING, VOTERS, ON_THE_RIGHT, Resources())
    assert share[0] < 0.1
    assert share[1] > 0.9
