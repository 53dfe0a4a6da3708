from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("pyhmmer")

import torch

from llmbin._kernels import encode_bases
from llmbin.errors import InputError
from llmbin.estimator.copies import KINDS
from llmbin.estimator.network import network_inputs, network_of
from llmbin.estimator.traits import BinTraits
from llmbin.genes.markers import load_marker_set
from llmbin.tools.synthetic import synthetic_genome, universal_proteins
from llmbin.training.binned import BinnedCommunity
from llmbin.training.drawn_bins import Drawing, DrawnBins, Sources, fit_ruler
from llmbin.training.lessons import Examples, lessons_of, of_other_lineages, tensor_inputs
from llmbin.training.pieces import (
    Pieces,
    break_genomes,
    broken,
    load_pieces,
    shifted,
    substituted,
)
from llmbin.training.quality import cross_validate, errors, fit, read_sources
from llmbin.training.settings import PieceSettings, QualityTraining
from llmbin.training.shards import Genome, Shards, write_shards

MARKERS = load_marker_set()
torch.set_num_threads(1)  # on a busy machine, threads that wait for each other take minutes
BREAKING = PieceSettings()
SMALL = QualityTraining(
    bins=400, width=16, members=2, steps=300, batch=64, folds=2, learning_rate=3e-3
)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> tuple[Shards, Path]:
    """Four genomes of three clades with markers, and their table."""
    folder = tmp_path_factory.mktemp("quality")
    proteins = universal_proteins()
    genomes = [
        Genome(
            f"g{k}",
            f"clade{k // 2}",
            [encode_bases(synthetic_genome(np.random.default_rng(k), 250_000, proteins).encode())],
        )
        for k in range(4)
    ]
    write_shards(genomes, folder / "shards")
    bp = [sum(map(len, genome.sequences)) * (1 + (k == 3)) for k, genome in enumerate(genomes)]
    rows = "".join(f"g{k}\t{size}\n" for k, size in enumerate(bp))
    (folder / "genomes.tsv").write_text("genome\tgenome_bp\n" + rows)
    return Shards(folder / "shards"), folder / "genomes.tsv"


@pytest.fixture(scope="module")
def pieces(held: tuple[Shards, Path]) -> Pieces:
    return break_genomes(held[0], BREAKING, 1)


@pytest.fixture(scope="module")
def sources(held: tuple[Shards, Path], pieces: Pieces) -> Sources:
    return read_sources(*held, pieces, MARKERS)


def test_pieces_hold_each_genome_in_each_way(pieces: Pieces, tmp_path: Path) -> None:
    levels = len(BREAKING.medians) + len(BREAKING.mutated)
    assert sorted(set(pieces.level.tolist())) == list(range(levels))
    whole = (pieces.genome == 1) & (pieces.level == len(BREAKING.medians) - 1)
    assert pieces.lengths[whole].sum() == pytest.approx(250_000, rel=0.05)
    short = (pieces.genome == 1) & (pieces.level == 0)
    assert 1_000 <= np.median(pieces.lengths[short]) < 4_000
    np.savez(tmp_path / "pieces.npz", **pieces.arrays())
    again = load_pieces(tmp_path / "pieces.npz")
    np.testing.assert_array_equal(again.genes.end, pieces.genes.end)
    np.testing.assert_array_equal(again.composition, pieces.composition)


def test_broken_sequences_lose_only_what_is_short() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, 100_000).astype(np.uint8)
    assert [p.tolist() for p in broken(codes, 0, BREAKING, rng)] == [codes.tolist()]
    parts = list(broken(codes, 3_000, BREAKING, rng))
    assert min(map(len, parts)) >= BREAKING.shortest
    assert 0.9 * len(codes) < sum(map(len, parts)) <= len(codes)


def test_mutations() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 5, 50_000).astype(np.uint8)
    changed = substituted(codes, 0.1, rng)
    known = codes < 4
    assert (changed[~known] == 4).all()
    assert 0.08 < (changed != codes)[known].mean() < 0.12
    moved = shifted(codes, 0.01, rng)
    assert abs(len(moved) - len(codes)) < 100
    assert shifted(codes, 0.0, rng).tolist() == codes.tolist()


