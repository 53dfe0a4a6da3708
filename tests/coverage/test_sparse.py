from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from llmbin.coverage import sparse as module
from llmbin.coverage.coverage import (
    Coverage,
    Measuring,
    coverage_from_bams,
    coverage_from_tables,
)
from llmbin.coverage.sparse import (
    SparseTable,
    columns_of,
    compact,
    row_slices,
    rows_of,
    side_by_side,
    sparse,
    stacked,
    times,
)
from llmbin.coverage.tables import read_depth_table
from llmbin.errors import CoverageError

CONTIGS, SAMPLES = 57, 9


def cells(seed: int = 0, unknown: bool = False) -> np.ndarray:
    """Cells of which one in ten holds something; row 0 and the last column hold nothing."""
    rng = np.random.default_rng(seed)
    table = rng.random((CONTIGS, SAMPLES)) * (rng.random((CONTIGS, SAMPLES)) < 0.1)
    table[0], table[:, -1] = 0, 0
    if unknown:
        table[:, 3] = np.nan
    return table


@pytest.mark.parametrize("unknown", [False, True])
def test_a_sparse_table_has_the_cells_of_the_array(unknown: bool) -> None:
    table = cells(unknown=unknown)
    held = sparse(table)
    assert held.shape == table.shape and len(held) == CONTIGS
    np.testing.assert_array_equal(held[:], table)
    np.testing.assert_array_equal(held[5:31], table[5:31])
    rows = np.array([30, 2, 2, 56, 0])
    np.testing.assert_array_equal(held[rows], table[rows])
    some = table[:, 0] > 0
    np.testing.assert_array_equal(held[some], table[some])
    np.testing.assert_array_equal(np.array(list(held)), table)
    for column in range(SAMPLES):
        np.testing.assert_array_equal(held[:, column], table[:, column])


@pytest.mark.parametrize("unknown", [False, True])
def test_what_is_done_to_a_sparse_table_is_done_to_the_array(unknown: bool) -> None:
    table, other = cells(1, unknown), cells(2)
    rows, columns = np.array([4, -1, 0, 56, -1]), np.array([1, 3, 8])
    factors = np.arange(1.0, SAMPLES + 1)
    for change in (
        lambda t: rows_of(t, rows),
        lambda t: columns_of(t, columns),
        lambda t: times(t, factors),
    ):
        found = change(sparse(table))
        assert isinstance(found, SparseTable)
        np.testing.assert_array_equal(found[:], change(table.copy()))
    parts = [sparse(table[:20]), table[20:21], sparse(table[21:])]
    below = stacked(parts)
    assert isinstance(below, SparseTable)
    np.testing.assert_array_equal(below[:], table)
    beside = side_by_side([sparse(table), other, sparse(other)])
    assert isinstance(beside, SparseTable)
    np.testing.assert_array_equal(beside[:], np.hstack([table, other, other]))
    full = np.ones((CONTIGS, 40))
    together = side_by_side([sparse(table), full])
    assert isinstance(together, np.ndarray)
    np.testing.assert_array_equal(together, np.hstack([table, full]))


def test_only_tables_that_are_mostly_empty_are_sparse() -> None:
    table = cells(unknown=True)
    assert compact(table) is table  # too small to matter
    assert isinstance(compact(table, 1), SparseTable)
    full = np.where(np.isnan(table), np.nan, 1.0)
    assert compact(full, 1) is full
    nothing = np.broadcast_to(np.float64(np.nan), (CONTIGS, SAMPLES))
    held = compact(nothing, 1)
    assert isinstance(held, SparseTable) and not len(held.value)
    np.testing.assert_array_equal(held[:], nothing)


@pytest.mark.parametrize("rows", [0, 1, 2, 10, 11, 20, 21, 22])
def test_slices_hold_every_row_once_and_none_of_several_is_alone(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CELLS", 30)
    found = [list(range(rows)[some]) for some in row_slices(rows, 3)]
    assert [row for some in found for row in some] == list(range(rows))
    assert rows < 2 or min(map(len, found)) > 1


def test_a_table_of_many_samples_is_read_sparsely(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = cells()
    path = tmp_path / "depth.tsv"
    titles = [f"S{i}" for i in range(SAMPLES)]

    def write(table: np.ndarray) -> None:
        rows = [f"c{i}\t" + "\t".join(map(repr, row)) for i, row in enumerate(table.tolist())]
        path.write_text("\t".join(["contigName", *titles]) + "\n" + "\n".join(rows) + "\n")

    write(table)
    whole = read_depth_table(path)
    monkeypatch.setattr("llmbin.coverage.tables.BLOCK", 100)
    monkeypatch.setattr(
        "llmbin.coverage.tables.compact", lambda block: module.compact(block, least=1)
    )
    found = read_depth_table(path)
    assert isinstance(whole.mean, np.ndarray) and isinstance(found.mean, SparseTable)
    assert found.names == whole.names
    np.testing.assert_array_equal(found.mean[:], whole.mean)
    assert np.isnan(found.variance[:]).all() and found.variance.shape == whole.variance.shape
    names = [f"c{i}" for i in reversed(range(CONTIGS))]
    np.testing.assert_array_equal(coverage_from_tables([path], names).mean[:], table[::-1])
    table[43, 2] = -1
    write(table)
    with pytest.raises(CoverageError, match=r"line 45: a depth of -1 is impossible"):
        read_depth_table(path)


@pytest.mark.parametrize("variance", ["0", "-0"])
def test_a_depth_of_minus_zero_is_zero(tmp_path: Path, variance: str) -> None:
    path = tmp_path / "depth.tsv"
    head = "contigName\tcontigLen\ttotalAvgDepth\ts.bam\ts.bam-var\n"
    path.write_text(f"{head}c\t900\t-0\t-0.0\t{variance}\nd\t900\t1\t1\t1\n")
    table = read_depth_table(path)
    assert not np.signbit(table.mean[:]).any() and not np.signbit(table.variance[:]).any()


def test_bam_files_of_many_samples_are_held_sparsely(
    write_bam: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lengths = {f"c{i}": 900 + i for i in range(8)}
    rng = np.random.default_rng(0)
    paths = []
    for i, name in enumerate(("s_0", "s_1", "t", "none")):
        there = [] if name == "none" else [f"c{2 * i}"]
        reads = sorted((c, int(rng.integers(0, 800)), "90M", 0, 0) for c in there for _ in range(9))
        paths.append(write_bam(tmp_path / f"{name}.bam", lengths, reads))
    names = list(reversed(lengths))
    sizes = np.array([lengths[name] for name in names])

    def measured() -> tuple[Coverage, Coverage]:
        each = coverage_from_bams(paths, names, sizes)
        pool = coverage_from_bams(paths, names, sizes, ["s", "s", "t", "n"], Measuring(pool=True))
        return each, pool

    whole = measured()
    monkeypatch.setattr("llmbin.coverage.coverage.LEAST_CELLS", 1)
    for found, want in zip(measured(), whole, strict=True):
        assert isinstance(want.mean, np.ndarray) and want.mean.any()
        np.testing.assert_array_equal(found.mean[:], want.mean)
        np.testing.assert_array_equal(found.variance[:], want.variance)
        assert found.samples == want.samples
    assert isinstance(coverage_from_bams(paths, names, sizes).mean, SparseTable)
