"""Contrastive fine-tuning of the language model and its projector: which fragments share a genome.

Views of a genome are random fragments of either strand; congeners in one batch are hard
negatives. The loss is on three things. On the vector that binning uses (the discriminant analysis
of composition, and a network on [composition | LM] on top), so that the LM is pushed towards what
composition does not tell. On the LM alone, so that it is not ignored. And on predicting the
fragment's codon usage, which asks it to see reading frames.

A share of the genomes of a batch is rewritten into species that never were (`mutation`). A
teacher, if there is one, adds what it finds alike to what is alike by name.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..features.composition import TETRANUCLEOTIDES, composition_vectors
from ..model.language_model import GenomeLM, masked_mean
from ..model.pack import COMPOSITION
from ..model.windows import Batch, WindowPlan
from .checkpoint import save_model
from .fragments import fragment_features, random_fragment
from .judge import Fragments, pair_figures
from .loop import Loop, Metrics, set_up
from .losses import distillation, same_genome_loss
from .mutation import Substitutions, misread, random_substitutions, substitute
from .projector import ResidualProjector, discriminant, load_projector, save_projector
from .settings import CODON_MEAN, CODON_SCALE, Finetuning, FragmentSampling, ProjectorSettings
from .shards import Shards, genome_batch

log = logging.getLogger("llmbin.training")

METRICS = ("all", "alone", "codons", "distil")
JUDGED = ("average_precision", "centred", "five_nearest")


class BinningLM(nn.Module):
    """The language model with the heads that fine-tuning needs.

    The model and the projector are kept.
    """

    def __init__(
        self, lm: GenomeLM, start: ResidualProjector, dims: int, hidden: int, dropout: float = 0.2
    ) -> None:
        super().__init__()
        width = lm.config.width
        self.lm, self.start, self.hidden = lm, start, hidden
        self.whiten = nn.BatchNorm1d(width, affine=False)
        self.alone = nn.Linear(width, 64)
        self.codons = nn.Linear(width, COMPOSITION - TETRANUCLEOTIDES)
        last = nn.Linear(hidden, dims)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(
            nn.Linear(COMPOSITION + width, hidden), nn.GELU(), nn.Dropout(dropout), last
        )

    def forward(
        self, composition: Tensor, codes: Tensor, lengths: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """z of all, z of the LM alone, and the codon usage it predicts.

        One strand is encoded, the one that the batch holds.
        """
        mask = (torch.arange(codes.shape[1], device=codes.device)[None] < lengths[:, None]).float()
        seen = self.whiten(masked_mean(*self.lm.hidden(codes, mask)))
        return self.place(composition, seen), self.alone(seen), self.codons(seen)

    def place(self, composition: Tensor, seen: Tensor) -> Tensor:
        """z [n, dims] of composition [n, 197] and whitened vectors of the LM [n, width]."""
        # In full precision: whitening takes small differences of large sums.
        with torch.autocast(composition.device.type, enabled=False):
            with torch.no_grad():
                u = (composition - self.start.mean) @ self.start.whiten
                base = u[:, : len(self.start.scale)] * self.start.scale
            z: Tensor = base + self.net(torch.cat([u, seen.float()], 1))
        return z

    def projector(self) -> ResidualProjector:
        """The projector by itself: both whitenings side by side, and the network."""
        mean, variance = (getattr(self.whiten, name) for name in ("running_mean", "running_var"))
        whiten = torch.block_diag(
            self.start.whiten, torch.diag(1 / torch.sqrt(variance + self.whiten.eps))
        )  # type: ignore[no-untyped-call]
        tables = [
            t.double().cpu().numpy()
            for t in (torch.cat([self.start.mean, mean]), whiten, self.start.scale)
        ]
        made = ResidualProjector(tables[0], tables[1], tables[2], self.hidden, 0.0)
        made.net.load_state_dict(self.net.state_dict())
        return made.eval()


def finetune_batch(
    shards: Shards, options: Finetuning, step: int, rank: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Composition [n, 197], codes [n, window], lengths [n] and genome [n] of random fragments.

    Either strand of each, at random.
    """
    rng = np.random.default_rng([options.seed, step, rank])
    chosen = np.repeat(genome_batch(shards, options.genomes, rng), options.views)
    fragments = []
    codes = np.zeros((len(chosen), options.window), np.uint8)
    lengths = np.zeros(len(chosen), np.int32)
    law: Substitutions | None = None
    for row, genome in enumerate(chosen):
        if row % options.views == 0:
            pseudo = rng.random() < options.pseudo
            law = random_substitutions(options.mutation, rng) if pseudo else None
        fragment = random_fragment(shards, int(genome), options.shortest, options.longest, rng)
        fragment = substitute(fragment, law, rng) if law is not None else fragment
        fragment = misread(fragment, rng.uniform(0, options.errors), rng)
        fragments.append(fragment)
        begin = int(rng.integers(0, max(1, len(fragment) - options.window + 1)))
        piece = fragment[begin : begin + options.window]
        codes[row, : len(piece)], lengths[row] = piece, len(piece)
    return (
        torch.from_numpy(composition_vectors(fragments)),
        torch.from_numpy(codes),
        torch.from_numpy(lengths),
        torch.from_numpy(chosen),
    )


class _NoLM:
    """Composition alone, for the discriminant analysis to start from."""

    width = 0

    def encode(self, batch: Batch) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return np.zeros((len(batch.lengths), 0), np.float32)


