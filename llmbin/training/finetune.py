"""Contrastive fine-tuning of the language model and its projector for binning: which fragments share a genome.

Views of a genome are random fragments of either strand; congeners in one batch are hard negatives. The loss is on the
vector that binning uses (the discriminant analysis of composition, and a network on [composition | LM] on top), so that the
LM is pushed towards what composition does not tell; on the LM alone, so that it is not ignored; and on predicting
the fragment's codon usage, which asks it to see reading frames.
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

from ..features import TETRANUCLEOTIDES, composition_vector
from ..pack import COMPOSITION
from ..windows import Batch, WindowPlan
from .checkpoint import load_checkpoint, save_checkpoint
from .fragments import fragment_features, random_fragment
from .lm import Metrics, learning_rate, same_genome_loss
from .model import GenomeLM, masked_mean
from .projector import ProjectorSettings, ResidualProjector, discriminant, save_projector
from .shards import Shards, genome_batch

log = logging.getLogger("llmbin.training")

CODON_SCALE = 20.0  # square roots of codon frequencies lie within about 0.1 of their mean


@dataclass(frozen=True)
class Finetuning:
    """A batch is ``genomes`` x ``views`` fragments of ``shortest`` to ``longest`` bases; the LM sees ``window`` of each."""

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
    seed: int = 1
    save_every: int = 50
    threads: int = 0


class BinningLM(nn.Module):
    """The language model with the heads that fine-tuning needs; the model and the projector are kept."""

    def __init__(self, lm: GenomeLM, start: ResidualProjector, dims: int, hidden: int) -> None:
        super().__init__()
        width = lm.config.width
        self.lm, self.start, self.hidden = lm, start, hidden
        self.whiten = nn.BatchNorm1d(width, affine=False)
        self.alone = nn.Linear(width, 64)
        self.codons = nn.Linear(width, COMPOSITION - TETRANUCLEOTIDES)
        last = nn.Linear(hidden, dims)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.net = nn.Sequential(nn.Linear(COMPOSITION + width, hidden), nn.GELU(), nn.Dropout(0.2), last)

    def forward(self, composition: Tensor, codes: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """z of all, z of the LM alone, and the codon usage it predicts; one strand is encoded, at random by the batch."""
        mask = (torch.arange(codes.shape[1], device=codes.device)[None] < lengths[:, None]).float()
        seen = self.whiten(masked_mean(*self.lm.hidden(codes, mask)))
        with torch.no_grad():
            u = (composition - self.start.mean) @ self.start.whiten
            base = u[:, : len(self.start.scale)] * self.start.scale
        return base + self.net(torch.cat([u, seen], 1)), self.alone(seen), self.codons(seen)

    def projector(self) -> ResidualProjector:
        """The projector by itself: both whitenings side by side, and the network."""
        mean, variance = (getattr(self.whiten, name) for name in ("running_mean", "running_var"))
        whiten = torch.block_diag(self.start.whiten, torch.diag(1 / torch.sqrt(variance + self.whiten.eps)))  # type: ignore[no-untyped-call]
        tables = [t.double().cpu().numpy() for t in (torch.cat([self.start.mean, mean]), whiten, self.start.scale)]
        made = ResidualProjector(tables[0], tables[1], tables[2], self.hidden, 0.0)
        made.net.load_state_dict(self.net.state_dict())
        return made.eval()


def finetune_batch(shards: Shards, options: Finetuning, step: int, rank: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Composition [n, 197], codes [n, window], lengths [n] and genome [n] of random fragments, on either strand at random."""
    rng = np.random.default_rng([options.seed, step, rank])
    chosen = np.repeat(genome_batch(shards, options.genomes, rng), options.views)
    composition, codes, lengths = [], np.zeros((len(chosen), options.window), np.uint8), np.zeros(len(chosen), np.int32)
    for row, genome in enumerate(chosen):
        fragment = random_fragment(shards, int(genome), options.shortest, options.longest, rng)
        composition.append(composition_vector(fragment))
        begin = int(rng.integers(0, max(1, len(fragment) - options.window + 1)))
        piece = fragment[begin : begin + options.window]
        codes[row, : len(piece)], lengths[row] = piece, len(piece)
    return torch.from_numpy(np.array(composition)), torch.from_numpy(codes), torch.from_numpy(lengths), torch.from_numpy(chosen)


class _NoLM:
    """Composition alone, for the discriminant analysis to start from."""

    width = 0

    def encode(self, batch: Batch) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        return np.zeros((len(batch.lengths), 0), np.float32)


def finetune(shard_folder: Path, start: Path, out: Path, options: Finetuning) -> Path:
    """Fine-tune the model of ``start``, resuming from ``out/checkpoint``; writes ``out/lm``, ``out/projector.safetensors`` and ``out/finetune.csv``.

    Under ``torchrun`` every process takes its own fragments and gradients are averaged.
    """
    from accelerate import Accelerator

    accelerator = Accelerator(cpu=not torch.cuda.is_available())
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    shards = Shards(shard_folder)
    settings = ProjectorSettings()
    plain = fragment_features(shards, _NoLM(), WindowPlan(options.window, 1, options.window), 60, options.seed, 1)
    base = discriminant(plain, settings).requires_grad_(False)
    module = BinningLM(GenomeLM.from_pretrained(start), base, settings.dims, settings.hidden)
    trained = [p for p in module.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trained if p.ndim > 1]},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, options.learning_rate, weight_decay=options.weight_decay, betas=(0.9, 0.98))
    done = load_checkpoint(out / "checkpoint", module, optimizer)
    module, optimizer = accelerator.prepare(module, optimizer)
    metrics = Metrics(out / "finetune.csv", ("all", "alone", "codons"), options, done) if accelerator.is_main_process else None
    module.train()
    for step in range(done, options.steps):
        torch.manual_seed(hash((options.seed, step, accelerator.process_index)) & 0x7FFFFFFF)  # dropout too goes on as if never stopped
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        composition, codes, lengths, genome = (
            t.to(accelerator.device) for t in finetune_batch(shards, options, step, accelerator.process_index)
        )  # fmt: skip
        z, alone, usage = module(composition, codes, lengths)
        losses = [same_genome_loss(F.normalize(v, dim=1), genome, options.temperature) for v in (z, alone)]
        wanted = (composition[:, TETRANUCLEOTIDES:] - 0.12) * CODON_SCALE
        losses.append(F.mse_loss(usage, wanted))
        optimizer.zero_grad()
        accelerator.backward(losses[0] + options.alone * losses[1] + options.codons * losses[2])
        accelerator.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        if metrics is not None:
            metrics.write(step, *(v.item() for v in losses))
            if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
                save_checkpoint(out / "checkpoint", step + 1, accelerator.unwrap_model(module), optimizer.optimizer)
    if metrics is not None:
        whole = accelerator.unwrap_model(module)
        whole.lm.save_pretrained(out / "lm")
        save_projector(whole.projector(), out / "projector.safetensors")
    return out / "lm"
