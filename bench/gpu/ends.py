"""From a FASTA file to vectors: what `llmbin-fast embed` makes of a GPU."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

import llmbin

LONGEST = 50_000


def write_contigs(path: Path, bases: int, median: int) -> int:
    """A plain FASTA of random contigs, of log-normal lengths; gives its bases."""
    rng = np.random.default_rng(0)
    letters, written, i = np.frombuffer(b"ACGT", np.uint8), 0, 0
    with open(path, "wb") as handle:
        while written < bases:
            length = int(np.clip(rng.lognormal(np.log(median), 1.0), 1_000, LONGEST))
            handle.write(b">c%d\n%s\n" % (i, letters[rng.integers(0, 4, length)].tobytes()))
            written, i = written + length, i + 1
    return written


def embed_rates(bases: int, devices: list[str]) -> list[dict[str, object]]:
    """Mbp/s of the file, for contigs of some kb and of some ten, on some devices.

    The second of two runs counts: it finds the file in memory, and libraries loaded. What opening
    the device takes of it is told by a file of one contig.
    """
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.fasta"
        write_contigs(one, 1_000, 1_000)
        for median in (3_000, 20_000):
            path = Path(folder) / f"{median}.fasta"
            written = write_contigs(path, bases, median)
            for device in devices:
                for _ in range(2):
                    began = time.perf_counter()
                    llmbin.embed(one, device=device)
                    opening = time.perf_counter() - began
                    began, cpu = time.perf_counter(), time.process_time()
                    found = llmbin.embed(path, device=device)
                    wall, used = time.perf_counter() - began, time.process_time() - cpu
                rows.append(
                    {
                        "device": device,
                        "median_contig": median,
                        "contigs": len(found.names),
                        "cores": len(os.sched_getaffinity(0)),
                        "wall_seconds": round(wall, 2),
                        "opening_seconds": round(opening, 2),
                        "cpu_seconds": round(used, 2),
                        "mbp_per_second": round(written / wall / 1e6, 1),
                        "once_open": round(written / max(wall - opening, 1e-3) / 1e6, 1),
                    }
                )
                print(rows[-1], flush=True)
    return rows
