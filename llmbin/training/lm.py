"""Pre-training of the genomic language model: masked bases and, at its side, which windows share a genome.

Every random choice of a step comes from a generator seeded with (seed, step, rank), so a run that was
killed continues from its last checkpoint exactly as if nothing had happened.
"""

from __future__ import annotations

import csv
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .checkpoint import load_checkpoint, save_checkpoint
from .loader import batches_of_steps
from .model import GenomeLM, GenomeLMConfig
from .shards import Shards, genome_batch, other_strand

if TYPE_CHECKING:
    from accelerate import Accelerator

    from .finetune import Finetuning

log = logging.getLogger("llmbin.training")


@dataclass(frozen=True)
class LMTraining:
    """Settings of a pre-training run. A batch is ``genomes`` x 2 windows of ``window`` bases a process."""

    steps: int = 2000
    genomes: int = 64
    window: int = 2048
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup: int = 100
    mask: float = 0.15
    contrast: float = 0.3
    temperature: float = 0.1
    seed: int = 1
    save_every: int = 50
    threads: int = 0
    workers: int = 0
    compiled: bool = False


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


def same_genome_loss(z: Tensor, genome: Tensor, temperature: float) -> Tensor:
    """Supervised InfoNCE (Khosla et al. 2020): each row against all others, positives share ``genome``."""
    logits = z @ z.T / temperature
    logits = logits.masked_fill(torch.eye(len(z), dtype=torch.bool, device=z.device), -1e9)
    positive = (genome[:, None] == genome[None]) & ~torch.eye(
        len(z), dtype=torch.bool, device=z.device
    )
    log_p = logits - logits.logsumexp(1, keepdim=True)
    return -(log_p * positive).sum(1).div(positive.sum(1).clamp(min=1)).mean()


def lm_batch(
    shards: Shards, options: LMTraining, step: int, rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Windows [2 x genomes, window], the bases to hide, and the genome of each; both strands at random."""
    rng = np.random.default_rng([options.seed, step, rank])
    chosen = np.repeat(genome_batch(shards, options.genomes, rng), 2)
    codes = np.stack(
        [shards.window(*shards.sample(int(g), options.window, rng), options.window) for g in chosen]
    )
    reverse = rng.random(len(codes)) < 0.5
    codes[reverse] = other_strand(codes[reverse])
    hide = rng.random(codes.shape) < options.mask
    return torch.from_numpy(codes), torch.from_numpy(hide), torch.from_numpy(chosen)


def learning_rate(step: int, options: LMTraining | Finetuning) -> float:
    """Linear warm-up, then half a cosine down to nothing."""
    if step < options.warmup:
        return options.learning_rate * (step + 1) / options.warmup
    progress = (step - options.warmup) / max(1, options.steps - options.warmup)
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def new_accelerator() -> Accelerator:
    """The devices of this process; on a GPU that can, matrix products in bfloat16, while weights, norms and losses stay FP32."""
    from accelerate import Accelerator

    gpu = torch.cuda.is_available()
    return Accelerator(
        cpu=not gpu, mixed_precision="bf16" if gpu and torch.cuda.is_bf16_supported() else "no"
    )


def train_lm(shard_folder: Path, out: Path, config: GenomeLMConfig, options: LMTraining) -> Path:
    """Pre-train, resuming from ``out/checkpoint``; writes ``out/lm`` (save_pretrained) and ``out/lm.csv``.

    Under ``torchrun`` every process takes its own windows and gradients are averaged.
    """
    accelerator = new_accelerator()
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    shards = Shards(shard_folder)
    module = PairedLM(config)
    if options.compiled:
        module.lm.compile_blocks()
    optimizer = torch.optim.AdamW(
        module.parameters(),
        options.learning_rate,
        weight_decay=options.weight_decay,
        betas=(0.9, 0.98),
    )
    done = load_checkpoint(out / "checkpoint", module, optimizer)
    module, optimizer = accelerator.prepare(module, optimizer)
    names = ("masked_loss", "masked_accuracy", "contrast_loss", "bases_per_second")
    metrics = Metrics(out / "lm.csv", names, options, done) if accelerator.is_main_process else None
    module.train()
    batches = batches_of_steps(
        lambda step: lm_batch(shards, options, step, accelerator.process_index),
        done,
        options.steps,
        options.workers,
    )
    began = time.perf_counter()
    for step, batch in enumerate(batches, done):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(step, options)
        codes, hide, genome = (t.to(accelerator.device, non_blocking=True) for t in batch)
        masked, accuracy, contrast = module(codes, hide, genome, options.temperature)
        optimizer.zero_grad()
        accelerator.backward(masked + options.contrast * contrast)
        accelerator.clip_grad_norm_(module.parameters(), 1.0)
        optimizer.step()
        if metrics is not None:
            row = masked.item(), accuracy.item(), contrast.item()
            began, before = time.perf_counter(), began
            metrics.write(step, *row, codes.numel() * accelerator.num_processes / (began - before))
            if (step + 1) % options.save_every == 0 or step + 1 == options.steps:
                save_checkpoint(
                    out / "checkpoint",
                    step + 1,
                    accelerator.unwrap_model(module),
                    optimizer.optimizer,
                )
    if metrics is not None:
        accelerator.unwrap_model(module).lm.save_pretrained(out / "lm")
    return out / "lm"


class Metrics:
    """One row a step in CSV and, where it is installed, TensorBoard; rows from step ``done`` on are written again."""

    def __init__(
        self, path: Path, names: Sequence[str], options: LMTraining | Finetuning, done: int
    ) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = (
            [r for r in csv.reader(path.open()) if r[:1] and r[0].isdigit() and int(r[0]) < done]
            if path.exists()
            else []
        )
        self.names, self.earlier = names, rows
        self.handle = path.open("w", newline="")
        self.rows = csv.writer(self.handle)
        self.rows.writerow(["step", *names])
        self.rows.writerows(rows)
        try:
            from torch.utils.tensorboard import SummaryWriter

            self.board: SummaryWriter | None = SummaryWriter(
                str(path.parent / "tensorboard"), purge_step=done
            )
        except ImportError:
            self.board = None
        log.info("%s: steps %d to %d, %s", path, done, options.steps, asdict(options))

    def write(self, step: int, *values: float) -> None:
        """Note one step."""
        self.rows.writerow([step, *(f"{v:.5g}" for v in values)])
        self.handle.flush()
        if self.board is not None:
            for name, value in zip(self.names, values, strict=True):
                self.board.add_scalar(name, value, step)
        if step % 20 == 0:
            log.info(
                "step %d: %s",
                step,
                ", ".join(f"{n} {v:.4g}" for n, v in zip(self.names, values, strict=True)),
            )