def test_sources_count_what_is_complete(sources: Sources) -> None:
    assert (sources.weight > 0).all()
    assert sources.share.tolist()[:3] == pytest.approx([1, 1, 1])
    assert sources.share[3] == 0.5
    assert sources.weight[3] < sources.weight[2]


def test_a_genome_without_markers_is_no_source(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    plain = Genome("x", "c", [rng.integers(0, 4, 60_000).astype(np.uint8) for _ in range(20)])
    write_shards([plain], tmp_path / "shards")
    table = tmp_path / "t.tsv"
    shards = Shards(tmp_path / "shards")
    found = break_genomes(shards, BREAKING, 1)
    table.write_text("genome\tgenome_bp\nx\t1200000\n")
    with pytest.raises(InputError, match="no genome is complete"):
        read_sources(shards, table, found, MARKERS)
    table.write_text("genome\tgenome_bp\ny\t1200000\n")
    with pytest.raises(InputError, match="no row for genome 'x'"):
        read_sources(shards, table, found, MARKERS)


def test_drawn_bins_are_what_their_truth_says(pieces: Pieces, sources: Sources) -> None:
    ruler = fit_ruler(pieces, 2, range(len(BREAKING.medians)))
    drawing = Drawing(pieces, sources, ruler, MARKERS, seed=5)
    bins = drawing.bins(300)
    complete, contaminated = bins.truth.T
    assert complete.min() > 0
    assert complete.max() == 1
    assert 0.1 < (contaminated == 0).mean() < 0.9
    assert contaminated.max() < 0.5
    pure = contaminated < 0.01
    markers = bins.traits.once[pure, : len(MARKERS.names)]
    share = markers @ MARKERS.used[0] / MARKERS.used[0].sum()
    assert np.abs(share - complete[pure]).mean() < 0.12
    again = Drawing(pieces, sources, ruler, MARKERS, seed=5).bins(300)
    np.testing.assert_array_equal(again.traits.sizes, bins.traits.sizes)


def test_networks_learn_and_are_judged_on_other_clades(pieces: Pieces, sources: Sources) -> None:
    ruler = fit_ruler(pieces, 2, range(len(BREAKING.medians)))
    bins = Drawing(pieces, sources, ruler, MARKERS, seed=5).bins(SMALL.bins)
    examples = Examples(bins, SMALL.bins)
    arrays = fit(examples, sources, ruler, MARKERS, SMALL)
    answers = network_of(arrays).quantiles(bins.traits, MARKERS)
    found = errors(answers, bins.truth)
    guess = np.abs(bins.truth[:, 0] - np.median(bins.truth[:, 0])).mean()
    assert found["completeness"]["mean_absolute_error"] < 100 * guess / 2
    evaluation = cross_validate(examples, sources, ruler, MARKERS, SMALL)
    assert evaluation["all"]["bins"] == sum(row["bins"] for row in evaluation["by_n50"])
    assert json.loads(json.dumps(evaluation))["clades"] == 2


def test_what_is_learnt_from_is_what_the_program_sees() -> None:
    rng, families = np.random.default_rng(2), MARKERS.families
    once, more = rng.random((5, families)), rng.random((5, families)).round()
    alike, sizes = 9 * rng.random((5, KINDS)), rng.normal(size=(5, 7))
    seen, share = network_inputs(once, more, alike, sizes, MARKERS.used)
    domains = MARKERS.used.T / MARKERS.used.sum(1)
    of_markers = more[:, : len(MARKERS.names)]
    traits = (once, of_markers, alike, sizes, domains)
    learnt, of_domain = tensor_inputs(*map(torch.from_numpy, traits))
    assert learnt.numpy() == pytest.approx(seen, abs=3e-4)
    assert of_domain.numpy() == pytest.approx(share)


def test_lineages_lose_and_double_families_by_chance() -> None:
    families = len(MARKERS.names)
    once, more = np.ones((400, families), np.float32), np.zeros((400, families), np.float32)
    once[:, 0] = 0  # a family that all lack
    more[:, 1] = 1  # and one that all have twice
    alike = np.tile(np.arange(KINDS, dtype=np.float32) == 1, (400, 1)).astype(np.float32)
    traits = BinTraits(once, more, alike, np.zeros((400, 7), np.float32))
    bins = DrawnBins(traits, np.tile([1, 0], (400, 1)).astype(np.float32), np.zeros(400, np.int64))
    sources = Sources(np.zeros(1, np.int64), np.ones(1, np.int64), np.ones(1), np.ones(1))
    lessons = lessons_of(Examples(bins, 400), sources, MARKERS, np.zeros(7), np.ones(7))
    assert lessons.lacking[:3].tolist() == pytest.approx([0.31, 0.01, 0.01])
    assert lessons.doubled[:3].tolist() == pytest.approx([0.01, 0.41, 0.01])
    torch.manual_seed(1)
    rows = torch.arange(400)
    there, twice, _ = of_other_lineages(lessons, rows, replace(SMALL, doubles=2.0))
    gained = twice - lessons.more
    assert not there[:, 0].any()
    assert not gained[:, 0].any()  # what is not there has no second copy
    assert 0.1 < (gained[:, 1] > 0).float().mean() < 0.5
    assert gained.max() <= 1
    assert 0 < (there[:, 2:] == 0).float().mean() < 0.01
    _, twice, kinds = of_other_lineages(lessons, rows, replace(SMALL, losses=0.0, doubles=2.0))
    gained, more = (twice - lessons.more).sum(1), kinds - lessons.alike
    assert more.sum(1).numpy() == pytest.approx(gained.numpy(), abs=1e-3)
    assert more.sum(0).argmax() == 1  # as much alike as a lineage's copies are
    same = of_other_lineages(lessons, rows, replace(SMALL, losses=0.0, doubles=0.0))
    for left, right in zip(same, (lessons.once, lessons.more, lessons.alike), strict=True):
        assert torch.equal(left, right)


def test_errors_in_points() -> None:
    answers = np.array([[0.4, 0.5, 0.6, 0.0, 0.0, 0.1]])
    found = errors(answers, np.array([[0.55, 0.2]], np.float32))
    assert found["completeness"] == {
        "mean_absolute_error": 5.0,
        "bias": -5.0,
        "in_interval": 1.0,
    }
    assert found["contamination"]["in_interval"] == 0


def test_bins_of_runs_are_examples_too(
    held: tuple[Shards, Path], pieces: Pieces, sources: Sources, tmp_path: Path
) -> None:
    shards, _ = held
    sequences = {k: shards.genome(k).sequences[0] for k in (0, 2)}
    parts = {
        f"c{k}_{i}": p for k, s in sequences.items() for i, p in enumerate(np.array_split(s, 5))
    }
    text = {name: np.frombuffer(b"ACGTN", np.uint8)[p].tobytes() for name, p in parts.items()}
    fasta = b"".join(b">%s\n%s\n" % (name.encode(), t) for name, t in text.items())
    (tmp_path / "contigs.fasta").write_bytes(fasta)
    head = "@Version:0.9.1\n@SampleID:x\n\n@@SEQUENCEID\tBINID\t_LENGTH\n"
    gold = "".join(f"{n}\tg{n[1]}\t{len(p)}\n" for n, p in parts.items())
    (tmp_path / "gold.tsv").write_text(head + gold.replace("\tg2", "\tg2.strain1_0.98"))
    bins = "".join(f"{n}\tbin.{n[1]}\n" for n in parts if n != "c0_4").replace(
        "c2_4\tbin.2", "c2_4\tbin.0"
    )
    (tmp_path / "contig2bin.tsv").write_text(bins)
    ruler = fit_ruler(pieces, 2, range(len(BREAKING.medians)))
    community = BinnedCommunity(tmp_path, tmp_path, MARKERS, 1)
    made = community.bins(shards, sources, ruler)
    assert made.genome.tolist() == [0, 2]
    np.testing.assert_allclose(made.truth, [[0.8, 0.2], [0.8, 0]], atol=0.02)
    share = made.traits.once[:, : len(MARKERS.names)] @ (MARKERS.used[0] / MARKERS.used[0].sum())
    assert (share > 0.6).all()
    (tmp_path / "gold.tsv").write_text(head + gold.replace("\tg2", "\tother"))
    with pytest.raises(InputError, match="no genome 'other'"):
        BinnedCommunity(tmp_path, tmp_path, MARKERS, 1).bins(shards, sources, ruler)
