"""Contrastive fine-tuning of the language model and its projector for binning: which fragments share a genome.

Views of a genome are random fragments of either strand; congeners in one batch are hard negatives. The loss is on the
vector that binning uses (the discriminant analysis of composition, and a network on [composition | LM] on top), so that the
LM is pushed towards what composition does not tell; on the LM alone, so that it is not ignored; and on predicting
the fragment's codon usage, which asks it to see reading frames. A share of the genomes of a batch is rewritten into species that never
were (`mutation`). A teacher, if there is one, adds what it finds alike to what is alike by name.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..features.profile import TETRANUCLEOTIDES, composition_vectors
from ..model.pack import COMPOSITION
from ..model.windows import Batch, WindowPlan
from .checkpoint import load_checkpoint, save_checkpoint
from .fragments import fragment_features, random_fragment
from .judge import Fragments, pair_figures
from .lm import Metrics, learning_rate, new_accelerator, same_genome_loss
from .loader import batches_of_steps
from .model import GenomeLM, masked_mean
from .mutation import Substitutions, misread, random_substitutions, substitute
from .projector import (
    ProjectorSettings,
    ResidualProjector,
    discriminant,
    load_projector,
    save_projector,
)
from .shards import Shards, genome_batch

log = logging.getLogger("llmbin.training")

CODON_SCALE = 20.0  # square roots of codon frequencies lie within about 0.1 of their mean


@dataclass(frozen=True)
class Finetuning:
    """A batch is ``genomes`` x ``views`` fragments of ``shortest`` to ``longest`` bases; the LM sees ``window`` of each.

    ``pseudo`` is the share of genomes that are rewritten, at rates up to ``mutation``; up to ``errors`` of a fragment's bases are misread.
    Development fragments are judged every ``judge_every`` steps.
    """

    steps: int = 1200
    genomes: int = 96
    views: int = 4
    window: int = 1024
    shortest: int = 1100
    longest: int = 10_000
    learning_rate: float = 1e-3
    weight_decay: float = 0.05
    warmup: int = 120
    temperature: float = 0.1
    alone: float = 0.5
    codons: float = 0.2
    distil: float = 1.0
    pseudo: float = 0.5
    mutation: float = 0.08
    errors: float = 0.01
    dropout: float = 0.2
    seed: int = 1
    save_every: int = 50
    judge_every: int = 100
    threads: int = 0
    workers: int = 0
    compiled: bool = False


class BinningLM(nn.Module):
    """The language model with the heads that fine-tuning needs; the model and the projector are kept."""

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
        """z of all, z of the LM alone, and the codon usage it predicts; one strand is encoded, at random by the batch."""
        mask = (torch.arange(codes.shape[1], device=codes.device)[None] < lengths[:, None]).float()
        seen = self.whiten(masked_mean(*self.lm.hidden(codes, mask)))
        return self.place(composition, seen), self.alone(seen), self.codons(seen)

    def place(self, composition: Tensor, seen: Tensor) -> Tensor:
        """z [n, dims] of composition [n, 197] and whitened vectors of the LM [n, width]."""
        with torch.autocast(
            composition.device.type, enabled=False
        ):  # whitening takes small differences of large sums
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
    """Composition [n, 197], codes [n, window], lengths [n] and genome [n] of random fragments, on either strand at random."""
    rng = np.random.default_rng([options.seed, step, rank])
    chosen = np.repeat(genome_batch(shards, options.genomes, rng), options.views)
    fragments, codes, lengths = (
        [],
        np.zeros((len(chosen), options.window), np.uint8),
        np.zeros(len(chosen), np.int32),
    )
    law: Substitutions | None = None
    for row, genome in enumerate(chosen):
        if row % options.views == 0:
            law = (
                random_substitutions(options.mutation, rng)
                if rng.random() < options.pseudo
                else None
            )
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


def distillation(z: Tensor, taught: Tensor, temperature: float) -> Tensor:
    """How far what is near what in ``z`` is from what the teacher says: the mean Kullback-Leibler divergence of a row's softmax of cosines
    (relational distillation, as in Fang et al. 2021, SEED).
    """  # fmt: skip
    same = torch.eye(len(z), dtype=torch.bool, device=z.device)
    ours, theirs = (
        (v @ v.T / temperature).masked_fill(same, -1e9).log_softmax(1)
        for v in (F.normalize(z, dim=1), F.normalize(taught, dim=1))
    )
    return F.kl_div(ours, theirs, log_target=True, reduction="batchmean")


def judge(
    module: BinningLM, held: Fragments, device: torch.device, batch: int = 128
) -> tuple[float, float, float]:
    """Average precision as it is and about the mean of all vectors, and 5-NN precision, of fragments of unseen genera."""
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
                torch.from_numpy(v[at : at + batch]).to(device) for v in (held.composition, held.codes, held.lengths)
            )  # fmt: skip
            rows.append(module.place(composition, module.whiten(module.lm.encode(codes, lengths))))
    module.train()
    z = torch.cat(rows)
    precision, near = pair_figures(z, held.genome)
    return precision, pair_figures(z - z.mean(0), held.genome)[0], float(near.mean())


class Best:
    """Early stopping: of all models judged, the one that is kept."""

    def __init__(self, out: Path, held: Fragments | None, options: Finetuning, done: int) -> None:
        self.out, self.held, self.every, self.last = out, held, options.judge_every, options.steps
        self.metrics = (
            Metrics(
                out / "dev.csv", ("average_precision", "centred", "five_nearest"), options, done
            )
            if held
            else None
        )
        earlier = self.metrics.earlier if self.metrics else []
        self.score = max((float(row[1]) + float(row[3]) for row in earlier), default=0.0)

    def consider(self, step: int, module: BinningLM, device: torch.device) -> None:
        """Judge after step ``step`` if it is time, and write the model if none was better, or if there is nothing to judge by and it is the last."""
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
        module.lm.save_pretrained(self.out / "lm")
        save_projector(module.projector(), self.out / "projector.safetensors")


def finetune(
    shard_folder: Path,
    start: Path,
    out: Path,
    options: Finetuning,
    teacher: Path | None = None,
    held: Fragments | None = None,
) -> Path:
    """Fine-tune the model of ``start``, resuming from ``out/checkpoint``; writes ``out/lm``, ``out/projector.safetensors`` and ``out/finetune.csv``.

    With ``held``, fragments of unseen genera, the model that is written is the one that placed them best (``out/dev.csv``), else the last.
    ``teacher`` is the ``out`` of an earlier, larger one. Under ``torchrun`` every process takes its own fragments and gradients are averaged.
    """
    accelerator = new_accelerator()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    shards = Shards(shard_folder)
    settings = ProjectorSettings()
    plain = fragment_features(
        shards, _NoLM(), WindowPlan(options.window, 1, options.window), 60, options.seed, 1
    )
    base = discriminant(plain, settings).requires_grad_(False)
    module = BinningLM(
        GenomeLM.from_pretrained(start), base, settings.dims, settings.hidden, options.dropout
    )
    if options.compiled:
        module.lm.compile_blocks()
    taught_by = (
        accelerator.prepare_model(Teacher(teacher), evaluation_mode=True) if teacher else None
    )
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        groups, options.learning_rate, weight_decay=options.weight_decay, betas=(0.9, 0.98)
    )
    done = load_checkpoint(out / "checkpoint", module, optimizer)
    module, optimizer = accelerator.prepare(module, optimizer)
    metrics, best = None, None
    if accelerator.is_main_process:
        metrics, best = (
            Metrics(out / "finetune.csv", ("all", "alone", "codons", "distil"), options, done),
            Best(out, held, options, done),
        )
    module.train()
    batches = batches_of_steps(
        lambda step: finetune_batch(shards, options, step, accelerator.process_index),
        done,
        options.steps,
        options.workers,
    )
    for step, batch in enumerate(batches, done):
        torch.manual_seed(
            hash((options.seed, step, accelerator.process_index)) & 0x7FFFFFFF
        )  # dropout too goes on as if never stopped
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        composition, codes, lengths, genome = (
            t.to(accelerator.device, non_blocking=True) for t in batch
        )
        z, alone, usage = module(composition, codes, lengths)
        losses = [
            same_genome_loss(F.normalize(v, dim=1), genome, options.temperature) for v in (z, alone)
        ]
        wanted = (composition[:, TETRANUCLEOTIDES:] - 0.12) * CODON_SCALE
        losses.append(F.mse_loss(usage, wanted))
        losses.append(
            distillation(z, taught_by(composition, codes, lengths), options.temperature)
            if taught_by
            else z.new_zeros(())
        )
        optimizer.zero_grad()
        accelerator.backward(
            losses[0]
            + options.alone * losses[1]
            + options.codons * losses[2]
            + options.distil * losses[3]
        )
        accelerator.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if metrics is not None and best is not None:
            metrics.write(step, *(v.item() for v in losses))
            whole = accelerator.unwrap_model(module)
            best.consider(step, whole, accelerator.device)
            if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
                save_checkpoint(out / "checkpoint", step + 1, whole, optimizer.optimizer)
    return out / "lm"
