from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from finished_runs import Made, write_run

from llmbin.report.finished import ContigTable, files_in, read_run
from llmbin.report.points import COLOURS, colours_of_bins, point_data, sample_contigs


def contigs_of(tmp_path: Path, made: Made) -> ContigTable:
    return read_run(files_in(write_run(tmp_path, made))).contigs


def test_few_contigs_are_all_drawn(tmp_path: Path) -> None:
    contigs = contigs_of(tmp_path, Made())
    sample = sample_contigs(contigs)
    assert sample.rows.tolist() == list(range(130))
    assert sample.words == "all 130 contigs"


def test_of_many_the_longest_are_drawn_and_others_evenly(tmp_path: Path) -> None:
    contigs = contigs_of(tmp_path, Made(bins=20, contigs_each=50))
    sample = sample_contigs(contigs, most=100)
    drawn = set(sample.rows.tolist())
    assert len(drawn) == 100
    assert (np.diff(sample.rows) > 0).all()
    longest = np.argsort(-contigs.length, kind="stable")[:50].tolist()
    assert drawn >= set(longest)
    others = np.array(sorted(drawn - set(longest)))
    assert np.diff(others).max() < 60  # from all over the file: 960 others, one in 19
    assert "100 of 1,010 contigs, a sample: the 50 longest, and one in 19.2" in sample.words
    data = point_data(contigs, sample)
    assert data["count"] == 100
    assert data["names"].split("\n") == [contigs.names[i] for i in sample.rows.tolist()]


def test_bins_next_to_each_other_have_other_colours(tmp_path: Path) -> None:
    contigs = contigs_of(tmp_path, Made(bins=40, contigs_each=5))
    colours = np.array(colours_of_bins(contigs, 40))
    assert set(colours) == set(range(COLOURS))
    assert contigs.places is not None
    middle = np.array([contigs.places[contigs.bin == b].mean(0) for b in range(40)])
    distance = np.sqrt(((middle[:, None] - middle) ** 2).sum(2)) + 9 * np.eye(40)
    same = colours[:, None] == colours
    in_turn = np.arange(40) % COLOURS
    closest = np.where(same, distance, 9).min()
    assert closest > np.where(in_turn[:, None] == in_turn, distance, 9).min()


def test_without_a_map_colours_go_in_turn(tmp_path: Path) -> None:
    contigs = contigs_of(tmp_path, Made(bins=10, places=False))
    assert colours_of_bins(contigs, 10) == [0, 1, 2, 3, 4, 5, 6, 7, 0, 1]
    assert point_data(contigs, sample_contigs(contigs))["x"] is None


def test_probabilities_that_nobody_knows_are_not_drawn(tmp_path: Path) -> None:
    contigs = contigs_of(tmp_path, Made())
    unknown = replace(contigs, probability=np.full(130, np.nan, np.float32))
    assert point_data(unknown, sample_contigs(unknown))["probability"] is None
