"""Tree, cut and recruitment of synthetic vectors: how cost grows with the number of contigs.

python -m bench.scale [--contigs 5000 20000 80000 320000 1000000] [--samples 3]
                      [--by-samples 1 3 10 30] [--name scale]

The number of contigs grows at `--samples` samples, and the number of samples at 20,000 contigs.
"""

from __future__ import annotations

import argparse
import resource
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from llmbin.cluster.binning import bin_assemblies
from llmbin.cluster.contig_set import BinLimits, ContigSet
from llmbin.cluster.points import Points
from llmbin.resources import Resources

from . import record

CONTIGS_A_GENOME = 350
BY_SAMPLES = 20_000  # contigs
PIECE = 1 << 16  # rows that are drawn at once


def community(n: int, samples: int, seed: int) -> tuple[Points, np.ndarray, np.ndarray]:
    """Genomes as Gaussians whose spreads are those that the metric expects.

    Lengths are as of a short-read assembly.
    """
    rng = np.random.default_rng(seed)
    genome = rng.integers(0, max(1, n // CONTIGS_A_GENOME), n)
    lengths = np.clip(np.exp(rng.normal(np.log(5_000), 0.9, n)), 1_500, 600_000).astype(np.int64)
    noise = (2.6 * (lengths / 1000) ** -0.72).astype(np.float32)
    variance = np.full((n, samples), 0.02, np.float32) + (3e-5 * 5e5 / lengths[:, None]).astype(
        np.float32
    )
    genomes = int(genome.max()) + 1
    centres = rng.normal(0, 2.5, (genomes, 32))
    z = scattered(rng, centres, genome, np.sqrt(noise / 2)[:, None])
    centres = rng.normal(1.5, 1.0, (genomes, samples))
    depth = scattered(rng, centres, genome, np.sqrt(variance))
    return Points(z, noise, depth, variance, 10.0, 0.1, 0.01), lengths, genome


def scattered(
    rng: np.random.Generator, centres: np.ndarray, genome: np.ndarray, spread: np.ndarray
) -> np.ndarray:
    """float32[contigs, columns]: each contig about its genome's centre, float64 only in pieces."""
    rows = np.empty((len(genome), centres.shape[1]), np.float32)
    for begin in range(0, len(genome), PIECE):
        piece = slice(begin, begin + PIECE)
        noise = rng.normal(size=rows[piece].shape) * spread[piece]
        rows[piece] = centres[genome[piece]] + noise
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--contigs", type=int, nargs="+", default=[5_000, 20_000, 80_000, 320_000, 1_000_000]
    )
    parser.add_argument("--samples", type=int, default=3)
    parser.add_argument("--by-samples", type=int, nargs="*", default=[1, 3, 10, 30])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--name", default="scale", help="of the result (default: %(default)s)")
    options = parser.parse_args()
    rows = [measure(n, options.samples, options.threads) for n in options.contigs]
    by_samples = [measure(BY_SAMPLES, samples, options.threads) for samples in options.by_samples]
    print(
        record.write(
            options.name,
            {
                "samples": options.samples,
                "threads": options.threads,
                "rows": rows,
                "by_samples": by_samples,
            },
        )
    )


def measure(n: int, samples: int, threads: int) -> dict[str, float]:
    """Bin one community, in a process of its own, for memory that was used is never given back."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        row = pool.submit(binned, n, samples, threads).result()
    print(row, flush=True)
    return row


def binned(n: int, samples: int, threads: int) -> dict[str, float]:
    points, lengths, genome = community(n, samples, seed=1)
    cpu, wall = time.process_time(), time.perf_counter()
    contigs, limits = ContigSet(points, lengths), BinLimits(1_500, 200_000)
    found = bin_assemblies(contigs, [""] * n, limits, Resources(threads))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    held = found.label >= 0
    pairs = len(set(zip(found.label[held].tolist(), genome[held].tolist(), strict=True)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "contigs": n,
        "samples": samples,
        "genomes": int(genome.max()) + 1,
        "bins": found.bins,
        "bin_genome_pairs": pairs,
        "binned_percent": 100 * float(lengths[held].sum() / lengths.sum()),
        "cpu_seconds": cpu,
        "wall_seconds": wall,
        "peak_mib": peak,
    }


if __name__ == "__main__":
    main()
