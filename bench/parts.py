"""What features of parts and their merge take, beside one run of the whole.

python -m bench.parts NAME=FOLDER ... [--parts 4 16] [--threads 1]

A folder holds contigs.fasta and depth.txt. Each part is a process of its own, as on a cluster; the
bins must be the same bytes.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from llmbin.io.fasta import read_fasta
from llmbin.options import RECRUIT_LENGTH

from . import record

TABLES = ("contig2bin.tsv", "contigs.tsv", "bins.tsv")
# The child's own seconds and peak, behind all that it prints.
RUN = """
import resource, subprocess, sys
status = subprocess.run(sys.argv[1:]).returncode
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss // 1024)
sys.exit(status)
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--parts", nargs="+", type=int, default=[4, 16])
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    rows = []
    for name, folder in (c.split("=", 1) for c in options.communities):
        with tempfile.TemporaryDirectory() as scratch:
            place, threads = Path(scratch), str(options.threads)
            whole = run(Path(folder), place / "whole", threads)
            for parts in options.parts:
                rows.append({"community": name, "parts": parts, "threads": options.threads})
                rows[-1] |= sizes(Path(folder) / "contigs.fasta")
                rows[-1] |= {f"whole_{key}": value for key, value in whole.items()}
                rows[-1] |= in_parts(Path(folder), place, parts, threads)
                print(rows[-1], flush=True)
                record.write("parts", {"rows": rows})


def sizes(contigs: Path) -> dict[str, int]:
    """Contigs that are long enough, and their bases."""
    lengths = [n for r in read_fasta(contigs) if (n := len(r.sequence)) >= RECRUIT_LENGTH]
    return {"contigs": len(lengths), "bases": sum(lengths)}


def in_parts(folder: Path, place: Path, parts: int, threads: str) -> dict[str, Any]:
    """Seconds, memory and bytes of all parts, and of the run that they are given to."""
    files = [place / f"{k}.arrow" for k in range(1, parts + 1)]
    used = [
        taken(
            *("features", folder / "contigs.fasta", "--part", f"{k}/{parts}", "-o", file),
            *("-t", threads, "-q"),
        )
        for k, file in enumerate(files, 1)
    ]
    merge = run(folder, place / f"merged{parts}", threads, "--features", *files)
    for name in TABLES:
        if (place / "whole" / name).read_bytes() != (place / f"merged{parts}" / name).read_bytes():
            sys.exit(f"{name} of {parts} parts of {folder.name} is not that of the whole")
    return {
        "features_cpu_seconds": round(sum(part["cpu_seconds"] for part in used), 2),
        "features_peak_mib": max(part["peak_mib"] for part in used),
        "bytes": sum(file.stat().st_size for file in files),
        **{f"merge_{key}": value for key, value in merge.items()},
    }


def run(folder: Path, out: Path, threads: str, *more: object) -> dict[str, float]:
    depth = ("--depth", folder / "depth.txt")
    given = ("run", folder / "contigs.fasta", *depth, "-o", out, "-t", threads, "-q")
    return taken(*given, "--no-report", *more)


def taken(*argv: object) -> dict[str, float]:
    """CPU seconds and peak memory of the program."""
    command = [sys.executable, "-c", RUN, sys.executable, "-P", "-m", "llmbin", *map(str, argv)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, peak = done.stdout.split()[-2:]
    return {"cpu_seconds": round(float(seconds), 2), "peak_mib": int(peak)}


if __name__ == "__main__":
    main()
