"""Kernels beside other ways to do the same: one core, same file, same run.

python -m bench.kernels --fasta contigs.fasta --bam s1.bam [s2.bam ...] [--qualities]

CPU seconds, medians of several turns; two threads are timed by the wall clock. Simulated reads
often have one base quality, which inflates faster than real ones: with `--qualities` each file is
measured once more with qualities that vary.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from array import array
from collections.abc import Callable
from pathlib import Path

import numpy as np

from llmbin._kernels import codons, encode_bases, tetranucleotides
from llmbin.coverage.bam import read_depth
from llmbin.features.composition import SHORTEST_FRAME
from llmbin.features.hexamers import load_hexamer_weights
from llmbin.features.peptides import load_peptide_table
from llmbin.io.fasta import read_fasta

from . import record

Work = dict[str, Callable[[], object]]


def cpu_seconds() -> float:
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (
            resource.getrusage(resource.RUSAGE_SELF),
            resource.getrusage(resource.RUSAGE_CHILDREN),
        )
    )


def median_cpu(work: Callable[[], object], turns: int) -> float:
    times = []
    for _ in range(turns):
        before = cpu_seconds()
        work()
        times.append(cpu_seconds() - before)
    return statistics.median(times)


def pysam_fasta(path: Path) -> int:
    import pysam

    with pysam.FastxFile(str(path)) as handle:
        return sum(len(r.sequence) for r in handle)


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


def numba_tetranucleotides() -> Callable[[np.ndarray], np.ndarray]:
    import numba

    @numba.njit
    def count(codes: np.ndarray) -> np.ndarray:
        out, word, held = np.zeros(256, np.int64), 0, 0
        for c in codes:
            if c > 3:
                held = 0
                continue
            word = ((word << 2) | c) & 255
            held += 1
            if held >= 4:
                out[word] += 1
        return out

    count(np.zeros(8, np.uint8))  # compiled before it is timed
    return count


def sequence_work(path: Path) -> tuple[int, Work]:
    """Bases of a FASTA file, and what is done with them.

    Results are let go one by one, as the program does.
    """
    records = list(read_fasta(path))
    codes = [encode_bases(r.sequence) for r in records]
    clean = [np.where(c < 4, c, 0).astype(np.int64) for c in codes]
    work: Work = {
        "read FASTA, ours": lambda: sum(len(r.sequence) for r in read_fasta(path)),
        "read FASTA, pysam": lambda: pysam_fasta(path),
        "bases to codes, ours": lambda: sum(len(encode_bases(r.sequence)) for r in records),
        "tetranucleotides, ours": lambda: tetranucleotides(codes),
        "tetranucleotides, numpy": lambda: sum(
            len(numpy_tetranucleotides(c)) for c in clean if len(c) > 3
        ),
        "codons of open frames, ours": lambda: codons(
            codes, SHORTEST_FRAME, load_peptide_table(), load_hexamer_weights()
        ),
    }
    try:
        count = numba_tetranucleotides()
        work["tetranucleotides, numba"] = lambda: sum(len(count(c)) for c in codes)
    except ImportError:
        print("numba is not installed: its row is left out")
    return sum(len(c) for c in codes), work


def depth_work(bam: Path, scratch: Path) -> Work:
    """Ways to the depth of one file; programs that are not installed are left out."""
    import pysam

    linked = scratch / "sample.bam"  # mosdepth wants an index beside the file
    linked.unlink(missing_ok=True)
    linked.symlink_to(bam.resolve())
    pysam.index(str(linked))
    work: Work = {"ours": lambda: read_depth(bam, threads=1), "pysam": lambda: pysam_depth(bam)}
    for name, command in {
        "jgi_summarize_bam_contig_depths": [
            "jgi_summarize_bam_contig_depths",
            "--outputDepth",
            "/dev/null",
            str(bam),
        ],
        "samtools coverage": ["samtools", "coverage", "-o", "/dev/null", str(bam)],
        "mosdepth": [
            "mosdepth",
            "--no-per-base",
            "--fast-mode",
            str(scratch / "mosdepth"),
            str(linked),
        ],
    }.items():
        if shutil.which(command[0]):
            work[name] = lambda c=command: subprocess.run(c, check=True, capture_output=True)
        else:
            print(f"{command[0]} is not installed: its row is left out")
    return work


def with_qualities(bam: Path, scratch: Path, kinds: int = 4096) -> Path:
    """A copy whose base qualities walk at random between 2 and 40, falling along the read."""
    import pysam

    rng = np.random.default_rng(0)
    out = scratch / f"{bam.stem}-qualities.bam"
    with (
        pysam.AlignmentFile(str(bam)) as source,
        pysam.AlignmentFile(str(out), "wb", template=source) as target,
    ):
        walks: dict[int, np.ndarray] = {}
        for read in source:
            length = read.query_length
            if length not in walks:
                steps = rng.choice([-6, -1, 0, 1], (kinds, length), p=[0.05, 0.1, 0.65, 0.2])
                walks[length] = np.clip(38 + np.cumsum(steps, 1), 2, 40).astype(np.uint8)
            read.query_qualities = array("B", walks[length][rng.integers(kinds)].tobytes())
            target.write(read)
    return out


def scaling(bam: Path, turns: int) -> dict[str, float]:
    """Wall seconds of one thread and of two; the best of the turns."""

    def seconds(threads: int) -> float:
        began = time.perf_counter()
        read_depth(bam, threads=threads)
        return time.perf_counter() - began

    taken = [(seconds(1), seconds(2)) for _ in range(turns)]
    one, two = (min(column) for column in zip(*taken, strict=True))
    return {"one_thread": one, "two_threads": two, "ratio": one / two}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fasta", type=Path, required=True)
    parser.add_argument("--bam", type=Path, nargs="+", required=True)
    parser.add_argument("--qualities", action="store_true")
    parser.add_argument("--turns", type=int, default=3)
    options = parser.parse_args()
    rows: dict[str, dict[str, object]] = {}

    def measure(name: str, unit: str, amount: float, work: Callable[[], object]) -> None:
        seconds = median_cpu(work, options.turns)
        rows[name] = {
            "unit": unit,
            "per_cpu_second": round(amount / seconds, 3),
            "cpu_seconds": round(seconds, 3),
        }
        print(f"{name:50s} {amount / seconds:10.2f} {unit} a CPU second", flush=True)

    bases, work = sequence_work(options.fasta)
    for name, job in work.items():
        measure(name, "Mbp/s", bases / 1e6, job)
    reads, threads = {}, {}
    with tempfile.TemporaryDirectory() as scratch:
        varied = (
            [with_qualities(bam, Path(scratch)) for bam in options.bam] if options.qualities else []
        )
        for bam in [*options.bam, *varied]:
            reads[bam.stem] = read_depth(bam).reads
            for name, job in depth_work(bam, Path(scratch)).items():
                measure(f"depth of {bam.stem}, {name}", "Mreads/s", reads[bam.stem] / 1e6, job)
            threads[bam.stem] = {
                name: round(value, 3) for name, value in scaling(bam, 2 * options.turns).items()
            }
            print(bam.stem, threads[bam.stem], flush=True)
    print(
        record.write(
            "kernels",
            {
                "bases": bases,
                "reads": reads,
                "turns": options.turns,
                "rows": rows,
                "threads": threads,
            },
        )
    )


if __name__ == "__main__":
    main()
