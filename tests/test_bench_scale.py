from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import cohort, whole
from bench.cohort import Cohort
from bench.communities import Plan
from bench.scale_tables import power
from llmbin.coverage.tables import read_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_gold
from llmbin.tools.synthetic import synthetic_genome


@pytest.fixture(scope="module")
def genomes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("genomes")
    for g in range(3):
        sequence = synthetic_genome(np.random.default_rng(g), 60_000, [])
        (folder / f"g{g}.fna").write_text(f">chromosome\n{sequence}\n")
    return folder


def held(folder: Path) -> dict[str, int]:
    """Lengths of a community's contigs, which its table and its truth have too."""
    lengths = {r.name: len(r.sequence) for r in read_fasta(folder / "contigs.fasta")}
    table = read_depth_table(folder / "depth.txt", lengths)
    assert table.names == list(lengths)
    gold = read_gold(folder / "gold.tsv")
    assert {name: length for name, (_, length) in gold.items()} == lengths
    return lengths


def test_a_large_community_is_of_genomes_and_their_mutants(genomes: Path, tmp_path: Path) -> None:
    plan = Plan(seed=1, samples=2, depth=12, piece=4_000, strains=4, identity=(0.75, 0.9))
    said = whole.build(genomes, tmp_path / "c", plan)
    lengths = held(tmp_path / "c")
    assert said.startswith(f"c: {len(lengths):,} contigs")
    assert min(lengths.values()) >= whole.SHORTEST
    found = {genome for genome, _ in read_gold(tmp_path / "c" / "gold.tsv").values()}
    assert len(found) == 7 and sum(".species2_" in name for name in found) == 1
    order = [int(name.split("_")[1]) for name in lengths]
    assert order == list(range(len(order)))


def test_a_cohort_has_depth_where_its_genomes_are(
    genomes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cohort, "IN_SAMPLES", 0.6)
    cohort.build(genomes, tmp_path, Cohort(5, 12))
    lengths = held(tmp_path)
    samples = [name.split("C")[0] for name in lengths]
    assert max(samples.count(s) for s in set(samples)) == 12
    mean = np.asarray(read_depth_table(tmp_path / "depth.txt").mean)
    own = [int(sample[1:]) - 1 for sample in samples]
    assert (mean[np.arange(len(own)), own] > 0).all()
    gold = read_gold(tmp_path / "gold.tsv")
    of = np.array([gold[name][0].split(".")[0] for name in lengths])
    for genome in set(of.tolist()):
        there = mean[of == genome] > 0
        assert (there == there[0]).all()


def test_a_row_takes_the_place_of_its_like() -> None:
    rows: list[dict[str, Any]] = [{"contigs": 2, "cpu": 1}, {"contigs": 1, "cpu": 1}]
    assert whole.with_row(rows, {"contigs": 2, "cpu": 5}, ["contigs"]) == [
        {"contigs": 1, "cpu": 1},
        {"contigs": 2, "cpu": 5},
    ]
    assert power({"contigs": 10}, {"contigs": 40}, 3.0, 24.0) == pytest.approx(1.5)


def test_what_a_run_said_of_memory_is_read(tmp_path: Path) -> None:
    path = tmp_path / "llmbin.log"
    path.write_text("INFO this run needs some 2,382 MB of memory\n")
    assert cohort.predicted(path) == 2272
    path.write_text("INFO this run needs some 15.1 GB of memory\n")
    assert cohort.predicted(path) == 14400
