from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from finished_runs import USUAL, Made, write_run

from llmbin.report.finished import files_in, read_run
from llmbin.report.multiqc import MOST_BINS, multiqc_files


def parts(folder: Path, made: Made = USUAL) -> dict[str, dict]:
    run = read_run(files_in(write_run(folder, made)))
    return {name: json.loads(text) for name, text in multiqc_files(run).items()}


def test_a_run_is_called_like_its_folder(tmp_path: Path) -> None:
    found = parts(tmp_path / "gut")
    assert set(found) == {f"llmbin_{p}_mqc.json" for p in ("general", "classes", "bins", "quality")}
    assert list(found["llmbin_general_mqc.json"]["data"]) == ["gut"]
    assert found["llmbin_classes_mqc.json"]["data"] == {
        "gut": {"near-complete": 2, "high": 2, "medium": 1, "low": 1}
    }
    assert found["llmbin_quality_mqc.json"]["data"]["gut bin.0002"] == {
        "x": 90.5,
        "y": 1.25,
        "color": "#1b8a6b",
    }
    row = found["llmbin_bins_mqc.json"]["data"]["gut bin.0002"]
    assert (row["quality"], row["completeness"], row["contigs"]) == ("high", 90.5, 20)


def test_or_like_the_prefix_of_its_bins(tmp_path: Path) -> None:
    found = parts(tmp_path, Made(prefix="SPAdes-S1_{}"))
    assert set(found) == {
        f"SPAdes-S1.llmbin_{p}_mqc.json" for p in ("general", "classes", "bins", "quality")
    }
    assert list(found["SPAdes-S1.llmbin_general_mqc.json"]["data"]) == ["SPAdes-S1"]


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    found = parts(tmp_path / "a", Made(bins=0))
    assert set(found) == {"llmbin_general_mqc.json", "llmbin_classes_mqc.json"}
    found = parts(tmp_path / "b", Made(samples=0, markers=False))
    assert "llmbin_quality_mqc.json" not in found
    general = found["llmbin_general_mqc.json"]
    assert set(general["headers"]) == {"llmbin_bins", "llmbin_binned"}
    assert set(general["data"]["b"]) == set(general["headers"])


def test_of_very_many_bins_the_largest_are_listed(tmp_path: Path) -> None:
    found = parts(tmp_path, Made(bins=MOST_BINS + 5, contigs_each=1))
    assert len(found["llmbin_bins_mqc.json"]["data"]) == MOST_BINS
    assert f"the {MOST_BINS} largest" in found["llmbin_bins_mqc.json"]["description"]


def test_multiqc_takes_them(tmp_path: Path) -> None:
    """In strict mode, from two runs, one of them without bins."""
    program = Path(sys.executable).with_name("multiqc")
    found = str(program) if program.exists() else shutil.which("multiqc")
    if found is None:
        pytest.skip("MultiQC is not installed: pip install multiqc")
    for folder, made in (("S1", Made()), ("S2", Made(bins=0)), ("S3", Made(markers=False))):
        run = read_run(files_in(write_run(tmp_path / "runs" / folder, made)))
        for name, text in multiqc_files(run).items():
            (tmp_path / "runs" / folder / name).write_text(text)
    done = subprocess.run(
        [found, "--strict", "--no-version-check", "-o", tmp_path / "out", tmp_path / "runs"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    data = json.loads((tmp_path / "out" / "multiqc_data" / "multiqc_data.json").read_text())
    text = json.dumps(data)
    assert "llmbin_classes" in text
    rows = (tmp_path / "out" / "multiqc_data" / "multiqc_general_stats.txt").read_text()
    assert [line.split("\t")[0] for line in rows.splitlines()] == ["Sample", "S1", "S2", "S3"]
    assert "llmbin_binned" in rows
    bars = (tmp_path / "out" / "multiqc_data" / "multiqc_llmbin_classes_plot.txt").read_text()
    assert bars.splitlines()[1].split("\t")[:3] == ["S1", "2", "2"]
