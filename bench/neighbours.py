"""Neighbour search on a GPU against the CPU's among all pairs: the same bits, and seconds.

And the time of the search in cells, which is what the CPU does where there are many contigs. Needs
kernels built with LLMBIN_CUDA.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from llmbin import _kernels
from llmbin.cluster.neighbours import find_neighbours
from llmbin.cluster.thresholds import NEIGHBOURS
from llmbin.resources import Resources

from . import record
from .scale import community


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """What comes out, and wall seconds."""
    began = time.perf_counter()
    out = work()
    return out, round(time.perf_counter() - began, 4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, nargs="+", default=[5_000, 20_000, 80_000], help="contigs")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for n in options.n:
        table, everyone = community(n, options.samples, seed=1)[0], np.arange(n, dtype=np.int32)
        everything = *table.arrays(), everyone, everyone, NEIGHBOURS.kept
        _kernels.neighbours_on_gpu(*everything, 0)  # the context, once
        on_gpu, gpu_seconds = timed(lambda e=everything: _kernels.neighbours_on_gpu(*e, 0))
        on_cpu, cpu_seconds = timed(lambda e=everything: _kernels.neighbours(*e, options.threads))
        _, program_seconds = timed(
            lambda t=table, e=everyone: find_neighbours(t, e, Resources(options.threads))
        )
        same = all(np.array_equal(a, b) for a, b in zip(on_gpu, on_cpu, strict=True))
        rows.append(
            {
                "contigs": n,
                "neighbours": NEIGHBOURS.kept,
                "gpu_seconds": gpu_seconds,
                "cpu_seconds": cpu_seconds,
                "in_cells": n * n > NEIGHBOURS.exact_pairs,
                "cpu_seconds_of_the_program": program_seconds,
                "same_bits": same,
            }
        )
        print(rows[-1], flush=True)
    print(
        record.write(
            "neighbours",
            {
                "gpu": record.gpu(),
                "threads": options.threads,
                "samples": options.samples,
                "rows": rows,
            },
        )
    )
    if not all(row["same_bits"] for row in rows):
        raise SystemExit("the GPU's neighbours are not the CPU's")


if __name__ == "__main__":
    main()
