"""What training makes of genomes: batches, pseudo-species, misread bases, judging, distillation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")
pytest.importorskip("transformers")

from llmbin.errors import InputError  # noqa: E402
from llmbin.model.language_model import GenomeLM, GenomeLMConfig  # noqa: E402
from llmbin.training.finetune import finetune, finetune_batch  # noqa: E402
from llmbin.training.judge import pair_figures, read_fragments  # noqa: E402
from llmbin.training.loader import batches_of_steps  # noqa: E402
from llmbin.training.losses import distillation  # noqa: E402
from llmbin.training.mutation import misread, random_substitutions, substitute  # noqa: E402
from llmbin.training.settings import Finetuning  # noqa: E402
from llmbin.training.shards import Genome, Shards, at_most, other_strand  # noqa: E402

SMALL = GenomeLMConfig(width=16, dilations=(1, 2))
FAST = Finetuning(
    steps=4,
    genomes=4,
    views=2,
    window=128,
    shortest=150,
    longest=400,
    warmup=2,
    save_every=2,
    judge_every=2,
    threads=1,
)


@pytest.fixture(scope="module")
def dev(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("dev")
    rng = np.random.default_rng(5)
    fasta, truth = [], []
    for g in range(3):
        for k in range(8):
            bases = rng.choice(list("ACGT"), 300, p=np.roll([0.4, 0.3, 0.2, 0.1], g))
            fasta.append(f">g{g}_{k}\n{''.join(bases)}\n")
            truth.append(f"g{g}_{k}\tg{g}\t300\n")
    (folder / "f.fna").write_text("".join(fasta))
    (folder / "t.tsv").write_text("".join(truth))
    return folder / "f.fna", folder / "t.tsv"


def test_workers_make_the_same_batches(shards: Path) -> None:
    held = Shards(shards)
    alone, helped = (
        list(batches_of_steps(lambda step: finetune_batch(held, FAST, step, 0), 3, 8, n))
        for n in (0, 2)
    )
    assert len(alone) == len(helped) == 5
    for a, b in zip(alone, helped, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


def test_a_law_is_the_same_on_both_strands() -> None:
    rng = np.random.default_rng(1)
    law = random_substitutions(0.3, rng)
    codes = rng.integers(0, 4, 400_000).astype(np.uint8)

    def changes(strand: int) -> np.ndarray:
        """Share of the contexts' middles [64] that turn into each base [4].

        Seen on the strand that the law was applied to (0) or on the other.
        """
        seen, made = (
            (codes, substitute(codes, law, rng))
            if not strand
            else (other_strand(codes), other_strand(substitute(codes, law, rng)))
        )
        context = seen[:-2].astype(int) * 16 + seen[1:-1] * 4 + seen[2:]
        table = np.zeros((64, 4))
        np.add.at(table, (context, made[1:-1]), 1)
        return table / table.sum(1, keepdims=True)

    forward, backward = changes(0), changes(1)
    assert np.abs(forward - backward).max() < 0.03
    stays = forward[np.arange(64), np.arange(64) >> 2 & 3]
    np.testing.assert_allclose(1 - stays, law.rate, atol=0.02)


def test_unknown_bases_and_the_length_stay() -> None:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 4, 5000).astype(np.uint8)
    codes[100:200] = 4
    made = misread(substitute(codes, random_substitutions(0.5, rng), rng), 0.1, rng)
    assert len(made) == len(codes)
    np.testing.assert_array_equal(made == 4, codes == 4)
    assert 0.02 < (made != codes).mean() < 0.6
    for short in ([], [1], [1, 2]):
        assert len(
            substitute(np.array(short, np.uint8), random_substitutions(0.5, rng), rng)
        ) == len(short)


def test_views_of_a_pseudo_species_share_its_law(
    shards: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, applied = Shards(shards), []
    monkeypatch.setattr(
        "llmbin.training.finetune.substitute",
        lambda codes, law, rng: applied.append(law) or substitute(codes, law, rng),
    )
    changed = [
        finetune_batch(held, replace(FAST, pseudo=p, mutation=0.3, errors=0.0), 0, 0)[0]
        for p in (0.0, 1.0)
    ]
    assert not torch.equal(*changed)
    assert len(applied) == FAST.genomes * FAST.views
    assert applied[::2] == applied[1::2]
    assert len({id(law) for law in applied}) == FAST.genomes


def test_at_most_keeps_what_fits(genomes: list[Genome]) -> None:
    for whole, part in zip(genomes, at_most(genomes, 2500), strict=True):
        assert part.name == whole.name
        assert 1000 <= sum(map(len, part.sequences)) <= 2500
        assert all(
            any(np.array_equal(piece, s[: len(piece)]) for s in whole.sequences)
            for piece in part.sequences
        )


def test_pair_figures_are_scikit_learns() -> None:
    from sklearn.metrics import average_precision_score

    rng = np.random.default_rng(3)
    genome = np.repeat(np.arange(6), 10).astype(str)
    v = rng.normal(size=(60, 5)) + 1.5 * rng.normal(size=(6, 5))[genome.astype(int)]
    precision, near = pair_figures(torch.from_numpy(v), genome)
    unit = v / np.linalg.norm(v, axis=1, keepdims=True)
    similarity, upper = unit @ unit.T, np.triu_indices(60, 1)
    assert precision == pytest.approx(
        average_precision_score(genome[upper[0]] == genome[upper[1]], similarity[upper])
    )
    np.fill_diagonal(similarity, -9)
    order = np.argsort(-similarity, axis=1)[:, :5]
    np.testing.assert_allclose(near, (genome[order] == genome[:, None]).mean(1))


def test_distillation_is_zero_for_the_teachers_own_vectors() -> None:
    z = torch.randn(12, 4)
    assert distillation(z, 3 * z, 0.1).item() == pytest.approx(0, abs=1e-6)
    assert distillation(torch.randn(12, 4), z, 0.1).item() > 0.1


def test_the_best_model_on_unseen_genera_is_kept(
    shards: Path, dev: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    GenomeLM(SMALL).save_pretrained(tmp_path / "lm")
    held = read_fragments(*dev, FAST.window)
    scores = iter([(0.5, 0.5, 0.9), (0.4, 0.5, 0.8)])
    monkeypatch.setattr("llmbin.training.finetune.judge", lambda *_: next(scores))
    finetune(shards, tmp_path / "lm", tmp_path / "judged", FAST, held=held)
    finetune(shards, tmp_path / "lm", tmp_path / "last", FAST)
    kept, last = (
        GenomeLM.from_pretrained(tmp_path / name / "lm").state_dict() for name in ("judged", "last")
    )
    assert any((kept[k] != last[k]).any() for k in kept)
    rows = (tmp_path / "judged" / "dev.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "1", "3"]
    # Once more from the checkpoint at the end: nothing is left to do, and what was kept stays.
    before = (tmp_path / "judged" / "projector.safetensors").read_bytes()
    finetune(shards, tmp_path / "lm", tmp_path / "judged", FAST, held=held)
    assert (tmp_path / "judged" / "projector.safetensors").read_bytes() == before


def test_a_teacher_teaches(shards: Path, dev: tuple[Path, Path], tmp_path: Path) -> None:
    from llmbin.training.cli import main

    GenomeLM(GenomeLMConfig(width=24, dilations=(1,))).save_pretrained(tmp_path / "large")
    GenomeLM(SMALL).save_pretrained(tmp_path / "small")
    sizes = (
        "--steps 4 --genomes 4 --views 2 --window 128 --shortest 150 --longest 400 --warmup 1 "
        "--judge-every 2 --threads 1"
    )
    teacher, pupil = tmp_path / "teacher", tmp_path / "pupil"
    large = f"finetune {shards} --lm {tmp_path}/large -o {teacher} {sizes} --learning-rate 0.05"
    main(large.split())
    small = f"finetune {shards} --lm {tmp_path}/small -o {pupil} {sizes} --workers 2"
    main(f"{small} --teacher {teacher} --dev {dev[0]} {dev[1]}".split())
    rows = [
        row.split(",") for row in (tmp_path / "pupil" / "finetune.csv").read_text().splitlines()
    ]
    assert rows[0][-1] == "distil"
    assert all(float(row[-1]) > 0 for row in rows[1:])
    assert all(
        0 < float(x) <= 1
        for row in (tmp_path / "pupil" / "dev.csv").read_text().splitlines()[1:]
        for x in row.split(",")[1:]
    )


def test_a_fragment_without_genome_is_named(dev: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("g0_0\tg0\t300\n")
    with pytest.raises(InputError, match="no genome for fragment 'g0_1'"):
        read_fragments(dev[0], tmp_path / "t.tsv", 128)
