"""Batches made ahead of the training by worker processes, the same ones whatever their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

AHEAD = 4  # batches a worker


class _Steps(Dataset[Any]):
    def __init__(self, make: Callable[[int], Any], first: int, end: int) -> None:
        self.make, self.first, self.end = make, first, end

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, index: int) -> Any:
        return self.make(self.first + index)


def batches_of_steps(
    make: Callable[[int], Any], first: int, end: int, workers: int
) -> Iterator[Any]:
    """``make(step)`` for the steps from ``first`` up to ``end``, in order.

    With ``workers`` 0, in this process.
    """
    steps = _Steps(make, first, end)
    if not workers:
        return (steps[i] for i in range(len(steps)))
    # Forked, not pickled: the workers share the memory map of the shards.
    loader = DataLoader(
        steps,
        batch_size=None,
        num_workers=workers,
        prefetch_factor=AHEAD,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context="fork",
        worker_init_fn=_one_thread,
    )
    return iter(loader)


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
