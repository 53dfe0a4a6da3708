"""Whole trainings: the sizes and schedules of the packs, and all steps in a row."""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path

from .finetune import Finetuning, finetune
from .lm import LMTraining, train_lm
from .model import GenomeLMConfig

log = logging.getLogger("llmbin.training")


@dataclass(frozen=True)
class Preset:
    """One pack: the encoder's size, both trainings, and the window that the pack embeds."""

    width: int
    dilations: tuple[int, ...]
    lm: LMTraining
    finetuning: Finetuning
    window: int

    def config(self) -> GenomeLMConfig:
        """The encoder."""
        return GenomeLMConfig(width=self.width, dilations=self.dilations)


PRESETS = {
    # 108 kFLOP a base on both strands: for CPUs and Jetsons. Two hours of one core.
    "edge": Preset(128, (1, 3, 9), LMTraining(steps=1_800), Finetuning(), 1_024),
    # 2.4 MFLOP a base: for GPUs. 5 Gbp of pre-training and 3 Gbp of fine-tuning, six minutes of an H200 by the step times measured there.
    "base": Preset(
        384, (1, 3, 9, 27, 1, 3, 9, 27),
        LMTraining(steps=5_000, genomes=128, window=4_096, learning_rate=1e-3, warmup=300, save_every=500, workers=12, compiled=True),
        Finetuning(steps=1_000, genomes=192, window=4_096, learning_rate=5e-4, warmup=200, save_every=200, workers=12, compiled=True),
        4_096,
    ),
}  # fmt: skip


def train_all(options: argparse.Namespace) -> Path:
    """Pre-train, fine-tune and pack, each going on from its last checkpoint; ``options`` are those of ``train all``.

    Returns:
        the pack.
    """
    from .cli import main

    preset, out = PRESETS[options.preset], Path(options.out)
    lm, tuning = replace(preset.lm, threads=options.threads, seed=options.seed), replace(preset.finetuning, threads=options.threads, seed=options.seed)  # fmt: skip
    if options.steps:
        lm, tuning = replace(lm, steps=options.steps), replace(tuning, steps=options.steps)
    if options.workers is not None:
        lm, tuning = replace(lm, workers=options.workers), replace(tuning, workers=options.workers)
    config = preset.config()
    log.info(
        "%s: %.0f kFLOP a base on both strands", options.preset, 2 * config.flops_per_base() / 1e3
    )
    pretrained = train_lm(options.shards, out / "pretrained", config, lm)
    tuned = finetune(options.shards, pretrained, out / "tuned", tuning)
    pack = out / f"llmbin-{options.preset}"
    main([
        "pack", str(options.shards), "--lm", str(tuned), "--projector", str(out / "tuned" / "projector.safetensors"), "-o", str(pack),
        "--name", pack.name, "--version", options.version, "--window", str(preset.window), "--seed", str(options.seed), "--card", str(options.card), "--precision", *options.precision,
    ])  # fmt: skip
    return pack
