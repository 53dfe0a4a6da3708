from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from llmbin.commands.common import size
from llmbin.resources import MIB
from llmbin.stages.memory import RunSize, held_columns, needed_memory, needed_space

RESULTS = Path(__file__).parents[2] / "bench" / "results"
Cli = Callable[..., tuple[int, str, str]]


def measured() -> list[dict[str, Any]]:
    """Runs whose peak is known: of bench.memory and bench.whole, by samples of bench.throughput.

    Its others are of 0.2.7, which took more memory for many contigs.
    """
    rows = json.loads((RESULTS / "memory.json").read_text())["rows"]
    whole = json.loads((RESULTS / "scale-whole.json").read_text())["rows"]
    by_samples = json.loads((RESULTS / "throughput.json").read_text())["by_samples"]
    for row in [*by_samples, *whole]:
        if row["binner"].startswith("llmbin-fast"):
            rows.append(row | {"columns": 2 + 2 * row["samples"], "threads": 2, "markers": "on"})
    return rows


@pytest.mark.parametrize("row", measured(), ids=lambda row: f"{row['bases']}-{row['markers']}")
def test_what_a_run_needs_is_known_to_a_third(row: dict[str, Any]) -> None:
    markers = row["markers"] == "on"
    run = RunSize(row["contigs"], row["bases"], row["columns"], row["threads"], markers)
    assert needed_memory(run) / MIB == pytest.approx(row["peak_mib"], rel=0.3)
    if "space_mib" in row:
        assert needed_space(run) / MIB == pytest.approx(row["space_mib"], rel=0.4)


def test_what_a_run_of_features_needs_is_known_to_a_third() -> None:
    """Those of bench.parts, and the smallest of bench.faults, which takes 136 MB."""
    rows = json.loads((RESULTS / "parts.json").read_text())["rows"]
    peaks = [
        (RunSize(r["contigs"], r["bases"], 3, r["threads"]), r["merge_peak_mib"]) for r in rows
    ]
    for run, peak in (*peaks, (RunSize(40, 450_000, 7, 2), 130)):
        assert needed_memory(replace(run, known=True)) / MIB == pytest.approx(peak, rel=0.3)
        assert needed_memory(replace(run, known=True)) < needed_memory(run)


def test_more_of_anything_needs_more() -> None:
    usual = RunSize(10_000, 10**8, 3, 2)
    for more in (
        RunSize(20_000, 10**8, 3, 2),
        RunSize(10_000, 10**9, 3, 2),
        RunSize(10_000, 10**8, 300, 2),
        RunSize(10_000, 10**8, 3, 16),
        RunSize(10_000, 10**8, 3, 2, gpu=True),
    ):
        assert needed_memory(more) > needed_memory(usual)
    assert needed_memory(RunSize(10_000, 10**8, 3, 2, markers=False)) < needed_memory(usual)


def test_a_run_that_cannot_fit_does_not_begin(cli: Cli, tmp_path: Path) -> None:
    contigs, out = tmp_path / "c.fa", tmp_path / "out"
    contigs.write_text(">a\n" + "ACGTTGCA" * 300 + "\n>b\n" + "ACGGTGCA" * 300 + "\n")
    status, _, err = cli("run", contigs, "-o", out, "-q", "--max-memory", "50M", "--markers", "off")
    assert status == 137
    assert "needs some 105 MB of memory, and --max-memory allows 50 MB" in err
    assert err.count("\n") == 1
    assert not out.exists()
    arguments = ("run", contigs, "-o", out, "--max-memory", "1 GiB", "--markers", "off")
    status, _, err = cli(*arguments)
    assert (status, "needs some 105 MB of memory" in err) == (0, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("16G", 16 * 10**9), ("500m", 5 * 10**8), ("2.5 GiB", 5 * 2**29), ("12345", 12_345)],
)
def test_sizes(text: str, wanted: int) -> None:
    assert size(text) == wanted


@pytest.mark.parametrize("text", ["", "0", "16X", "-1", "a lot"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="as 16G"):
        size(text)


def test_cells_of_nothing_need_no_memory(tmp_path: Path) -> None:
    table = tmp_path / "depth.tsv"

    def columns(cell: str, contigs: int, at_once: float = 0.25) -> float:
        row = "\t".join(["c", "5", cell, *["0"] * 8]) + "\n"
        table.write_text("\t".join(["contig", *"abcdefghij"]) + "\n" + 10 * row)
        return held_columns(table, contigs, at_once)

    assert columns("0.0", 10**6) == pytest.approx(10 * (0.1 + 0.9 * 0.25))
    assert columns("3", 10**6) == pytest.approx(10 * (0.2 + 0.8 * 0.25))
    for nothing in ("-0", "0.", "0e0", "0.000e+00", '"0"'):
        assert columns(nothing, 10**6) == columns("0", 10**6)
    assert columns("0.5e-3", 10**6) == columns("3", 10**6)
    assert columns("3", 1_000) == 10  # a table that is small
    assert columns("3", 10**6, 1.0) == 10  # one assembly
    table.write_text("contig\ta\tb\n" + "c\t0.01\t10\n" * 9)
    assert held_columns(table, 10**6, 0.25) == 2  # not sparse
    table.write_text("# of today\n#\n" + table.read_text())
    assert held_columns(table, 10**6, 0.25) == 2  # comments are no header
