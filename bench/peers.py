"""Other binners, run on the same contigs and depths: are they here, and what do they find?

python -m bench.peers        # which are found on PATH, and their versions

Each has its own virtual environment (`pip install semibin`, `pip install vamb`), whose bin folder
is on PATH; MetaBAT2 is Debian's `metabat`. SemiBin2 also wants `hmmsearch` and `bedtools`.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from llmbin.io.fasta import read_fasta
from llmbin.tools.scoring import read_bins

SMALLEST_BIN = 200_000

Usage = dict[str, float]


@dataclass(frozen=True)
class Peer:
    """Another binner.

    ``run`` takes a community's folder, an empty folder, the number of threads and a seed, and
    gives contig -> bin and what it cost. ``samples`` is the most that it can be given (SemiBin2's
    pretrained model: one). One that ``trains`` on the data begins with random weights, so that
    runs differ.
    """

    title: str
    program: str
    version: list[str]
    run: Callable[[Path, Path, int, int], tuple[dict[str, str], Usage]]
    samples: int = 1_000
    trains: bool = False


def measured(command: list[str]) -> Usage:
    """Run a command; CPU and wall seconds and its peak memory."""
    launch = [sys.executable, "-S", "-E", str(Path(__file__).parent / "launch.py")]
    done = subprocess.run([*launch, *command], capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    wall, cpu, peak = map(float, done.stdout.split())
    return {
        "wall_seconds": round(wall, 1),
        "cpu_seconds": round(cpu, 1),
        "peak_mib": round(peak / 1024),
    }


def samples_of(folder: Path) -> list[str]:
    """Sample columns of a community's depth table."""
    with open(folder / "depth.txt") as handle:
        return [
            title
            for title in handle.readline().rstrip("\n").split("\t")[3:]
            if not title.endswith("-var")
        ]


def spelt(options: dict[str, object]) -> list[str]:
    """Options of a command line, as words."""
    return [word for name, value in options.items() for word in (name, str(value))]


def bins_in(files: list[Path]) -> dict[str, str]:
    """Contig -> bin of one FASTA file a bin."""
    return {r.name: path.name for path in sorted(files) for r in read_fasta(path)}


def metabat2(folder: Path, out: Path, threads: int, seed: int) -> tuple[dict[str, str], Usage]:
    # Its smallest contig, 1,500: the default of 2,500 finds fewer genomes here.
    options = {
        "-i": folder / "contigs.fasta",
        "-a": folder / "depth.txt",
        "-o": out / "bin",
        "-m": 1500,
        "-t": threads,
        "--seed": seed,
    }
    usage = measured(["metabat2", *spelt(options)])
    return bins_in(list(out.glob("bin*.fa"))), usage


def semibin2(folder: Path, out: Path, threads: int, seed: int) -> tuple[dict[str, str], Usage]:
    """The pretrained global model: no training on the data, as here."""
    long = ["--sequencing-type", "long_read"] if is_long(folder) else []
    options = {
        "-i": folder / "contigs.fasta",
        "--depth-metabat2": folder / "depth.txt",
        "-o": out,
        "--environment": "global",
        "-t": threads,
        "--random-seed": seed,
        "--compression": "none",
        "--engine": "cpu",
    }
    usage = measured(["SemiBin2", "single_easy_bin", *spelt(options), *long])
    return bins_in(list((out / "output_bins").glob("*.fa"))), usage


def vamb(folder: Path, out: Path, threads: int, seed: int) -> tuple[dict[str, str], Usage]:
    names = samples_of(folder)
    table = out.parent / "vamb.tsv"
    with open(folder / "depth.txt", newline="") as handle, open(table, "w") as target:
        target.write("\t".join(["contigname", *names]) + "\n")
        for row in csv.DictReader(handle, delimiter="\t"):
            target.write(
                "\t".join([row["contigName"].split()[0], *(row[sample] for sample in names)]) + "\n"
            )
    options = {
        "--outdir": out,
        "--fasta": folder / "contigs.fasta",
        "--abundance_tsv": table,
        "-m": 2000,
        "-p": threads,
        "--seed": seed,
        "-o": "",
    }
    usage = measured(["vamb", "bin", "default", *spelt(options)])
    clusters = out / "vae_clusters_unsplit.tsv"
    with open(clusters, newline="") as handle:
        return {
            row["contigname"]: row["clustername"] for row in csv.DictReader(handle, delimiter="\t")
        }, usage


def is_long(folder: Path) -> bool:
    """Is it a long-read assembly: half of all bases in contigs of 50 kb or more?"""
    lengths = sorted((len(r.sequence) for r in read_fasta(folder / "contigs.fasta")), reverse=True)
    return 2 * sum(length for length in lengths if length >= 50_000) >= sum(lengths)


PEERS = {
    "metabat2": Peer("MetaBAT2", "metabat2", ["metabat2", "--help"], metabat2),
    "semibin2": Peer(
        "SemiBin2, global model", "SemiBin2", ["SemiBin2", "--version"], semibin2, samples=1
    ),
    "vamb": Peer("VAMB", "vamb", ["vamb", "--version"], vamb, trains=True),
}


def ours(
    folder: Path,
    out: Path,
    extra: list[str] | None,
    source: str,
    program: Sequence[str] = ("llmbin-fast",),
) -> tuple[dict[str, str], Usage]:
    """llmbin-fast with further options; None leaves coverage out."""
    coverage = (
        ["--bam", *map(str, sorted(folder.glob("*.bam")))]
        if source == "bam"
        else ["--depth", str(folder / "depth.txt")]
    )
    command = [*program, "run", str(folder / "contigs.fasta"), "-o", str(out), "--force", "-q"]
    usage = measured(command + (coverage if extra is not None else []) + (extra or []))
    return read_bins(out / "contig2bin.tsv"), usage


def version_of(peer: Peer) -> str | None:
    """What a peer says of its version; None if it is not installed."""
    if not shutil.which(peer.program):
        return None
    done = subprocess.run(peer.version, capture_output=True, text=True, check=False)
    text = done.stdout + done.stderr
    found = re.search(r"\d+(\.\d+)+", text) or re.search(r"version\s+([^\s;)]+)", text)
    return found.group(0) if found else "unknown"


def main() -> None:
    for peer in PEERS.values():
        missing = f"not found: {peer.program} is not on PATH"
        print(f"{peer.title:24s} {version_of(peer) or missing}")


if __name__ == "__main__":
    main()
