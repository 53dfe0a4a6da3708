"""Bins by BAM files beside bins by a table of true depths, of communities of long reads.

python -m bench.alignments longmapped=FOLDER longmapped-S1=FOLDER-S1 ...

A community's `depth.txt` holds true depths, as `bench.communities` writes them for `longmapped`;
`python -m bench.long_reads FOLDER` makes communities of one sample each of it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from llmbin.tools.scoring import read_bins, read_gold, score_bins

from . import record
from .peers import SMALLEST_BIN, measured


def near_complete(folder: Path, depths: list[str], seed: int) -> tuple[int, dict[str, str]]:
    """Near-complete genomes of a run, and what it said of the reads of each sample."""
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "out"
        contigs = str(folder / "contigs.fasta")
        options = ["-o", str(out), "-q", "--seed", str(seed)]
        measured(["llmbin-fast", "run", contigs, *depths, *options])
        found = score_bins(
            read_bins(out / "contig2bin.tsv"), read_gold(folder / "gold.tsv"), SMALLEST_BIN
        )
        reads = json.loads((out / "run.json").read_text())["reads"]
    said = {
        sample: f"{r['counted']} of {r['mapped']} from {r['kind']['min_identity']} on"
        for sample, r in reads.items()
    }
    return found.near_complete, said


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("communities", nargs="+", metavar="NAME=FOLDER")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options = parser.parse_args()
    rows = []
    for name, _, place in (item.partition("=") for item in options.communities):
        folder = Path(place)
        bams = ["--bam", *map(str, sorted(folder.glob("*.bam")))]
        for title, depths in (("BAM", bams), ("true", ["--depth", str(folder / "depth.txt")])):
            found = [near_complete(folder, depths, seed) for seed in options.seeds]
            row = {"community": name, "depths": title, "near_complete": [n for n, _ in found]}
            rows.append({**row, "reads": found[0][1]} if title == "BAM" else row)
            print(rows[-1], flush=True)
    print(record.write("alignments", {"seeds": options.seeds, "rows": rows}))


if __name__ == "__main__":
    main()
