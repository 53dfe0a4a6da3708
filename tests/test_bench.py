from __future__ import annotations

import io
import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench import estimates
from bench.communities import PLANS, Genome, LongReads, Piece, Plan, build, write_long_reads
from bench.long_reads import (
    CHEMISTRIES,
    LONGEST_READ,
    SHORTEST_READ,
    each_sample,
    read_identities,
    read_lengths,
    with_errors,
)
from bench.oracle import bases_of_genomes
from bench.peers import is_long, measured, samples_of
from bench.quality import row_of, with_earlier
from bench.throughput import first_genomes, part_of
from llmbin.cluster.tree import Tree
from llmbin.coverage.tables import read_depth_table
from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_gold
from llmbin.tools.synthetic import synthetic_genome

SMALL = Plan(seed=1, samples=2, depth=12, piece=4_000, strains=1)


@pytest.fixture(scope="module")
def genomes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("genomes")
    for g in range(3):
        (folder / f"g{g}.fna").write_text(
            f">chromosome\n{synthetic_genome(np.random.default_rng(g), 80_000, [])}\n"
        )
    return folder


def test_a_community_holds_what_its_gold_standard_says(genomes: Path, tmp_path: Path) -> None:
    said = build(genomes, tmp_path / "c", SMALL)
    contigs = {r.name: r.sequence for r in read_fasta(tmp_path / "c" / "contigs.fasta")}
    gold = read_gold(tmp_path / "c" / "gold.tsv")
    assert said.startswith(f"c: {len(contigs):,} contigs")
    assert {name: len(sequence) for name, sequence in contigs.items()} == {
        name: length for name, (_, length) in gold.items()
    }
    whole = {p.name.split(".")[0]: next(read_fasta(p)).sequence for p in genomes.iterdir()}
    for name, (genome, _) in gold.items():
        if genome in whole:
            turned = contigs[name].translate(bytes.maketrans(b"ACGT", b"TGCA"))[::-1]
            assert contigs[name] in whole[genome] or turned in whole[genome]
    assert len({genome for genome, _ in gold.values()}) == 4
    table = read_depth_table(tmp_path / "c" / "depth.txt")
    assert samples_of(tmp_path / "c") == ["S1.bam", "S2.bam"]
    assert table.names == list(contigs)
    assert 4 < table.mean.mean() < 36
    assert not is_long(tmp_path / "c")


