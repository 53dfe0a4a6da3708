"""Kernels beside other ways to do the same, one core, same file, same run: CPU seconds, medians of several turns.

python -m bench.kernels --fasta contigs.fasta --bam s1.bam
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

from llmbin._kernels import encode_bases, tetranucleotides
from llmbin.bam import read_depth
from llmbin.fasta import read_fasta

from . import record


def cpu_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def median_cpu(work: Callable[[], object], turns: int) -> float:
    times = []
    for _ in range(turns):
        before = cpu_seconds()
        work()
        times.append(cpu_seconds() - before)
    return statistics.median(times)


def pysam_depth(path: Path) -> int:
    """What a Python loop over pysam does: blocks of counted reads into one array a contig."""
    import pysam

    n = 0
    with pysam.AlignmentFile(str(path)) as bam:
        depth = [np.zeros(length + 1, np.int32) for length in bam.lengths]
        for read in bam:
            n += 1
            if read.is_unmapped or read.is_secondary:
                continue
            for begin, end in read.get_blocks():
                depth[read.reference_id][begin] += 1
                depth[read.reference_id][end] -= 1
    return n


def numpy_tetranucleotides(codes: np.ndarray) -> np.ndarray:
    words = codes[:-3] * 64 + codes[1:-2].astype(np.int64) * 16 + codes[2:-1] * 4 + codes[3:]
    return np.bincount(words, minlength=256)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fasta", type=Path, required=True)
    parser.add_argument("--bam", type=Path, required=True)
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    records = list(read_fasta(options.fasta))
    bases = sum(len(r.sequence) for r in records)
    codes = [encode_bases(r.sequence) for r in records]
    clean = [np.where(c < 4, c, 0).astype(np.int64) for c in codes]
    reads = read_depth(options.bam).reads
    jgi = ["jgi_summarize_bam_contig_depths", "--outputDepth", "/dev/null", str(options.bam)]
    rows: dict[str, tuple[str, float, Callable[[], object]]] = {
        "read FASTA, ours": ("Mbp/s", bases / 1e6, lambda: sum(len(r.sequence) for r in read_fasta(options.fasta))),
        "read FASTA, pysam": ("Mbp/s", bases / 1e6, lambda: _pysam_fasta(options.fasta)),
        "bases to codes, ours": ("Mbp/s", bases / 1e6, lambda: [encode_bases(r.sequence) for r in records]),
        "tetranucleotides, ours": ("Mbp/s", bases / 1e6, lambda: [tetranucleotides(c) for c in codes]),
        "tetranucleotides, numpy": ("Mbp/s", bases / 1e6, lambda: [numpy_tetranucleotides(c) for c in clean if len(c) > 3]),
        "BAM depth, ours": ("Mreads/s", reads / 1e6, lambda: read_depth(options.bam, threads=1)),
        "BAM depth, pysam": ("Mreads/s", reads / 1e6, lambda: pysam_depth(options.bam)),
    }
    if shutil.which(jgi[0]):
        rows["BAM depth, jgi"] = ("Mreads/s", reads / 1e6, lambda: subprocess.run(jgi, check=True, capture_output=True))
    if shutil.which("samtools"):
        rows["BAM depth, samtools coverage"] = (
            "Mreads/s", reads / 1e6, lambda: subprocess.run(["samtools", "coverage", "-o", "/dev/null", str(options.bam)], check=True),
        )  # fmt: skip
    result = {}
    for name, (unit, amount, work) in rows.items():
        seconds = median_cpu(work, options.turns)
        result[name] = {"unit": unit, "per_cpu_second": round(amount / seconds, 3), "cpu_seconds": round(seconds, 3)}
        print(f"{name:32s} {amount / seconds:10.2f} {unit} a CPU second", flush=True)
    print(record.write("kernels", {"bases": bases, "reads": reads, "turns": options.turns, "rows": result}))


def _pysam_fasta(path: Path) -> int:
    import pysam

    with pysam.FastxFile(str(path)) as handle:
        return sum(len(r.sequence) for r in handle)


if __name__ == "__main__":
    main()
