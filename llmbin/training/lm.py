"""Pre-training of the language model: masked bases, and which windows share a genome."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..model.language_model import GenomeLM, GenomeLMConfig
from .checkpoint import save_model
from .loop import Loop, Metrics, set_up
from .losses import same_genome_loss
from .settings import LMTraining
from .shards import Shards, genome_batch, other_strand

METRICS = ("masked_loss", "masked_accuracy", "contrast_loss", "bases_per_second")


class PairedLM(nn.Module):
    """The language model with the throw-away head that the contrastive loss needs."""

    def __init__(self, config: GenomeLMConfig) -> None:
        super().__init__()
        self.lm = GenomeLM(config)
        self.whiten = nn.BatchNorm1d(config.width, affine=False)
        self.contrast = nn.Linear(config.width, 64)

    def forward(
        self, codes: Tensor, hide: Tensor, genome: Tensor, temperature: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        masked, accuracy, pooled = self.lm.masked_base_loss(codes, hide)
        z = F.normalize(self.contrast(self.whiten(pooled)), dim=1)
        return masked, accuracy, same_genome_loss(z, genome, temperature)


def lm_batch(
    shards: Shards, options: LMTraining, step: int, rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Windows [2 x genomes, window], the bases to hide, and the genome of each.

    Either strand of each, at random.
    """
    rng = np.random.default_rng([options.seed, step, rank])
    chosen = np.repeat(genome_batch(shards, options.genomes, rng), 2)
    codes = np.stack(
        [shards.window(*shards.sample(int(g), options.window, rng), options.window) for g in chosen]
    )
    reverse = rng.random(len(codes)) < 0.5
    codes[reverse] = other_strand(codes[reverse])
    hide = rng.random(codes.shape) < options.mask
    return torch.from_numpy(codes), torch.from_numpy(hide), torch.from_numpy(chosen)


def train_lm(shard_folder: Path, out: Path, config: GenomeLMConfig, options: LMTraining) -> Path:
    """Pre-train, resuming from ``out/checkpoint``.

    Writes ``out/lm`` (save_pretrained) and ``out/lm.csv``.
    """
    accelerator = set_up(options)
    shards = Shards(shard_folder)
    module = PairedLM(config)
    if options.compiled:
        module.lm.compile_blocks()
    loop = Loop(accelerator, module, [{"params": list(module.parameters())}], options, out)
    metrics = Metrics(out / "lm.csv", METRICS, options, loop.done) if loop.writes else None
    began = time.perf_counter()
    for step, (codes, hide, genome) in loop.steps(
        lambda step: lm_batch(shards, options, step, accelerator.process_index)
    ):
        masked, accuracy, contrast = loop.module(codes, hide, genome, options.temperature)
        loop.descend(masked + options.contrast * contrast)
        if metrics is not None:
            row = masked.item(), accuracy.item(), contrast.item()
            began, before = time.perf_counter(), began
            metrics.write(step, *row, codes.numel() * accelerator.num_processes / (began - before))
            loop.save(step)
    if loop.writes:
        save_model(loop.whole.lm, out / "lm")
    return out / "lm"
