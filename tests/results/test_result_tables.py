from __future__ import annotations

import numpy as np
import pytest

from llmbin.coverage.sparse import sparse
from llmbin.results.tables import depth_fields, depth_text


@pytest.mark.parametrize(
    ("depth", "text"),
    [
        (0.0, "0.0000"),
        (12.34567, "12.3457"),
        (0.01, "0.0100"),
        (0.004321, "0.00432"),
        (1.23456e-6, "1.23e-06"),
        (1e-300, "1e-300"),
    ],
)
def test_small_depths_are_no_zeros(depth: float, text: str) -> None:
    assert depth_text(depth) == depth_text(np.float64(depth)) == text
    assert float(text) == pytest.approx(depth, rel=0.01)


def test_depths_of_sparse_rows_are_written_as_those_of_arrays() -> None:
    table = np.array([[0, 0.004321, 0, 12.5], [0, 0, 0, 0], [3, 0, 0, 0.01]])
    assert list(depth_fields(sparse(table))) == list(depth_fields(table))
    assert next(depth_fields(table)) == ["0.0000", "0.00432", "0.0000", "12.5000"]
