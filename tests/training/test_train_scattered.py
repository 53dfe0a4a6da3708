from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pyhmmer")
pytest.importorskip("pyrodigal")
pytest.importorskip("pyfamsa")

from llmbin._kernels import encode_bases
from llmbin.genes.markers import load_marker_set
from llmbin.genes.scattered import load_scattered
from llmbin.tools.synthetic import synthetic_genome, universal_proteins
from llmbin.training.scattered import choose_scattered, complete_genomes, learn_scattered
from llmbin.training.settings import ScatteredSettings
from llmbin.training.shards import Genome, Shards, write_shards

FEW = load_marker_set().scattered // 4


def test_what_adds_most_is_chosen_first() -> None:
    markers = np.array([[100.0, 200.0, np.nan]])
    there = np.array(
        [
            [150.0, 250.0, 1e6],  # beside a marker in two genomes
            [9e5, 9e5, 9e5],  # far from it
            [9e5 + 10, 9e5 + 10, 9e5 + 10],  # and beside that one
            [5e5, np.nan, np.nan],  # in one genome alone
        ]
    )
    settings = ScatteredSettings(families=4)
    none = np.zeros(4)
    assert choose_scattered(there, markers, none, settings) == [1, 0, 3, 2]
    assert choose_scattered(there, markers, none, replace(settings, families=2)) == [1, 0]
    often_twice = np.array([0, 0.4, 0, 0])
    assert choose_scattered(there, markers, often_twice, settings)[0] == 2


def test_the_complete_genome_in_the_fewest_sequences_of_each_clade(tmp_path: Path) -> None:
    one = np.zeros(3000, np.uint8)
    genomes = [
        Genome("a", "x", [one, one]),
        Genome("b", "x", [one]),
        Genome("c", "y", [one]),  # of which half is stored
        Genome("d", "z", [one, one, one]),
    ]
    write_shards(genomes, tmp_path)
    bases = np.array([6000, 3000, 3000, 9000])
    complete = complete_genomes(
        Shards(tmp_path), bases, [6000, 3000, 6000, 9000], ScatteredSettings()
    )
    assert complete == [1, 3]


def test_families_of_genomes_that_share_them(tmp_path: Path) -> None:
    proteins = universal_proteins()
    proteins = proteins[: -3 * FEW]  # and a quarter of the scattered families
    genomes = [
        Genome(
            f"g{k}",
            f"clade{k}",
            [encode_bases(synthetic_genome(np.random.default_rng(k), 260_000, proteins).encode())],
        )
        for k in range(3)
    ]
    write_shards(genomes, tmp_path / "shards")
    rows = "".join(f"{g.name}\t{len(g.sequences[0])}\n" for g in genomes)
    (tmp_path / "genomes.tsv").write_text("genome\tgenome_bp\n" + rows)
    (tmp_path / "archaea").write_text("")
    settings = ScatteredSettings(least_genome=100_000)
    learn_scattered(
        Shards(tmp_path / "shards"),
        tmp_path / "genomes.tsv",
        tmp_path / "archaea",
        ["g0"],
        tmp_path / "out",
        settings,
    )
    with np.load(tmp_path / "out" / "scattered.npz", allow_pickle=False) as held:
        lengths = held["lengths"]
    shared = [len(f.columns) for f in load_scattered()[: -3 * FEW] if len(f.columns) <= 420]
    assert len(shared) * 0.7 <= len(lengths) <= len(shared) * 1.1
    assert (held_cutoffs(tmp_path) > 20).all()


def held_cutoffs(folder: Path) -> np.ndarray:
    with np.load(folder / "out" / "scattered.npz", allow_pickle=False) as held:
        return np.asarray(held["cutoffs"])
