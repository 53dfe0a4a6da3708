from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from finished_runs import HOSTILE, Made, write_run, write_table

from llmbin.errors import InputError
from llmbin.report.finished import (
    SHOWN_SAMPLES,
    files_in,
    read_places,
    read_run,
    write_places,
)


def test_tables_are_read_as_they_were_written(tmp_path: Path) -> None:
    made = Made(names=HOSTILE, more={"trna": "19"})
    run = read_run(files_in(write_run(tmp_path / "run", made)))
    assert run.bins.names == [f"bin.{b + 1:04d}" for b in range(6)]
    assert run.bins.samples == ["S1", "S2", "S3"]
    assert run.bins.columns["trna"] == ["19"] * 6
    assert not [title for title in run.bins.columns if title.startswith("depth_")]
    contigs = run.contigs
    assert contigs.names[:4] == list(HOSTILE)
    lines = (tmp_path / "run" / "contigs.tsv").read_bytes().decode(errors="surrogateescape")
    for i, line in enumerate(lines.splitlines()[1:]):
        _, length, gc, *depth, name, probability, _, why = line.split("\t")
        assert contigs.length[i] == int(length)
        assert contigs.gc[i] == np.float32(gc)
        assert contigs.depth[i].tolist() == np.array(depth, np.float32).tolist()
        assert contigs.total_depth[i] == pytest.approx(sum(map(float, depth)), rel=1e-6)
        assert contigs.probability[i] == np.float32(probability)
        assert (run.bins.names[contigs.bin[i]] if contigs.bin[i] >= 0 else "") == name
        reason = contigs.reasons[contigs.reason[i]] if contigs.reason[i] >= 0 else ""
        assert reason == why.split(" (")[0]
    assert contigs.places is not None
    assert contigs.places.shape == (130, 2)


def test_depth_is_kept_for_the_samples_with_most_bases_in_bins(tmp_path: Path) -> None:
    run = read_run(files_in(write_run(tmp_path, Made(samples=20))))
    weight = (run.bins.numbers("bp")[:, None] * run.bins.depth).sum(0)
    most = [run.bins.samples[s] for s in np.argsort(-weight)[:SHOWN_SAMPLES]]
    assert set(run.contigs.samples) == set(most)
    assert run.contigs.samples == [s for s in run.bins.samples if s in most]
    assert run.contigs.depth.shape == (130, SHOWN_SAMPLES)


def test_a_run_without_bins_samples_or_places(tmp_path: Path) -> None:
    run = read_run(files_in(write_run(tmp_path, Made(bins=0, samples=0, places=False))))
    assert run.bins.names == []
    assert run.bins.depth.shape == (0, 0)
    assert (run.contigs.bin == -1).all()
    assert run.contigs.places is None


def test_places_come_back(tmp_path: Path) -> None:
    places = np.array([[0, 1], [0.12345, 0.5]], np.float32)
    write_places(tmp_path / "places.tsv", HOSTILE[1:3], places)
    again = read_places(tmp_path / "places.tsv", HOSTILE[1:3])
    assert again is not None
    np.testing.assert_allclose(again, places, atol=5.1e-5)


@pytest.mark.parametrize("gone", ["run.json", "bins.tsv", "contigs.tsv"])
def test_what_is_missing_is_named(tmp_path: Path, gone: str) -> None:
    write_run(tmp_path)
    (tmp_path / gone).unlink()
    with pytest.raises(InputError, match=f"{gone}: is missing; .*--contigs and --bins"):
        files_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "text", "wrong"),
    [
        ("contigs.tsv", 3, "k_1\t1000", "line 3: has 2 fields, 10 were expected"),
        (
            "contigs.tsv",
            3,
            "k\tlong" + "\t0.5" * 4 + "\tbin.0001\t1\tyes\t",
            "line 3: not as a run",
        ),
        ("contigs.tsv", 2, "k\t" + "9" * 30 + "\t0.5" * 4 + "\t\t1\tno\tx", "line 2: not as a run"),
        ("contigs.tsv", 2, "k\t1000" + "\tinf" * 4 + "\t\t1\tno\tx", "line 2: .*depth"),
        ("contigs.tsv", 2, "k\t1000" + "\t0.5" * 4 + "\tbin.0099\t1\tyes\t", "line 2: .*bin.0099"),
        ("contigs.tsv", 1, "contig\tlength", "has no column 'gc'"),
        ("bins.tsv", 1, "name\tbp", "has no column 'bin'"),
        ("places.tsv", 4, "other\t0.5\t0.5", "line 4: is of another run, contigs.tsv has 'k_2'"),
        ("places.tsv", 140, "more\t0.5\t0.5", "has not as many contigs"),
    ],
)
def test_a_broken_table_is_named_with_the_line(
    tmp_path: Path, name: str, line: int, text: str, wrong: str
) -> None:
    write_run(tmp_path)
    lines = (tmp_path / name).read_text().splitlines()
    lines[line - 1 : line] = [text]
    (tmp_path / name).write_text("\n".join(lines) + "\n")
    with pytest.raises(InputError, match=f"{name}.*{wrong}"):
        read_run(files_in(tmp_path))


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_broken_record_is_named(tmp_path: Path, text: str) -> None:
    write_run(tmp_path)
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run\.json: is "):
        read_run(files_in(tmp_path))


@pytest.mark.parametrize("part", ["parameters", "stages", "inputs", "samples"])
def test_a_part_of_the_record_that_is_something_else_is_named(tmp_path: Path, part: str) -> None:
    write_run(tmp_path)
    record = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**record, part: 1}))
    with pytest.raises(InputError, match=rf"run\.json: '{part}' is not as a run writes it"):
        read_run(files_in(tmp_path))


def test_places_of_too_few_contigs_are_refused(tmp_path: Path) -> None:
    write_run(tmp_path)
    write_table(tmp_path / "places.tsv", [["contig", "x", "y"], ["k_0", "0.1", "0.2"]])
    with pytest.raises(InputError, match="has not as many contigs"):
        read_run(files_in(tmp_path))