def test_a_community_is_the_same_from_the_same_seed(genomes: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        build(genomes, tmp_path / name, SMALL)
    build(genomes, tmp_path / "other", replace(SMALL, seed=2))
    files = [(tmp_path / name / "depth.txt").read_bytes() for name in ("a", "b", "other")]
    assert files[0] == files[1] != files[2]


def test_a_part_of_a_community_is_whole_genomes_and_the_first_samples(
    genomes: Path, tmp_path: Path
) -> None:
    build(genomes, tmp_path / "whole", replace(SMALL, samples=3))
    gold = read_gold(tmp_path / "whole" / "gold.tsv")
    order = list(dict.fromkeys(genome for genome, _ in gold.values()))
    keep = first_genomes(gold, 1)
    assert keep == {name for name, (genome, _) in gold.items() if genome == order[0]}
    assert first_genomes(gold, len(keep) + 1) == {
        name for name, (genome, _) in gold.items() if genome in order[:2]
    }
    assert first_genomes(gold, len(gold) + 1) == set()
    folder = part_of(tmp_path / "whole", tmp_path / "part", keep, 2)
    assert (
        {r.name for r in read_fasta(folder / "contigs.fasta")}
        == keep
        == set(read_gold(folder / "gold.tsv"))
    )
    assert samples_of(folder) == ["S1.bam", "S2.bam"]
    whole, part = (read_depth_table(f / "depth.txt") for f in (tmp_path / "whole", folder))
    rows = [whole.names.index(name) for name in part.names]
    np.testing.assert_array_equal(part.mean, whole.mean[rows, :2])


@pytest.mark.parametrize("reads", ["mapped", "longmapped", "assembled"])
def test_reads_are_really_mapped_and_assembled(reads: str, genomes: Path, tmp_path: Path) -> None:
    for program in ("minimap2", "samtools", *(["megahit"] if reads == "assembled" else [])):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    build(genomes, tmp_path / "c", replace(SMALL, samples=1, depth=15, strains=0, reads=reads))
    table, gold = (
        read_depth_table(tmp_path / "c" / "depth.txt"),
        read_gold(tmp_path / "c" / "gold.tsv"),
    )
    assert len({genome for genome, _ in gold.values()}) == 3
    assert table.mean.mean() > 4
    assert len(gold) <= len(table.names)


@pytest.mark.parametrize("name", CHEMISTRIES)
def test_long_reads_are_as_their_chemistry_says(name: str) -> None:
    chemistry, rng = CHEMISTRIES[name], np.random.default_rng(5)
    lengths, wanted = read_lengths(20_000, chemistry, rng), read_identities(20_000, chemistry, rng)
    assert lengths.mean() == pytest.approx(chemistry.mean_length, rel=0.03)
    assert lengths.min() >= SHORTEST_READ
    assert lengths.max() <= LONGEST_READ
    assert (wanted.mean(), wanted.std()) == pytest.approx(chemistry.identity, rel=0.03)
    size = np.full(300, 700)
    drawn = rng.integers(0, 4, int(size.sum())).astype(np.uint8)
    read, after, identity = with_errors(drawn, size, wanted[:300], chemistry, rng)
    assert len(read) == after.sum()
    assert identity.mean() == pytest.approx(wanted[:300].mean(), abs=0.004)
    assert after.sum() / size.sum() == pytest.approx(
        1 + (1 - wanted.mean()) * (chemistry.insertions - chemistry.deletions), abs=0.004
    )
    ends = np.cumsum(after)
    for k in range(8):
        distance = edits(drawn[k * 700 : (k + 1) * 700], read[ends[k] - after[k] : ends[k]])
        errors = (1 - identity[k]) * (700 + chemistry.insertions * (1 - identity[k]) * 700)
        assert (
            0.7 * errors - 3 <= distance <= errors + 6
        )  # now and then an indel and its neighbour come cheaper together


def edits(one: np.ndarray, other: np.ndarray) -> int:
    """Levenshtein's distance."""
    place = np.arange(len(other) + 1)
    row = place
    for i, letter in enumerate(one, 1):
        ways = np.concatenate([[i], np.minimum(row[1:] + 1, row[:-1] + (other != letter))])
        row = np.minimum.accumulate(ways - place) + place
    return int(row[-1])


def test_indels_gather_in_runs_of_equal_bases() -> None:
    alone, runs = (np.tile(np.repeat(np.arange(4, dtype=np.uint8), n), 40_000 // n) for n in (1, 8))
    size = np.array([len(alone), len(runs)])
    for chemistry in CHEMISTRIES.values():
        _, _, identity = with_errors(
            np.concatenate([alone, runs]),
            size,
            np.full(2, 0.98),
            replace(chemistry, substitutions=0),
            np.random.default_rng(1),
        )
        assert 1 - identity[1] > 2 * (1 - identity[0])


def test_depths_of_long_reads_are_those_of_the_reads() -> None:
    rng = np.random.default_rng(8)
    genomes = [
        Genome(f"g{g}", [rng.integers(0, 4, n).astype(np.uint8) for n in sizes], 0.2, 0.3)
        for g, sizes in enumerate([(90_000, 30_000), (50_000,), (40_000,)])
    ]
    pieces = [
        Piece(1, 0, 100, 20_100, False),
        Piece(0, 0, 0, 30_000, True),
        Piece(0, 1, 5_000, 30_000, False),
        Piece(0, 0, 30_000, 90_000, False),
        Piece(2, 0, 0, 40_000, False),
    ]
    handle = io.BytesIO()
    reads = LongReads(genomes, pieces, np.array([30.0, 10.0, 0.0]), CHEMISTRIES["R10"])
    truth = write_long_reads(handle, reads, rng)
    lines = handle.getvalue().decode().splitlines()
    depth = {
        (g, s): np.zeros(len(codes), int)
        for g, genome in enumerate(genomes)
        for s, codes in enumerate(genome.sequences)
    }
    strands = ""
    for name, letters, quality in zip(lines[::4], lines[1::4], lines[3::4], strict=True):
        _, g, s, begin, end, strand, identity = name.split("_")
        depth[int(g), int(s)][int(begin) : int(end)] += 1
        strands += strand
        assert (
            len(letters)
            == len(quality)
            == pytest.approx(int(end) - int(begin), rel=0.5 * (1 - float(identity)) + 0.02)
        )
    for piece, (mean, variance) in zip(pieces, truth, strict=True):
        here = depth[piece.genome, piece.sequence][piece.start : piece.stop]
        assert (mean, variance) == pytest.approx((here.mean(), here.var()))
    assert truth[4].tolist() == [0, 0]
    assert 20 < truth[1:4, 0].mean() < 40
    assert 0.3 < strands.count("+") / len(strands) < 0.7


def test_a_sample_can_be_taken_alone(genomes: Path, tmp_path: Path) -> None:
    build(genomes, tmp_path / "c", SMALL)
    for sample in ("S1", "S2"):
        (tmp_path / "c" / f"{sample}.bam").touch()
    both = [each_sample(tmp_path / "c") for _ in range(2)]
    assert both[0] == both[1] == [tmp_path / "c-S1", tmp_path / "c-S2"]
    whole, alone = (
        read_depth_table(folder / "depth.txt") for folder in (tmp_path / "c", tmp_path / "c-S2")
    )
    assert alone.samples == ["S2"]
    assert alone.names == whole.names
    np.testing.assert_array_equal(alone.mean[:, 0], whole.mean[:, 1])
    np.testing.assert_array_equal(alone.variance[:, 0], whole.variance[:, 1])
    assert sorted(p.name for p in both[0][1].iterdir()) == [
        "S2.bam",
        "contigs.fasta",
        "depth.txt",
        "gold.tsv",
    ]


def test_what_a_command_costs_is_its_own() -> None:
    held = np.ones(40_000_000)  # 305 MiB of ours
    small = measured([sys.executable, "-S", "-c", "print(1)"])
    large = measured(
        [sys.executable, "-S", "-c", "x = bytearray(200 << 20); sum(range(3_000_000))"]
    )
    assert held.sum() == len(held)
    assert small["peak_mib"] < 100
    assert 200 <= large["peak_mib"] < 300
    assert large["cpu_seconds"] > 0
    with pytest.raises(SystemExit, match="no such thing"):
        measured([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_every_plan_has_a_seed_of_its_own() -> None:
    assert len({plan.seed for plan in PLANS.values()}) == len(PLANS)


def test_bases_add_up_along_the_tree() -> None:
    tree = Tree(
        3,
        np.array([0, 3]),
        np.array([1, 2]),
        np.array([1.0, 2.0], np.float32),
        np.array([5, 6, 7, 11, 18]),
    )
    bases = bases_of_genomes(
        tree, np.array([0, 1, 2, 0]), np.array([0, 0, 1, 1]), np.array([5, 6, 7, 9]), 2
    )
    assert bases.tolist() == [[5, 9], [6, 0], [0, 7], [11, 9], [11, 16]]


def test_several_runs_make_the_row_of_the_median() -> None:
    runs = [
        {"near_complete": n, "f1": f, "wall_seconds": w, "cpu_seconds": 2 * w, "peak_mib": 1}
        for n, f, w in ((9, 0.3, 5), (7, 0.1, 1), (8, 0.2, 3))
    ]
    assert row_of(runs) == {
        "near_complete": 8,
        "f1": 0.2,
        "wall_seconds": 3,
        "cpu_seconds": 6,
        "peak_mib": 1,
        "near_complete_runs": [9, 7, 8],
    }
    assert row_of(runs[:1]) == runs[0]


def test_new_rows_take_the_place_of_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.record.RESULTS", tmp_path)
    (tmp_path / "q.json").write_text(
        json.dumps(
            {
                "command": "python -m bench.q x",
                "peers": {"A": "1"},
                "rows": [
                    {"community": "x", "binner": "A", "n": 1},
                    {"community": "y", "binner": "A", "n": 2},
                ],
            }
        )
    )
    rows, peers, commands = with_earlier(
        "q",
        [{"community": "x", "binner": "B", "n": 3}, {"community": "x", "binner": "A", "n": 4}],
        {"B": "2"},
    )
    assert [(r["community"], r["binner"], r["n"]) for r in rows] == [
        ("x", "A", 4),
        ("x", "B", 3),
        ("y", "A", 2),
    ]
    assert peers == {"A": "1", "B": "2"}
    assert commands == ["python -m bench.q x"]


def test_estimates_are_judged_by_bases(tmp_path: Path) -> None:
    (tmp_path / "gold.tsv").write_text(
        "@Version:0.9.1\n@SampleID:x\n\n@@SEQUENCEID\tBINID\t_LENGTH\n"
        "a\tg1\t900\nb\tg2\t100\nc\tg2.strain1\t500\n"
    )
    (tmp_path / "contig2bin.tsv").write_text("a\tx\nb\tx\nc\ty\n")
    titles = "bin\tcompleteness\tcompleteness_low\tcompleteness_high"
    titles += "\tcontamination\tcontamination_low\tcontamination_high\n"
    rows = "x\t91.00\t85.00\t95.00\t4.00\t1.00\t12.00\ny\t40.00\t30.00\t49.00\t0.00\t0.00\t0.00\n"
    (tmp_path / "bins.tsv").write_text(titles + rows)
    (tmp_path / "genomes").mkdir()
    (tmp_path / "genomes" / "g1.fa").write_text(f">a\n{'ACGTA' * 60_000}\n")
    (tmp_path / "genomes" / "g2.fa").write_text(f">a\n{'A' * 600}\n>b\n{'C' * 400}\n")
    genomes = estimates.genomes_in(tmp_path / "genomes")
    assert genomes == {
        "g1": estimates.Genome(300_000, finished=True),
        "g2": estimates.Genome(1_000, finished=False),
    }
    genomes["g1"] = estimates.Genome(1_000, finished=True)
    bins = list(estimates.judged(tmp_path, tmp_path, genomes))
    truths = [(b.completeness.truth, b.contamination.truth, b.finished) for b in bins]
    assert truths == [(90, 10, True), (50, 0, False)]
    found = estimates.summary(bins)
    assert found["completeness"] == {"mean_absolute_error": 5.5, "bias": -4.5, "in_interval": 0.5}
    assert found["contamination"] == {"mean_absolute_error": 3.0, "bias": -3.0, "in_interval": 1.0}
    assert (found["near_complete"], found["called_near_complete"], found["both"]) == (0, 1, 0)


def test_probabilities_are_judged_by_contigs_and_bases() -> None:
    from bench.confidence import Contigs, fitted, judged

    rng = np.random.default_rng(2)
    votes, length = rng.uniform(-3, 3, 4_000), rng.uniform(3, 5, 4_000)
    likely, core = rng.normal(0, 1, 4_000), rng.integers(0, 2, 4_000)
    odds = 0.5 * votes + 2 * (length - 4)
    right = rng.random(4_000) < 1 / (1 + np.exp(-odds))
    evidence = np.stack([votes, likely, core, length], axis=1)
    contigs = Contigs(evidence, 1 / (1 + np.exp(-odds)), right)
    found = fitted(contigs)
    assert found["weights"] == pytest.approx([0.5, 0, 0, 2], abs=0.25)
    result = judged(contigs)
    now, before = result["probability"], result["votes"]
    assert now["log_loss"] < before["log_loss"] and now["area"] > before["area"] > 0.5
    assert now["left_out_mbp"] < before["left_out_mbp"]
    assert sum(step["contigs"] for step in now["steps"]) == 4_000
    assert all(abs(step["said"] - step["right"]) < 0.1 for step in now["steps"])
    known = Contigs(evidence, np.ones(4_000), np.ones(4_000, np.bool_))
    assert judged(known)["probability"]["area"] is None


def test_wall_time_of_more_cores_is_estimated_from_cpu_seconds() -> None:
    from bench.threads import estimated

    stages = {
        "reading": {"cpu_seconds": 16.0, "leading_cpu_seconds": 1.5},
        "output": {"cpu_seconds": 0.5, "leading_cpu_seconds": 0.4},
    }
    found = estimated(stages, 17.5, 8)
    assert found == {"reading": 2.0, "output": 0.4, "rest": 1.0, "all": 3.4}
    assert estimated(stages, 17.5, 32)["reading"] == 1.5