class Teacher(nn.Module):
    """A larger model that was fine-tuned before; it stays as it is."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.lm = GenomeLM.from_pretrained(folder / "lm")
        self.projector = load_projector(folder / "projector.safetensors")
        self.eval().requires_grad_(False)

    def forward(self, composition: Tensor, codes: Tensor, lengths: Tensor) -> Tensor:
        """z [n, dims]."""
        seen = self.lm.encode(codes, lengths)
        with torch.autocast(composition.device.type, enabled=False):
            z: Tensor = self.projector(torch.cat([composition, seen.float()], 1))
        return z


def judge(
    module: BinningLM, held: Fragments, device: torch.device, batch: int = 128
) -> tuple[float, float, float]:
    """Average precision, that about the mean of all vectors, and 5-NN precision.

    Of fragments of unseen genera.
    """
    module.eval()
    rows = []
    # Shapes differ from those of training: compiling anew would take longer than it saves.
    with (
        torch.no_grad(),
        torch.compiler.set_stance("force_eager"),
        torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"),
    ):
        for at in range(0, len(held.codes), batch):
            composition, codes, lengths = (
                torch.from_numpy(v[at : at + batch]).to(device)
                for v in (held.composition, held.codes, held.lengths)
            )
            rows.append(module.place(composition, module.whiten(module.lm.encode(codes, lengths))))
    module.train()
    z = torch.cat(rows)
    precision, near = pair_figures(z, held.genome)
    return precision, pair_figures(z - z.mean(0), held.genome)[0], float(near.mean())


class Best:
    """Early stopping: of all models judged, the one that is kept."""

    def __init__(self, out: Path, held: Fragments | None, options: Finetuning, done: int) -> None:
        self.out, self.held, self.every, self.last = out, held, options.judge_every, options.steps
        self.metrics = Metrics(out / "dev.csv", JUDGED, options, done) if held else None
        earlier = self.metrics.earlier if self.metrics else []
        self.score = max((float(row[1]) + float(row[3]) for row in earlier), default=0.0)

    def consider(self, step: int, module: BinningLM, device: torch.device) -> None:
        """Judge after step ``step`` if it is time, and write the model if none was better.

        Where there is nothing to judge by, the last one is written.
        """
        if (step + 1) % self.every and step + 1 != self.last:
            return
        if self.held is None or self.metrics is None:
            if step + 1 == self.last:
                self.write(module)
            return
        row = judge(module, self.held, device)
        self.metrics.write(step, *row)
        log.info(
            "step %d: average precision %.4f (%.4f about the mean), 5-NN %.4f of unseen genera",
            step,
            *row,
        )
        if row[0] + row[2] > self.score:
            self.score = row[0] + row[2]
            self.write(module)

    def write(self, module: BinningLM) -> None:
        """Keep this model."""
        save_model(module.lm, self.out / "lm")
        save_projector(module.projector(), self.out / "projector.safetensors")


def begun(options: Finetuning, shards: Shards, start: Path) -> BinningLM:
    """The model before the first step: the LM of ``start``, and a discriminant analysis."""
    settings = ProjectorSettings()
    plan = WindowPlan(options.window, 1, options.window)
    sampling = FragmentSampling(seed=options.seed)
    plain = fragment_features(shards, _NoLM(), plan, sampling, threads=1)
    base = discriminant(plain, settings).requires_grad_(False)
    lm = GenomeLM.from_pretrained(start)
    module = BinningLM(lm, base, settings.dims, settings.hidden, options.dropout)
    if options.compiled:
        module.lm.compile_blocks()
    return module


def without_decay_of_vectors(module: nn.Module) -> list[dict[str, Any]]:
    """AdamW's groups: matrices, and without weight decay what is no matrix."""
    trained = [p for p in module.parameters() if p.requires_grad]
    return [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]


def finetune(
    shard_folder: Path,
    start: Path,
    out: Path,
    options: Finetuning,
    teacher: Path | None = None,
    held: Fragments | None = None,
) -> Path:
    """Fine-tune the model of ``start``, resuming from ``out/checkpoint``.

    Writes ``out/lm``, ``out/projector.safetensors`` and ``out/finetune.csv``. With ``held``,
    fragments of unseen genera, the model that is written is the one that placed them best
    (``out/dev.csv``), else the last. ``teacher`` is the ``out`` of an earlier, larger one.
    """
    accelerator = set_up(options)
    shards = Shards(shard_folder)
    module = begun(options, shards, start)
    taught_by = (
        accelerator.prepare_model(Teacher(teacher), evaluation_mode=True) if teacher else None
    )
    loop = Loop(accelerator, module, without_decay_of_vectors(module), options, out)
    metrics, best = None, None
    if loop.writes:
        metrics = Metrics(out / "finetune.csv", METRICS, options, loop.done)
        best = Best(out, held, options, loop.done)
    for step, (composition, codes, lengths, genome) in loop.steps(
        lambda step: finetune_batch(shards, options, step, accelerator.process_index)
    ):
        # Dropout too goes on as if never stopped.
        torch.manual_seed(hash((options.seed, step, accelerator.process_index)) & 0x7FFFFFFF)
        z, alone, usage = loop.module(composition, codes, lengths)
        everything, of_lm = (
            same_genome_loss(F.normalize(v, dim=1), genome, options.temperature) for v in (z, alone)
        )
        wanted = (composition[:, TETRANUCLEOTIDES:] - CODON_MEAN) * CODON_SCALE
        codons = F.mse_loss(usage, wanted)
        distil = (
            distillation(z, taught_by(composition, codes, lengths), options.temperature)
            if taught_by
            else z.new_zeros(())
        )
        loop.descend(
            everything + options.alone * of_lm + options.codons * codons + options.distil * distil
        )
        if metrics is not None and best is not None:
            metrics.write(step, *(v.item() for v in (everything, of_lm, codons, distil)))
            best.consider(step, loop.whole, accelerator.device)
            loop.save(step)
    return out / "lm"
