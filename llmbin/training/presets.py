"""Whole trainings: the sizes and schedules of the packs, and all steps in a row."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..model.language_model import GenomeLMConfig
from .finetune import finetune
from .lm import train_lm
from .packing import PackSource, make_pack
from .settings import PRECISIONS, Finetuning, LMTraining, PackSettings, ProjectorSettings

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
    # 2.4 MFLOP a base: for GPUs. 5 Gbp of pre-training and 3 Gbp of fine-tuning, six minutes of
    # an H200 by the step times measured there.
    "base": Preset(
        384,
        (1, 3, 9, 27, 1, 3, 9, 27),
        LMTraining(
            steps=5_000,
            genomes=128,
            window=4_096,
            learning_rate=1e-3,
            warmup=300,
            save_every=500,
            workers=12,
            compiled=True,
        ),
        Finetuning(
            steps=1_000,
            genomes=192,
            window=4_096,
            learning_rate=5e-4,
            warmup=200,
            save_every=200,
            workers=12,
            compiled=True,
        ),
        4_096,
    ),
}


@dataclass(frozen=True)
class WholeTraining:
    """Which pack to train, and what to set differently from its preset.

    ``steps`` 0 and ``workers`` None keep the preset's.
    """

    preset: str
    card: Path
    version: str = PackSettings.version
    precision: Sequence[str] = PRECISIONS
    steps: int = 0
    seed: int = 1
    threads: int = 0
    workers: int | None = None

    def schedules(self) -> tuple[LMTraining, Finetuning]:
        """Both trainings."""
        preset = PRESETS[self.preset]
        lm = replace(preset.lm, threads=self.threads, seed=self.seed)
        tuning = replace(preset.finetuning, threads=self.threads, seed=self.seed)
        if self.steps:
            lm, tuning = replace(lm, steps=self.steps), replace(tuning, steps=self.steps)
        if self.workers is not None:
            lm, tuning = replace(lm, workers=self.workers), replace(tuning, workers=self.workers)
        return lm, tuning


def train_all(shards: Path, out: Path, training: WholeTraining) -> Path:
    """Pre-train, fine-tune and pack, each going on from its last checkpoint.

    Returns:
        the pack.
    """
    preset, (lm, tuning) = PRESETS[training.preset], training.schedules()
    config = preset.config()
    kflop = 2 * config.flops_per_base() / 1e3
    log.info("%s: %.0f kFLOP a base on both strands", training.preset, kflop)
    pretrained = train_lm(shards, out / "pretrained", config, lm)
    tuned = finetune(shards, pretrained, out / "tuned", tuning)
    pack = out / f"llmbin-{training.preset}"
    make_pack(
        PackSource(shards, tuned, training.card, out / "tuned" / "projector.safetensors"),
        pack,
        PackSettings(
            name=pack.name,
            version=training.version,
            precision=training.precision,
            window=preset.window,
            seed=training.seed,
        ),
        ProjectorSettings(seed=training.seed),
    )
    return pack
