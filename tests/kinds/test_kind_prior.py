from __future__ import annotations

import numpy as np
import pytest

from llmbin.kinds.prior import AS_BEFORE, with_own_prior

PRIOR = np.array([0.9, 0.1])


def doubtful(count: int, odds: float) -> np.ndarray:
    """Contigs which look so many times likelier like the second kind, by `PRIOR`."""
    weight = PRIOR * [1.0, odds]
    return np.tile(weight / weight.sum(), (count, 1))


def test_the_second_kind_is_likelier_where_there_is_more_of_it() -> None:
    sure = np.array([[0.001, 0.999]] * 900 + [[0.999, 0.001]] * 100)
    found = with_own_prior(np.concatenate([doubtful(1, 1.0), sure]), PRIOR)
    assert found.sum(1) == pytest.approx(np.ones(1_001))
    assert found[0, 1] == pytest.approx(0.9, abs=0.02)
    turned = with_own_prior(np.concatenate([doubtful(1, 1.0), sure[:, ::-1]]), PRIOR)
    assert turned[0, 1] == pytest.approx(0.1, abs=0.02)


def test_a_few_contigs_do_not_change_what_is_usual() -> None:
    one = with_own_prior(doubtful(1, 9.0), PRIOR)
    assert one[0, 1] == pytest.approx(0.5, abs=0.1)
    many = with_own_prior(doubtful(50 * AS_BEFORE, 9.0), PRIOR)
    assert many[0, 1] > 0.99


def test_no_contigs_have_no_probabilities() -> None:
    assert with_own_prior(np.empty((0, 2)), PRIOR).shape == (0, 2)
