"""Neighbour search on a GPU against the CPU's: the same bits, and the time of each. Needs kernels built with LLMBIN_CUDA."""

from __future__ import annotations

import argparse
import time

import numpy as np

from llmbin.nearest import HELD, find_neighbours

from . import record
from .scale import community


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("-n", type=int, nargs="+", default=[5_000, 20_000, 80_000], help="contigs")
    parser.add_argument("-t", "--threads", type=int, default=2)
    parser.add_argument("--samples", type=int, default=3)
    options = parser.parse_args()
    rows = []
    for n in options.n:
        table, everyone = community(n, options.samples, seed=1)[0], np.arange(n, dtype=np.int32)
        find_neighbours(table, everyone, options.threads, 0)  # the context, once
        seconds, found = [], []
        for gpu in (0, None):
            began = time.perf_counter()
            found.append(find_neighbours(table, everyone, options.threads, gpu))
            seconds.append(time.perf_counter() - began)
        same = all(np.array_equal(getattr(found[0], a), getattr(found[1], a)) for a in ("index", "distance"))
        rows.append(
            {"contigs": n, "neighbours": HELD, "gpu_seconds": round(seconds[0], 4), "cpu_seconds": round(seconds[1], 4), "same_bits": same}
        )
        print(rows[-1], flush=True)
    print(record.write("neighbours", {"gpu": record.gpu(), "threads": options.threads, "samples": options.samples, "rows": rows}))
    if not all(row["same_bits"] for row in rows):
        raise SystemExit("the GPU's neighbours are not the CPU's")


if __name__ == "__main__":
    main()
