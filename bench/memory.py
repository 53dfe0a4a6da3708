"""Peak memory and address space of whole runs, beside what the program says it will need.

python -m bench.memory [NAME=FOLDER ...] [--together NAME] [--threads 2 8] [--markers on off]

A folder holds contigs.fasta and depth.txt. Small synthetic assemblies are measured in any case;
`--together` measures all folders in one assembly, without depth, under that name too.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from llmbin.io.fasta import read_fasta
from llmbin.options import RECRUIT_LENGTH
from llmbin.resources import MIB
from llmbin.stages.memory import RunSize, needed_memory, needed_space
from llmbin.tools.synthetic import make_community

from . import record
from .communities import write_fasta

BYTES = {"M": 1e6, "G": 1e9}
SYNTHETIC = {"synthetic, 1 genome": 1, "synthetic, 5 genomes": 5, "synthetic, 20 genomes": 20}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="*", metavar="NAME=FOLDER")
    parser.add_argument("--together", metavar="NAME")
    parser.add_argument("--threads", nargs="+", type=int, default=[2])
    parser.add_argument("--markers", nargs="+", choices=["on", "off"], default=["on", "off"])
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, contigs, table in inputs(options, Path(scratch)):
            for markers in options.markers:
                for threads in options.threads:
                    rows.append({"community": name} | row(contigs, table, threads, markers))
                    print(rows[-1], flush=True)
                    record.write("memory", {"rows": rows})


def inputs(options: argparse.Namespace, scratch: Path) -> list[tuple[str, Path, Path | None]]:
    """Name, contigs and depth table of what is measured."""
    found: list[tuple[str, Path, Path | None]] = []
    for name, genomes in SYNTHETIC.items():
        made = make_community(scratch / str(genomes), genomes, size=500_000, samples=3, seed=3)
        found.append((name, made.contigs, made.depth))
    folders = dict(c.split("=", 1) for c in options.communities)
    for name, path in folders.items():
        found.append((name, Path(path) / "contigs.fasta", Path(path) / "depth.txt"))
    if options.together:
        whole = scratch / "together.fasta"
        records = (
            (f"{name}.{r.name}", r.sequence)
            for name, path in folders.items()
            for r in read_fasta(Path(path) / "contigs.fasta")
        )
        write_fasta(whole, records)
        found.append((options.together, whole, None))
    return found


def row(contigs: Path, table: Path | None, threads: int, markers: str) -> dict[str, Any]:
    """What one run takes and what was predicted, in MiB."""
    lengths = [n for r in read_fasta(contigs) if (n := len(r.sequence)) >= RECRUIT_LENGTH]
    columns = table.read_text().partition("\n")[0].count("\t") if table else 0
    size = RunSize(len(lengths), sum(lengths), columns, threads, markers == "on")
    with tempfile.TemporaryDirectory() as out:
        command = ["llmbin-fast", "run", str(contigs), "-o", out, "-q", "--markers", markers]
        command += ["-t", str(threads), *(["--depth", str(table)] if table else [])]
        peak, space = peaks(command)
    return {
        "contigs": size.contigs,
        "bases": size.bases,
        "columns": columns,
        "threads": threads,
        "markers": markers,
        "peak_mib": peak,
        "needed_mib": needed_memory(size) // MIB,
        "space_mib": space,
        "needed_space_mib": needed_space(size) // MIB,
    }


def peaks(command: list[str]) -> tuple[int, int]:
    """Peak of memory and of address space of a process, in MiB, as Linux tells them."""
    process = subprocess.Popen(command)
    found = {"VmHWM": 0, "VmPeak": 0}
    while process.poll() is None:
        try:
            lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition(":")
            if name in found:
                found[name] = int(value.split()[0]) // 1024
        time.sleep(0.02)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed")
    return found["VmHWM"], found["VmPeak"]


def told_need(log: Path) -> int:
    """Bytes of memory that a run said it would need."""
    told = re.search(r"this run needs some ([\d,.]+) ([MG])B of memory", log.read_text())
    if told is None:
        raise RuntimeError(f"{log}: no prediction of memory")
    return int(float(told[1].replace(",", "")) * BYTES[told[2]])


if __name__ == "__main__":
    main()
