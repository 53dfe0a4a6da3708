"""How many bases a batch holds: what fits a device's memory, and of that what is fastest."""

from __future__ import annotations

import logging
import time

from ..errors import DeviceError, DeviceMemoryError
from .devices import Device
from .encoder import Encoder
from .engines import MAX_BASES
from .windows import CPU_BUDGET, WindowPlan, full_batch

log = logging.getLogger("llmbin")

SMALLEST = 1 << 15  # bases of a batch on a GPU
# Of device memory: hidden states of a strand and what is computed from them; generous.
BYTES_A_BASE = 2_048
UNKNOWN_MEMORY = 4 << 30
WORTH = 1.03  # a larger batch must be this much faster


def choose_budget(encoder: Encoder, device: Device, plan: WindowPlan) -> int:
    """Bases of a batch with their padding.

    A CPU takes what its cache holds; a GPU is asked and timed, and the answer is logged.
    """
    if device.kind == "cpu":
        return CPU_BUDGET
    cap, why = memory_cap(device)
    best, speed = time_budgets(encoder, plan, cap)
    log.info(
        "batches of %d windows: %.1f Mbp/s, at most %d fit (%s)",
        best // plan.window,
        speed / 1e6,
        cap // plan.window,
        why,
    )
    return best


def memory_cap(device: Device) -> tuple[int, str]:
    """Largest budget in bases that the device's memory holds, and why.

    Of memory shared with the CPU (Jetson) only half is taken.
    """
    from .cuda import find_gpu

    try:
        gpu = find_gpu(device.index)
        memory, share, why = (
            gpu.memory,
            0.5 if gpu.integrated else 0.8,
            f"{gpu.memory / 2**30:.0f} GiB on {gpu.name}",
        )
    except DeviceError:
        memory, share, why = (
            UNKNOWN_MEMORY,
            0.8,
            "without cuda-python its memory is unknown; 4 GiB is assumed",
        )
    return int(min(MAX_BASES, max(SMALLEST, memory * share / BYTES_A_BASE))), why


def time_budgets(encoder: Encoder, plan: WindowPlan, cap: int) -> tuple[int, float]:
    """Double the batch for as long as that is faster and fits: the budget, its bases a second."""
    best, speed, budget = SMALLEST, 0.0, SMALLEST
    while budget <= cap:
        batch = full_batch(plan.window, budget)
        try:
            encoder.encode(batch)  # the first of a shape sets up
            start = time.perf_counter()
            encoder.encode(batch)
        except DeviceMemoryError:
            break
        now = batch.codes.size / (time.perf_counter() - start)
        if now < speed * WORTH:
            break
        best, speed, budget = budget, now, budget * 2
    return best, speed
