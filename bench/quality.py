"""Bins of communities with a known truth, beside MetaBAT2: near-complete genomes, CPU and wall seconds, peak memory.

python -m bench.quality three=/data/three one=/data/one [--peers metabat2] [--ablations 'markers off']

A community folder holds contigs.fasta, gold.tsv (CAMI format), depth.txt (MetaBAT's table) and perhaps *.bam. Runs take the
depth table, so that both binners do the same work; `--bam` adds one run from the BAM files.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from llmbin.fasta import read_fasta
from llmbin.score import read_bins, read_gold, score_bins

from . import record

ABLATIONS = {"markers off": ["--markers", "off"], "no coverage": None, "no recruitment": ["--recruit-length", "1500"]}


def measured(command: list[str]) -> dict[str, float]:
    """Run a command; CPU and wall seconds and its peak memory."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert child.stderr is not None
    messages = child.stderr.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)} failed:\n{messages[-2000:]}")
    return {
        "wall_seconds": round(time.perf_counter() - began, 1),
        "cpu_seconds": round(usage.ru_utime + usage.ru_stime, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }


def ours(folder: Path, scratch: Path, extra: list[str] | None, source: str) -> tuple[dict[str, str], dict[str, float]]:
    out = scratch / "ours"
    coverage = ["--bam", *map(str, sorted(folder.glob("*.bam")))] if source == "bam" else ["--depth", str(folder / "depth.txt")]
    command = ["llmbin-fast", "run", str(folder / "contigs.fasta"), "-o", str(out), "--force", "-q"]
    usage = measured(command + (coverage if extra is not None else []) + (extra or []))
    return read_bins(out / "contig2bin.tsv"), usage


def metabat2(folder: Path, scratch: Path, threads: int) -> tuple[dict[str, str], dict[str, float]]:
    out = scratch / "metabat2"
    shutil.rmtree(out, ignore_errors=True)
    # Its smallest contig, 1,500: the default of 2,500 finds fewer genomes here.
    inputs = ["-i", str(folder / "contigs.fasta"), "-a", str(folder / "depth.txt"), "-o", str(out / "bin")]
    usage = measured(["metabat2", *inputs, "-m", "1500", "-t", str(threads), "--seed", "1"])
    return {r.name: path.name for path in sorted(out.glob("bin*.fa")) for r in read_fasta(path)}, usage


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--peers", nargs="*", default=[], choices=["metabat2"])
    parser.add_argument("--ablations", nargs="*", default=[], choices=sorted(ABLATIONS))
    parser.add_argument("--bam", action="store_true", help="also a run from the BAM files")
    parser.add_argument("--name", default="quality", help="name of the result file")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as temporary:
        scratch = Path(temporary)
        for item in options.communities:
            name, _, path = item.partition("=")
            folder = Path(path)
            gold = read_gold(folder / "gold.tsv")
            jobs: dict[str, Any] = {"llmbin-fast": lambda f=folder: ours(f, scratch, [], "depth")}
            if options.bam:
                jobs["llmbin-fast, from BAM"] = lambda f=folder: ours(f, scratch, [], "bam")
            jobs |= {f"llmbin-fast, {k}": lambda f=folder, v=ABLATIONS[k]: ours(f, scratch, v, "depth") for k in options.ablations}
            if "metabat2" in options.peers:
                jobs["MetaBAT2"] = lambda f=folder: metabat2(f, scratch, len(os.sched_getaffinity(0)))
            for binner, job in jobs.items():
                bins, usage = job()
                # Every binner is held to the same smallest bin.
                scores = score_bins(bins, gold, 200_000).as_dict()
                rows.append({"community": name, "binner": binner, **scores, **usage})
                print(f"{name:10s} {binner:40s} NC {scores['near_complete']:3.0f} of {scores['genomes']:.0f}, F1 {scores['f1']:.3f}, "
                      f"ARI {scores['ari']:.3f}, {usage['cpu_seconds']:.0f} CPU s, {usage['wall_seconds']:.0f} s, {usage['peak_mib']:.0f} MiB", flush=True)  # fmt: skip
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(record.write(options.name, {"rows": rows, "own_peak_mib": peak}))


if __name__ == "__main__":
    main()
