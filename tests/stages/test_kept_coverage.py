from __future__ import annotations

import numpy as np
import pytest

from llmbin.coverage.coverage import Coverage
from llmbin.coverage.sparse import SparseTable, sparse
from llmbin.stages.coverage import _arrays, _from_arrays


@pytest.mark.parametrize("thin", [False, True])
def test_coverage_that_is_kept_comes_back(thin: bool) -> None:
    mean = np.array([[0, 2.5, 0], [0, 0, 0], [1, 0, 7.25]])
    variance = np.full_like(mean, np.nan)
    tables = (sparse(mean), sparse(variance)) if thin else (mean, variance)
    kept = _arrays(Coverage(["a", "b", "c"], *tables, files=["t"] * 3))
    found = _from_arrays(kept)
    assert isinstance(found.mean, SparseTable) == thin
    np.testing.assert_array_equal(found.mean[:], mean)
    np.testing.assert_array_equal(found.variance[:], variance)
    assert (found.samples, found.files) == (["a", "b", "c"], ["t"] * 3)
    short = "mean_value" if thin else "variance"
    with pytest.raises(ValueError, match="several lengths"):
        _from_arrays({**kept, short: kept[short][:-1]})
