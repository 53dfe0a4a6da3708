from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmbin.coverage import coverage_from_tables
from llmbin.depth_tables import DepthTable, read_depth_table, write_depth_table
from llmbin.errors import CoverageError, UsageError

JGI = (
    "contigName\tcontigLen\ttotalAvgDepth\tA.bam\tA.bam-var\tB.bam\tB.bam-var\nk1 flag=1\t100\t3\t1\t0.5\t2\t0.25\nk2\t200\t7\t3\t1\t4\t2\n"
)
COVERM = "Contig\tA Mean\tA Trimmed Mean\tA Variance\tB Mean\tB Trimmed Mean\tB Variance\nk1\t1\t9\t0.5\t2\t9\t0.25\nk2\t3\t9\t1\t4\t9\t2\n"
VAMB = "contigname\tA\tB\nk1\t1\t2\nk2\t3\t4\n"
MEAN = [[3.0, 4.0], [1.0, 2.0]]


@pytest.mark.parametrize(("text", "variance"), [(JGI, True), (COVERM, True), (VAMB, False)])
def test_known_tables_join_by_name_in_any_order(text: str, variance: bool, tmp_path: Path) -> None:
    path = tmp_path / "depth.tsv"
    path.write_text(text)
    got = coverage_from_tables([path], ["k2", "k1"])
    assert got.samples == ["A", "B"]
    np.testing.assert_array_equal(got.mean, MEAN)
    assert np.isfinite(got.variance).all() == variance


def test_one_file_a_sample_without_header(tmp_path: Path) -> None:
    for name, values in (("S1", (1, 3)), ("S2", (2, 4))):
        (tmp_path / f"{name}.aemb.tsv").write_text(f"k1\t{values[0]}\nk2\t{values[1]}\n")
    paths = [tmp_path / "S1.aemb.tsv", tmp_path / "S2.aemb.tsv"]
    got = coverage_from_tables(paths, ["k2", "k1"])
    assert got.samples == ["S1", "S2"]
    np.testing.assert_array_equal(got.mean, MEAN)
    assert coverage_from_tables(paths, ["k2"], ["x", "y"]).samples == ["x", "y"]
    with pytest.raises(UsageError, match="2 samples"):
        coverage_from_tables(paths, ["k2"], ["x"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("contigname\tA\nk1\tnan\n", "line 2: a depth of nan"),
        ("contigname\tA\nk1\t-1\n", "line 2: a depth of -1"),
        ("contigname\tA\nk1\tinf\n", "line 2"),
        ("contigname\tA\nk1\tx\n", "line 2: 'x' is not a number"),
        ("contigname\tA\nk1\t1\t2\n", "line 2: 3 columns"),
        ("contigname\tA\nk1\t1\nk1\t2\n", "line 3: contig 'k1' comes twice"),
        ("contigname\tA\nother\t1\n", "'k1'.*nearest name there is 'other'"),
        ("just words\n", "not a depth table"),
        ("k1\t1\t2\nk2\t3\t4\n", "without a header"),
    ],
)
def test_bad_tables(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "depth.tsv"
    path.write_text(text)
    with pytest.raises(CoverageError, match=message) as caught:
        coverage_from_tables([path], ["k1"])
    assert str(path) in str(caught.value)


@given(
    st.lists(
        st.tuples(st.from_regex(r"[A-Za-z0-9_.|]{1,12}", fullmatch=True), st.integers(1, 10**6), st.floats(0, 1e6), st.floats(0, 1e6)),
        min_size=1, max_size=20, unique_by=lambda r: r[0],
    )
)  # fmt: skip
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_what_is_written_is_read_back(tmp_path: Path, rows: list[tuple[str, int, float, float]]) -> None:
    path = tmp_path / "t.tsv"
    names, lengths, mean, variance = (list(x) for x in zip(*rows, strict=True))
    table = DepthTable(path, names, np.array(lengths), ["S"], np.array(mean)[:, None], np.array(variance)[:, None])
    with open(path, "w") as handle:
        write_depth_table(table, handle.write)
    back = read_depth_table(path)
    assert (back.names, back.lengths.tolist(), back.samples) == (names, lengths, ["S"])
    np.testing.assert_allclose(back.mean[:, 0], mean, rtol=1e-5)
    np.testing.assert_allclose(back.variance[:, 0], variance, rtol=1e-5)
