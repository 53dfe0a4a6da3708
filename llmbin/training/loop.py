"""What pre-training and fine-tuning share: devices, optimiser, resuming, steps, and figures.

Every random choice of a step comes from a generator seeded with (seed, step, rank). So a run
that was killed continues from its last checkpoint exactly as if nothing had happened.
"""

from __future__ import annotations

import csv
import io
import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from ..io.outputs import whole_file, writing
from .checkpoint import load_checkpoint, save_checkpoint
from .loader import batches_of_steps
from .settings import Schedule

if TYPE_CHECKING:
    from accelerate import Accelerator

log = logging.getLogger("llmbin.training")


def learning_rate(step: int, options: Schedule) -> float:
    """Linear warm-up, then half a cosine down to nothing."""
    if step < options.warmup:
        return options.learning_rate * (step + 1) / options.warmup
    progress = (step - options.warmup) / max(1, options.steps - options.warmup)
    return options.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def set_up(options: Schedule) -> Accelerator:
    """Set threads and seed; the devices of this process.

    On a GPU that can, matrix products are in bfloat16; weights, norms and losses stay FP32.
    """
    from accelerate import Accelerator

    gpu = torch.cuda.is_available()
    accelerator = Accelerator(
        cpu=not gpu, mixed_precision="bf16" if gpu and torch.cuda.is_bf16_supported() else "no"
    )
    if options.threads:
        torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    return accelerator


class Loop:
    """A training under way in ``out``: the module, its optimiser, and the steps that are left.

    ``groups`` are AdamW's parameter groups. Under ``torchrun`` every process takes its own
    batches and gradients are averaged.
    """

    def __init__(
        self,
        accelerator: Accelerator,
        module: nn.Module,
        groups: list[dict[str, Any]],
        options: Schedule,
        out: Path,
    ) -> None:
        self.accelerator, self.options, self.checkpoint = accelerator, options, out / "checkpoint"
        self.trained = [p for p in module.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            groups, options.learning_rate, weight_decay=options.weight_decay, betas=(0.9, 0.98)
        )
        self.done = load_checkpoint(self.checkpoint, module, optimizer)
        self.module, self.optimizer = accelerator.prepare(module, optimizer)

    @property
    def device(self) -> torch.device:
        """Where batches go."""
        device: torch.device = self.accelerator.device
        return device

    @property
    def writes(self) -> bool:
        """Is this the one process that writes files?"""
        return bool(self.accelerator.is_main_process)

    @property
    def whole(self) -> Any:
        """The module without what distributes it."""
        return self.accelerator.unwrap_model(self.module)

    def steps(self, make: Callable[[int], Any]) -> Iterator[tuple[int, tuple[Tensor, ...]]]:
        """The steps that are left and their batches, on the device; the learning rate is set."""
        self.module.train()
        batches = batches_of_steps(make, self.done, self.options.steps, self.options.workers)
        for step, batch in enumerate(batches, self.done):
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(step, self.options)
            yield step, tuple(t.to(self.device, non_blocking=True) for t in batch)

    def descend(self, loss: Tensor) -> None:
        """One step of the optimiser."""
        self.optimizer.zero_grad()
        self.accelerator.backward(loss)
        self.accelerator.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()

    def save(self, step: int) -> None:
        """Write a checkpoint after ``step`` if it is time, or the last."""
        if (step + 1) % self.options.save_every == 0 or step + 1 == self.options.steps:
            save_checkpoint(self.checkpoint, step + 1, self.whole, self.optimizer.optimizer)


class Metrics:
    """One row a step in CSV and, where it is installed, TensorBoard.

    Rows from step ``done`` on are written again.
    """

    def __init__(self, path: Path, names: Sequence[str], options: Schedule, done: int) -> None:
        with writing(path.parent):
            path.parent.mkdir(parents=True, exist_ok=True)
        rows = (
            [r for r in csv.reader(path.open()) if r[:1] and r[0].isdigit() and int(r[0]) < done]
            if path.exists()
            else []
        )
        self.path, self.names, self.earlier = path, names, rows
        text = io.StringIO(newline="")
        csv.writer(text).writerows([["step", *names], *rows])
        with whole_file(path) as whole:  # a kill here must not lose the rows before
            whole.write(text.getvalue().encode())
        with writing(path):
            self.handle = path.open("a", newline="")
        self.rows = csv.writer(self.handle)
        try:
            from .board import Board
        except ImportError:
            self.board = None
        else:
            self.board = Board(path.parent / "tensorboard" / path.stem, done)
        log.info("%s: steps %d to %d, %s", path, done, options.steps, asdict(options))

    def write(self, step: int, *values: float) -> None:
        """Note one step."""
        with writing(self.path):
            self.rows.writerow([step, *(f"{v:.5g}" for v in values)])
            self.handle.flush()
        named = list(zip(self.names, values, strict=True))
        if self.board is not None:
            self.board.write(step, named)
        if step % 20 == 0:
            log.info("step %d: %s", step, ", ".join(f"{n} {v:.4g}" for n, v in named))
