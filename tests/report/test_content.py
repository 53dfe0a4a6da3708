from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from finished_runs import HOSTILE, USUAL, Made, write_run

from llmbin.report.content import DOUBTFUL, MOST_DOUBTFUL, content_of
from llmbin.report.finished import FinishedRun, files_in, read_run


def run_of(tmp_path: Path, made: Made = USUAL) -> FinishedRun:
    return read_run(files_in(write_run(tmp_path / "gut", made)))


def test_totals_are_those_of_the_tables(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    totals = content_of(run)["totals"]
    contigs, inside = run.contigs, run.contigs.bin >= 0
    assert totals["contigs"] == 130 + 3
    assert totals["bases"] == contigs.length.sum() + 1500
    assert totals["binned_contigs"] == 120
    assert totals["binned_bases"] == run.bins.numbers("bp").sum()
    reads = contigs.depth.sum(1) * contigs.length
    assert totals["mapped_share"] == pytest.approx(reads[inside].sum() / reads.sum(), rel=1e-5)
    assert totals["classes"] == {"near-complete": 2, "high": 2, "medium": 1, "low": 1}


def test_rounds_are_those_of_a_watch(tmp_path: Path) -> None:
    good = {"round": 7, "gbp": 1.5, "bins": 9, "near_complete": 3}
    bad = ({**good, "gbp": None}, {**good, "bins": float("nan")}, {"round": 8}, "round 9")
    rounds = ({**good, "more": "<b>"}, *bad)
    assert content_of(run_of(tmp_path, replace(USUAL, rounds=rounds)))["rounds"] == [good]
    assert content_of(run_of(tmp_path))["rounds"] == []


def test_reasons_come_with_what_they_cost(tmp_path: Path) -> None:
    rows = content_of(run_of(tmp_path))["unbinned"]
    assert {row["why"] for row in rows} == {
        "unlike every bin",
        "no clear home",
        "shorter than 1,000 bp (gaps do not count)",
    }
    assert [row["bases"] for row in rows] == sorted((r["bases"] for r in rows), reverse=True)
    assert sum(row["contigs"] for row in rows) == 10 + 3
    known = [row["reads"] for row in rows if row["reads"] is not None]
    totals = content_of(run_of(tmp_path))["totals"]
    assert sum(known) == pytest.approx(1 - totals["mapped_share"], abs=1e-4)


def test_doubtful_contigs_are_listed_the_least_probable_first(tmp_path: Path) -> None:
    run = run_of(tmp_path, Made(bins=2, contigs_each=200, names=HOSTILE))
    for b, listed in enumerate(content_of(run)["doubtful"]):
        mine = (run.contigs.bin == b) & (run.contigs.probability < DOUBTFUL)
        lowest = np.sort(run.contigs.probability[mine])[:MOST_DOUBTFUL]
        assert len(lowest) == MOST_DOUBTFUL
        np.testing.assert_allclose([row[-1] for row in listed], lowest, rtol=1e-5)


def test_without_samples_markers_or_bins(tmp_path: Path) -> None:
    content = content_of(run_of(tmp_path, Made(bins=3, samples=0, markers=False)))
    assert content["totals"]["mapped_share"] is None
    assert content["totals"]["classes"]["unknown"] == 3
    content = content_of(run_of(tmp_path, Made(bins=0)))
    assert content["doubtful"] == []
    assert content["totals"]["binned_bases"] == 0


def test_a_class_of_a_later_version_counts(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    columns = {**run.bins.columns, "quality": ["finished", *run.bins.columns["quality"][1:]]}
    later = replace(run, bins=replace(run.bins, columns=columns))
    classes = content_of(later)["totals"]["classes"]
    assert list(classes) == ["near-complete", "high", "medium", "low", "finished"]
    assert classes["near-complete"] == classes["finished"] == 1


def test_the_title_is_the_folder(tmp_path: Path) -> None:
    content = content_of(run_of(tmp_path))
    assert content["title"] == "gut"
    assert content["from"] == "my contigs.fasta, 3 samples: S1, S2, S3"
